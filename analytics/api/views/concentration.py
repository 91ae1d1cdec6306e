"""Herfindahl index and largest holdings."""

from __future__ import annotations

from dataclasses import asdict

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api.answers import available, unavailable
from analytics.api.serializers import concentration as forms
from analytics.api.serializers.selection import PortfolioIdsQuery
from analytics.services.concentration import NoConcentration, aggregate_concentration, portfolio_concentration
from portfolios.api.callers import user_of
from sigmasight.core.api.parameters import query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError

REFUSALS = {401: ErrorDetail, 404: ErrorDetail, 422: ValidationError}


class ConcentrationView(APIView):
    @extend_schema(
        operation_id="getConcentration",
        tags=["analytics-portfolio"],
        summary="Herfindahl index and top holdings",
        responses={200: forms.ConcentrationResponse, **REFUSALS},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        book, found = portfolio_concentration(user_of(request), uuid_of(portfolio_id, "portfolio_id"))
        if isinstance(found, NoConcentration):
            return unavailable(book.portfolio_id, found.error)
        return available(
            book.portfolio_id,
            book.day,
            {**asdict(found), "position_weights": None},
            calculation_method="market_value_weighted",
            interpretation=found.interpretation,
        )


class AggregateConcentrationView(APIView):
    @extend_schema(
        operation_id="getAggregateConcentration",
        tags=["analytics-aggregate"],
        summary="Concentration of all open positions together",
        parameters=[PortfolioIdsQuery],
        responses={200: forms.AggregateConcentration, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        given = query(request, PortfolioIdsQuery)
        selection, found, largest = aggregate_concentration(user_of(request), given.get("portfolio_ids"))
        if isinstance(found, NoConcentration):
            return Response({"available": False, "message": found.error, "portfolios": []})
        return Response(
            {
                "available": True,
                "data": {**asdict(found), "top_positions": largest},
                "net_asset_value": selection.total_value,
                "portfolio_count": len(selection.portfolios),
                "calculation_date": selection.as_of,
                "calculation_method": "symbol_aggregation",
                "formula": "weight = absolute market values of a symbol in all portfolios / sum of all; "
                "hhi = 10000 x sum of squared weights",
            }
        )
