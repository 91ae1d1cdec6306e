"""Prices of the factors' funds."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api.serializers import factor_funds as forms
from analytics.services.factor_funds import factor_fund_prices
from sigmasight.core import clock
from sigmasight.core.api.parameters import query
from sigmasight.core.api.schema import ErrorDetail, ValidationError


class FactorEtfPricesView(APIView):
    @extend_schema(
        operation_id="dataFactorEtfPrices",
        tags=["Data"],
        summary="Newest price of the factor ETFs",
        description="ETFs without a price are left out.",
        parameters=[forms.FactorEtfQuery],
        responses={200: forms.FactorEtfPrices, 401: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request) -> Response:
        named = query(request, forms.FactorEtfQuery).get("factors")
        funds = factor_fund_prices([name.strip() for name in named.split(",")] if named else None)
        rows = {
            fund.symbol: {
                "factor_name": fund.factor,
                "symbol": fund.symbol,
                "current_price": fund.close,
                "open": fund.open,
                "high": fund.high,
                "low": fund.low,
                "volume": fund.volume,
                "date": fund.date,
                "updated_at": fund.updated_at,
                "data_source": fund.source,
                "exchange": fund.exchange,
                "market_cap": fund.market_cap,
            }
            for fund in funds
        }
        newest = max((fund.updated_at for fund in funds), default=None) or clock.now()
        metadata = {"factor_model": "7-factor", "etf_count": len(rows), "timestamp": newest}
        return Response({"metadata": metadata, "data": rows})
