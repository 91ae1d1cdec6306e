"""What books and their positions are exposed to, factor by factor."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api.quality import calculation_staleness, data_quality, snapshot_staleness
from analytics.api.serializers import factors as forms
from analytics.services.factors import FactorReading, FactorReadings, NoSpreads, factors_of, spreads_of
from analytics.services.missing import Missing
from analytics.services.position_factors import lot_factors
from analytics.services.published import published_book
from analytics.services.spread_text import describe_spread
from portfolios.api.callers import user_of
from sigmasight.core.api.parameters import day, query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError

REFUSALS = {401: ErrorDetail, 404: ErrorDetail, 422: ValidationError}


def _item(reading: FactorReading) -> dict[str, Any]:
    return {"name": reading.name, "beta": reading.beta, "exposure_dollar": reading.dollars}


class PortfolioFactorExposuresView(APIView):
    @extend_schema(
        operation_id="getPortfolioFactorExposures",
        tags=["analytics-portfolio"],
        summary="Betas of a portfolio to styles, rates and the market",
        parameters=[forms.FactorsQuery],
        responses={200: forms.PortfolioFactorExposures, **REFUSALS},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        asked = query(request, forms.FactorsQuery)
        book = published_book(user_of(request), uuid_of(portfolio_id, "portfolio_id"))
        found = factors_of(book.portfolio_id, accept_incomplete=asked["use_latest_successful"])
        if isinstance(found, Missing):
            return Response(_no_factors(book.portfolio_id, found))
        return Response(
            {
                "available": True,
                "portfolio_id": book.portfolio_id,
                "calculation_date": day(found.session),
                "data_quality": snapshot_staleness(found.staleness),
                "factors": [_item(reading) | {"coverage": reading.coverage} for reading in found.readings],
                "style_exposures": [_item(style) for style in found.styles],
                "metadata": _metadata(found, fallback=asked["use_latest_successful"]),
            }
        )


def _metadata(found: FactorReadings, *, fallback: bool) -> dict[str, Any]:
    latest = found.staleness.is_current
    return {
        "factor_model": f"{len(found.readings)}-factor",
        "calculation_method": found.method,
        "completeness": "complete" if found.is_complete else "partial",
        "total_active_factors": found.expected,
        "factors_calculated": len(found.readings),
        "has_market_beta": int(found.has_market_beta),
        "is_latest": int(latest),
        "is_fallback": int(fallback and not latest),
    }


def _no_factors(portfolio_id: UUID, missing: Missing) -> dict[str, Any]:
    undefined = missing.flag == "NO_ACTIVE_FACTORS"
    detail = "no_active_style_or_macro_factors" if undefined else "no_factor_calculations"
    return {
        "available": False,
        "portfolio_id": portfolio_id,
        "calculation_date": None,
        "data_quality": data_quality(missing),
        "factors": [],
        "style_exposures": [],
        "metadata": {"reason": missing.reason, "detail": detail},
    }


class PositionFactorExposuresView(APIView):
    @extend_schema(
        operation_id="listPositionFactorExposures",
        tags=["analytics-portfolio"],
        summary="Betas of each position",
        parameters=[forms.PositionFactorsQuery],
        responses={200: forms.PositionFactorExposures, **REFUSALS},
        examples=[
            OpenApiExample(
                "one position",
                value={
                    "available": True,
                    "portfolio_id": "1d8ddd95-3b45-0ac5-35bf-cf81af94a5fe",
                    "calculation_date": "2025-11-20",
                    "data_quality": {
                        "calculation_date": "2025-11-20",
                        "age_hours": 0,
                        "is_stale": False,
                        "is_current": True,
                        "should_recalculate": False,
                    },
                    "total": 1,
                    "limit": 50,
                    "offset": 0,
                    "positions": [
                        {
                            "position_id": "3d1f8c7e-3b45-5ac5-85bf-cf81af94a5fe",
                            "symbol": "AAPL",
                            "exposures": {"Market Beta (90D)": 1.18, "Growth": 0.31},
                        }
                    ],
                },
                response_only=True,
            )
        ],
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        asked = query(request, forms.PositionFactorsQuery)
        book = published_book(user_of(request), uuid_of(portfolio_id, "portfolio_id"))
        limit, offset = asked["limit"], asked["offset"]
        found = lot_factors(
            book.portfolio_id, book.as_of, symbols=_symbols(asked.get("symbols", "")), limit=limit, offset=offset
        )
        page = {"portfolio_id": book.portfolio_id, "limit": limit, "offset": offset}
        if isinstance(found, Missing):
            nothing: dict[str, Any] = {"available": False, "calculation_date": None, "total": 0, "positions": []}
            return Response(page | nothing | {"data_quality": data_quality(found)})
        return Response(
            page
            | {
                "available": True,
                "calculation_date": day(found.session),
                "data_quality": calculation_staleness(found.staleness),
                "total": found.total,
                "positions": [
                    {"position_id": lot.position_id, "symbol": lot.symbol, "exposures": lot.betas} for lot in found.lots
                ],
            }
        )


def _symbols(text: str) -> list[str] | None:
    """Symbols of a comma-separated list; None for no list at all."""
    return sorted({part.strip().upper() for part in text.split(",") if part.strip()}) or None


class SpreadFactorsView(APIView):
    @extend_schema(
        operation_id="getSpreadFactors",
        tags=["spread-factors"],
        summary="Four long-short tilts with their reading in words",
        responses={200: forms.SpreadFactors, **REFUSALS},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        book = published_book(user_of(request), uuid_of(portfolio_id, "portfolio_id"))
        found = spreads_of(book.portfolio_id)
        if isinstance(found, NoSpreads):
            metadata = {"error": found.error} if found.error else {"reason": found.reason}
            return Response(
                {
                    "available": False,
                    "portfolio_id": book.portfolio_id,
                    "calculation_date": None,
                    "factors": [],
                    "metadata": metadata,
                }
            )
        return Response(
            {
                "available": True,
                "portfolio_id": book.portfolio_id,
                "calculation_date": day(found.session),
                "factors": [_spread(reading) for reading in found.readings],
                "metadata": {
                    "calculation_method": "OLS_SPREAD",
                    "regression_window_days": found.window,
                    "factors_calculated": len(found.readings),
                    "expected_factors": found.expected,
                },
            }
        )


def _spread(reading: FactorReading) -> dict[str, Any]:
    text = describe_spread(reading.name, reading.beta)
    return {
        **_item(reading),
        "coverage": reading.coverage,
        "direction": text.direction,
        "magnitude": text.magnitude,
        "risk_level": text.risk_level,
        "explanation": text.explanation,
    }


class SpreadFactorsDocumentedPathView(SpreadFactorsView):
    @extend_schema(
        operation_id="getSpreadFactorsDocumentedPath",
        tags=["spread-factors"],
        summary="Another path of the spread factors",
        responses={200: forms.SpreadFactors, **REFUSALS},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        return super().get(request, portfolio_id)
