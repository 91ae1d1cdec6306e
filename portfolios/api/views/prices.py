"""Price history of what a portfolio holds."""

from __future__ import annotations

import datetime as dt

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketdata.api.serializers.prices import bars
from marketdata.services.securities import STYLE_FUNDS
from marketdata.services.series import newest_session, price_series
from portfolios.api.callers import user_of
from portfolios.api.serializers import prices as forms
from portfolios.services.access import owned_portfolio
from portfolios.services.holdings import held_symbols
from sigmasight.core.api.parameters import query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError


class HistoricalPricesView(APIView):
    @extend_schema(
        operation_id="dataPricesHistorical",
        tags=["Data"],
        summary="Daily bars of what a portfolio holds, split-adjusted",
        parameters=[forms.HistoricalPricesQuery],
        responses={200: forms.HistoricalPrices, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        wanted = uuid_of(portfolio_id, "portfolio_id")
        asked = query(request, forms.HistoricalPricesQuery)
        book = owned_portfolio(user_of(request), wanted)
        last = book.results_as_of or newest_session()
        first = last - dt.timedelta(days=asked["lookback_days"])
        symbols = {*held_symbols(book.pk), *(STYLE_FUNDS if asked["include_factor_etfs"] else ())}
        found = price_series(symbols, first, last)
        return Response(
            {
                "metadata": {
                    "lookback_days": asked["lookback_days"],
                    "start_date": first,
                    "end_date": last,
                    "trading_days_included": max((len(series.days) for series in found.values()), default=0),
                },
                "symbols": {
                    symbol: {
                        **bars(series, asked["date_format"]),
                        "adjusted_close": series.close,
                        "data_points": len(series.days),
                        "source": series.source,
                    }
                    for symbol, series in found.items()
                },
            }
        )
