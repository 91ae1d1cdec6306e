"""A portfolio as a whole: with everything, as one night's headline figures, and what can be computed for it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api.serializers import portfolio_data as forms
from analytics.services.data_quality import DataQuality, Feasibility, assess_data
from analytics.services.lot_history import COMPLETE_SESSIONS
from analytics.services.night_figures import night_figures
from analytics.services.portfolio_report import (
    MOST_CONTRIBUTORS,
    MOST_SESSIONS,
    PortfolioReport,
    report_portfolio,
)
from portfolios.api.callers import user_of
from portfolios.models import Portfolio
from portfolios.services.access import owned_portfolio
from sigmasight.core.api.parameters import day, query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError

MOST_POSITIONS = 2000


class PortfolioCompleteView(APIView):
    @extend_schema(
        operation_id="dataPortfolioComplete",
        tags=["Data"],
        summary="Portfolio with optional sections",
        description="Values are those of the newest computed session. Holdings by symbol, entry date and id.",
        parameters=[forms.CompleteQuery],
        responses={200: forms.PortfolioComplete, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        given = query(request, forms.CompleteQuery)
        book = owned_portfolio(user_of(request), uuid_of(portfolio_id, "portfolio_id"))
        report = report_portfolio(
            book,
            with_labels=given["include_holdings"] and given["include_position_tags"],
            with_series=given["include_timeseries"],
        )
        answer: dict[str, Any] = {
            "meta": _meta(book, given, report),
            "portfolio": {
                "id": book.pk,
                "name": book.name,
                "net_asset_value": report.equity,
                "total_value": report.equity,
                "equity_balance": report.equity,
                "position_count": len(report.lots),
                "as_of": report.as_of,
            },
            "positions_summary": {
                "long_count": report.long_count,
                "short_count": report.short_count,
                "option_count": report.option_count,
                "total_market_value": report.market_value,
            },
            "data_quality": {
                "complete_data_positions": report.complete_lots,
                "partial_data_positions": len(report.lots) - report.complete_lots,
                "as_of": report.as_of,
            },
        }
        if given["include_holdings"]:
            answer["holdings"] = _holdings(report, given["include_position_tags"])
        if given["include_timeseries"]:
            answer["timeseries"] = {
                "dates": [session for session, _ in report.net_asset_values],
                "values": [value for _, value in report.net_asset_values],
                "note": "Net asset value at the close of each session, USD.",
            }
        if given["include_attrib"]:
            answer["attribution"] = {
                "contributors": _contributions(report.contributors),
                "detractors": _contributions(report.detractors),
                "note": "Realised and unrealised P&L by symbol since entry, closed lots included, USD.",
            }
        return Response(answer)


def _meta(book: Portfolio, given: dict[str, Any], report: PortfolioReport) -> dict[str, Any]:
    sections = {name: given[name] for name in ("include_holdings", "include_timeseries", "include_attrib")}
    return {
        "as_of": report.as_of,
        "requested": {"portfolio_id": book.pk, **sections, "as_of_date": day(given.get("as_of_date"))},
        "applied": {**sections, "as_of_date": report.as_of},
        "limits": {
            "max_positions": MOST_POSITIONS,
            "max_days": MOST_SESSIONS,
            "max_symbols": MOST_CONTRIBUTORS if given["include_timeseries"] else None,
        },
        "rows_returned": len(report.lots) if given["include_holdings"] else 0,
        "truncated": False,
        "schema_version": "1.0",
    }


def _holdings(report: PortfolioReport, with_tags: bool) -> list[dict[str, Any]]:
    rows = []
    for lot, history in zip(report.lots, report.history, strict=True):
        row = {
            "id": lot.position_id,
            "symbol": lot.symbol,
            "quantity": lot.quantity,
            "position_type": lot.position_type,
            "investment_class": lot.investment_class,
            "market_value": lot.market_value,
            "last_price": lot.price,
            "current_price": lot.price,
            "has_complete_history": history.complete,
        }
        if with_tags:
            labels = report.labels.get(lot.position_id, ())
            row["tags"] = [{"id": tag.id, "name": tag.name, "color": tag.color} for tag in labels]
        rows.append(row)
    return rows


def _contributions(found: Any) -> list[dict[str, Any]]:
    return [{"symbol": one.symbol, "pnl": one.pnl} for one in found]


class PortfolioSnapshotView(APIView):
    @extend_schema(
        operation_id="dataPortfolioSnapshot",
        tags=["Data"],
        summary="Newest snapshot: targets, betas, P&L of the day",
        responses={200: forms.DataSnapshot, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        book = owned_portfolio(user_of(request), uuid_of(portfolio_id, "portfolio_id"))
        return Response({"portfolio_id": book.pk, **night_figures(book)})


class DataQualityView(APIView):
    @extend_schema(
        operation_id="dataPortfolioDataQuality",
        tags=["Data"],
        summary="Which calculations are feasible",
        description="Lots are judged by their price days in the last 150 sessions: complete with all of them, insufficient below 20.",
        parameters=[forms.DataQualityQuery],
        responses={200: forms.PortfolioDataQuality, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        given = query(request, forms.DataQualityQuery)
        book = owned_portfolio(user_of(request), uuid_of(portfolio_id, "portfolio_id"))
        found = assess_data(book, with_funds=given["check_factors"])
        answer: dict[str, Any] = {
            "portfolio_id": book.pk,
            "assessment_date": found.as_of,
            "summary": {
                "total_positions": len(found.lots),
                "complete_data": len(found.complete),
                "partial_data": len(found.partial),
                "insufficient_data": len(found.insufficient),
                "data_coverage_percent": found.coverage,
            },
            "position_data_quality": _lots(found),
            "calculation_feasibility": {
                "correlation_matrix": _feasibility(found.correlations, "min_days_overlap"),
                "factor_regression": _feasibility(found.factors, "min_days_required"),
                "volatility_analysis": _feasibility(found.volatility, "min_days_required"),
            },
            "last_update": found.closed_at,
        }
        if found.funds is not None:
            answer["factor_etf_coverage"] = {
                "complete": found.funds.complete,
                "partial": found.funds.partial,
                "missing": found.funds.missing,
            }
        return Response(answer)


def _lots(found: DataQuality) -> dict[str, Any]:
    return {
        "complete_history": [lot.symbol for lot in found.complete],
        "partial_history": [
            {"symbol": lot.symbol, "days_available": lot.days, "days_missing": COMPLETE_SESSIONS - lot.days}
            for lot in found.partial
        ],
        "insufficient_data": [
            {
                "symbol": lot.symbol,
                "days_available": lot.days,
                "reason": "recent_listing" if lot.young else "incomplete_data",
            }
            for lot in found.insufficient
        ],
    }


def _feasibility(one: Feasibility, days_key: str) -> dict[str, Any]:
    return {
        "feasible": one.feasible,
        "positions_eligible": one.eligible,
        "positions_excluded": one.excluded,
        days_key: one.sessions,
    }
