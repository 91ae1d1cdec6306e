"""What portfolios are worth, hold and earned: one, all as one, and each one's share."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api.answers import totals
from analytics.api.serializers import overview as forms
from analytics.api.serializers.selection import PortfolioIdsQuery
from analytics.services.aggregate_overview import aggregate_breakdown, aggregate_overview
from analytics.services.overview import portfolio_overview
from analytics.services.selection import SelectedPortfolio
from portfolios.api.callers import user_of
from sigmasight.core.api.parameters import query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError

REFUSALS = {401: ErrorDetail, 404: ErrorDetail, 422: ValidationError}


class PortfolioOverviewView(APIView):
    @extend_schema(
        operation_id="getPortfolioOverview",
        tags=["analytics-portfolio"],
        summary="Exposures, profit and loss, cash and position counts",
        responses={200: forms.PortfolioOverview, **REFUSALS},
        examples=[
            OpenApiExample(
                "long book",
                value={
                    "portfolio_id": "1d8ddd95-3b45-0ac5-35bf-cf81af94a5fe",
                    "equity_balance": 515556.46,
                    "net_asset_value": 515556.46,
                    "total_value": 515556.46,
                    "cash_balance": 3013.05,
                    "leverage": 0.99,
                    "exposures": {
                        "long_exposure": 512543.41,
                        "short_exposure": 0.0,
                        "gross_exposure": 512543.41,
                        "net_exposure": 512543.41,
                        "long_percentage": 99.4,
                        "short_percentage": 0.0,
                        "gross_percentage": 99.4,
                        "net_percentage": 99.4,
                    },
                    "pnl": {
                        "total_pnl": 27543.66,
                        "unrealized_pnl": 27543.66,
                        "realized_pnl": 0.0,
                        "cumulative_pnl": 30556.46,
                        "ytd_pnl": 30556.46,
                        "mtd_pnl": 37274.43,
                    },
                    "position_count": {"total_positions": 16, "long_count": 16, "short_count": 0, "option_count": 0},
                    "target_returns": None,
                    "calculation_date": "2025-11-20",
                    "last_updated": "2025-11-21T02:30:00Z",
                },
                response_only=True,
            )
        ],
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        book, found = portfolio_overview(user_of(request), uuid_of(portfolio_id, "portfolio_id"))
        return Response(
            {
                "portfolio_id": book.portfolio_id,
                "equity_balance": found.equity,
                "net_asset_value": found.equity,
                "total_value": found.equity,
                "cash_balance": found.cash,
                "leverage": found.leverage,
                "exposures": found.exposures,
                "pnl": found.pnl,
                "position_count": found.counts,
                "target_returns": found.target_returns,
                "calculation_date": book.as_of,
                "last_updated": book.updated_at,
            }
        )


def member(one: SelectedPortfolio) -> dict[str, Any]:
    """A portfolio of a selection with its share."""
    return {
        "id": one.id,
        "name": one.name,
        "account_name": one.account_name,
        "account_type": one.account_type,
        "value": one.value,
        "weight": one.weight,
        "calculation_date": one.as_of,
    }


class AggregateOverviewView(APIView):
    @extend_schema(
        operation_id="getAggregateOverview",
        tags=["analytics-aggregate"],
        summary="Total value, weights, exposures and earnings of the caller's portfolios as one",
        parameters=[PortfolioIdsQuery],
        responses={200: forms.AggregateOverview, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        given = query(request, PortfolioIdsQuery)
        found = aggregate_overview(user_of(request), given.get("portfolio_ids"))
        return Response(
            {
                **totals(found.selection),
                "portfolios": [member(one) for one in found.selection.portfolios],
                "aggregate_metrics": {},
                "cash_balance": found.cash,
                "leverage": found.leverage,
                "exposures": found.exposures,
                "pnl": found.pnl,
                "position_count": found.counts,
                "total_positions": found.counts.total_positions,
                "risk_metrics": found.risk,
                "top_holdings": found.top_positions,
                "sector_allocation": [
                    {"sector": sector, "pct_of_total": percent} for sector, percent in found.sector_percentages.items()
                ],
            }
        )


class AggregateOverviewDocumentedPathView(AggregateOverviewView):
    @extend_schema(
        operation_id="getAggregateOverviewDocumentedPath",
        tags=["analytics-aggregate"],
        summary="Older spelling of /analytics/aggregate/overview",
        parameters=[PortfolioIdsQuery],
        responses={200: forms.AggregateOverview, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        return super().get(request)


class AggregateBreakdownView(APIView):
    @extend_schema(
        operation_id="getAggregateBreakdown",
        tags=["analytics-aggregate"],
        summary="Share of each portfolio in the total",
        parameters=[PortfolioIdsQuery],
        responses={200: forms.AggregateBreakdown, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        given = query(request, PortfolioIdsQuery)
        found = aggregate_breakdown(user_of(request), given.get("portfolio_ids"))
        return Response(
            {
                **totals(found.selection),
                "portfolios": [
                    {
                        **member(one),
                        "weight_pct": share.weight_percent,
                        "pct_of_total": share.weight_percent,
                        "contribution_dollars": one.value,
                        "net_asset_value": one.value,
                        "total_value": one.value,
                        "position_count": share.position_count,
                        "unrealized_pnl": share.unrealized_pnl,
                        "realized_pnl": share.realized_pnl,
                    }
                    for one, share in zip(found.selection.portfolios, found.shares, strict=True)
                ],
                "summary": {"total_weight": found.total_weight, "average_value": found.average_value},
            }
        )


class AggregateBreakdownDocumentedPathView(AggregateBreakdownView):
    @extend_schema(
        operation_id="getAggregateBreakdownDocumentedPath",
        tags=["analytics-aggregate"],
        summary="Older spelling of /analytics/aggregate/breakdown",
        parameters=[PortfolioIdsQuery],
        responses={200: forms.AggregateBreakdown, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        return super().get(request)
