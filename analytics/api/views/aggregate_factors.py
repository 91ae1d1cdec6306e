"""What several portfolios together are exposed to."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api.serializers import factors as forms
from analytics.api.serializers.selection import PortfolioIdsQuery
from analytics.services.factors import aggregate_factors
from analytics.services.selection import select_portfolios
from portfolios.api.callers import user_of
from sigmasight.core.api.parameters import day, query
from sigmasight.core.api.schema import ErrorDetail, ValidationError

RESPONSES: dict[int, Any] = {
    200: forms.AggregateFactorExposures, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError,
}  # fmt: skip


class AggregateFactorExposuresView(APIView):
    @extend_schema(
        operation_id="getAggregateFactorExposures",
        tags=["analytics-aggregate"],
        summary="Factor betas of several portfolios, weighted by value",
        parameters=[PortfolioIdsQuery],
        responses=RESPONSES,
    )
    def get(self, request: Request) -> Response:
        asked = query(request, PortfolioIdsQuery)
        selection = select_portfolios(user_of(request), asked.get("portfolio_ids"))
        found = aggregate_factors(selection)
        answer: dict[str, Any] = {
            "aggregate_factors": found.five,
            "net_asset_value": selection.total_value,
            "total_value": selection.total_value,
            "portfolio_count": len(selection.portfolios),
            "portfolios": [
                {"id": one.id, "account_name": one.account_name, "value": one.value, "weight": one.weight}
                for one in selection.portfolios
            ],
            "calculation_method": "weighted_average",
            "factors": [
                {
                    "name": reading.name,
                    "aggregate_beta": reading.beta,
                    "aggregate_exposure_dollar": reading.dollars,
                }
                for reading in found.readings
            ],
            "formula": "sum of weight x beta over the portfolios",
            "calculation_date": day(found.session),
        }
        if not selection.portfolios:
            answer["message"] = "No portfolios found"
        return Response(answer)


class AggregateFactorExposuresDocumentedPathView(AggregateFactorExposuresView):
    @extend_schema(
        operation_id="getAggregateFactorExposuresDocumentedPath",
        tags=["analytics-aggregate"],
        summary="Another path of aggregate/factor-exposures",
        parameters=[PortfolioIdsQuery],
        responses=RESPONSES,
    )
    def get(self, request: Request) -> Response:
        return super().get(request)
