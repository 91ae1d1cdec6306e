"""Sector weights against the S&P 500."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api.answers import available, unavailable
from analytics.api.serializers import sectors as forms
from analytics.api.serializers.selection import PortfolioIdsQuery
from analytics.services.sectors import BENCHMARK, NoSectorExposure, aggregate_sector_exposure, sector_exposure
from portfolios.api.callers import user_of
from sigmasight.core.api.parameters import query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError

REFUSALS = {401: ErrorDetail, 404: ErrorDetail, 422: ValidationError}


class SectorExposureView(APIView):
    @extend_schema(
        operation_id="getSectorExposure",
        tags=["analytics-portfolio"],
        summary="Sector weights against the S&P 500",
        responses={200: forms.SectorExposureResponse, **REFUSALS},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        book, found = sector_exposure(user_of(request), uuid_of(portfolio_id, "portfolio_id"))
        if isinstance(found, NoSectorExposure):
            return unavailable(book.portfolio_id, found.error)
        return available(book.portfolio_id, book.day, found, benchmark=BENCHMARK, benchmark_as_of=found.benchmark_as_of)


class AggregateSectorExposureView(APIView):
    @extend_schema(
        operation_id="getAggregateSectorExposure",
        tags=["analytics-aggregate"],
        summary="Sector weights over several portfolios",
        parameters=[PortfolioIdsQuery],
        responses={200: forms.AggregateSectorExposure, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        given = query(request, PortfolioIdsQuery)
        selection, found = aggregate_sector_exposure(user_of(request), given.get("portfolio_ids"))
        if isinstance(found, NoSectorExposure):
            return Response({"available": False, "message": found.error, "portfolios": []})
        return Response(
            {
                "available": True,
                "data": found,
                "net_asset_value": selection.total_value,
                "portfolio_count": len(selection.portfolios),
                "calculation_date": selection.as_of,
                "calculation_method": "position_aggregation",
                "formula": "absolute market values of all portfolios by sector / sum of their net asset values",
            }
        )
