"""How much portfolios move: realised and expected."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api.answers import available, share, totals, unavailable
from analytics.api.serializers import volatility as forms
from analytics.api.serializers.selection import PortfolioIdsQuery
from analytics.services.volatility import aggregate_volatility, portfolio_volatility
from portfolios.api.callers import user_of
from sigmasight.core.api.parameters import query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError

REFUSALS = {401: ErrorDetail, 404: ErrorDetail, 422: ValidationError}
NOTE = (
    "Not a weighted mean: the volatility of all portfolios as one, with the correlations of their daily returns. "
    "Value without a volatility (private holdings) counts as standing still, see coverage."
)
FORMULA = (
    "sqrt(sum over i, j of weight_i x volatility_i x weight_j x volatility_j x correlation_ij); correlations over the same "
    "21 or 63 sessions, 63 for the forecast, 1 where two portfolios share too few"
)


class VolatilityView(APIView):
    @extend_schema(
        operation_id="getVolatility",
        tags=["analytics-portfolio"],
        summary="Realised and forecast volatility",
        responses={200: forms.VolatilityResponse, **REFUSALS},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        book, found = portfolio_volatility(user_of(request), uuid_of(portfolio_id, "portfolio_id"))
        made = book.engine.get("volatility", {})
        if found is None:
            return unavailable(book.portfolio_id, "No volatility data available", reason=made.get("reason"))
        return available(
            book.portfolio_id,
            book.as_of,
            found,
            forecast_model="HAR",
            forecast_method=made.get("method"),
            observations=made.get("observations"),
            trading_day_windows="21d, 63d",
        )


class AggregateVolatilityView(APIView):
    @extend_schema(
        operation_id="getAggregateVolatility",
        tags=["analytics-aggregate"],
        summary="Volatility of several portfolios as one",
        parameters=[PortfolioIdsQuery],
        responses={200: forms.AggregateVolatility, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        given = query(request, PortfolioIdsQuery)
        found = aggregate_volatility(user_of(request), given.get("portfolio_ids"))
        selection = found.selection
        answer = {
            "aggregate_volatility": found.realized_21d,
            "aggregate_volatility_21d": found.realized_21d,
            "aggregate_volatility_63d": found.realized_63d,
            "aggregate_expected_volatility_21d": found.expected_21d,
            "weighted_average_volatility": found.weighted_average_21d,
            "average_correlation": found.average_correlation_63d,
            "coverage": found.coverage,
            **totals(selection),
            "portfolios": [
                {
                    **share(one),
                    "volatility": own.volatility_21d,
                    "volatility_21d": own.volatility_21d,
                    "volatility_63d": own.volatility_63d,
                    "expected_volatility_21d": own.expected_volatility_21d,
                    "contribution": own.contribution,
                }
                for one, own in zip(selection.portfolios, found.members, strict=True)
            ],
            "calculation_method": "variance_with_correlations",
            "note": NOTE,
            "formula": FORMULA,
        }
        return Response(answer if selection.portfolios else {**answer, "message": "No portfolios found"})


class AggregateVolatilityDocumentedPathView(AggregateVolatilityView):
    @extend_schema(
        operation_id="getAggregateVolatilityDocumentedPath",
        tags=["analytics-aggregate"],
        summary="Older spelling of /analytics/aggregate/volatility",
        parameters=[PortfolioIdsQuery],
        responses={200: forms.AggregateVolatility, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        return super().get(request)
