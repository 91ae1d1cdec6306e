"""Prices by symbol."""

from __future__ import annotations

import datetime as dt
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketdata.api.serializers import prices as forms
from marketdata.api.symbols import symbol_of, symbols_of
from marketdata.services.quotes import Quote, newest_quotes
from marketdata.services.series import newest_session, price_series
from sigmasight.core import clock
from sigmasight.core.api.parameters import day, query
from sigmasight.core.api.schema import ErrorDetail, ValidationError


class BenchmarkView(APIView):
    @extend_schema(
        operation_id="dataPricesBenchmark",
        tags=["Data"],
        summary="Daily bars of one symbol, split-adjusted",
        parameters=[forms.BenchmarkQuery],
        responses={200: forms.BenchmarkPrices, 401: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request, symbol: str) -> Response:
        wanted = symbol_of(symbol)
        asked = query(request, forms.BenchmarkQuery)
        last = newest_session()
        first = last - dt.timedelta(days=asked["lookback_days"])
        series = price_series([wanted], first, last).get(wanted)
        days = [] if series is None else series.days.tolist()
        return Response(
            {
                "symbol": wanted,
                "available": series is not None,
                "message": None if series else f"No prices of {wanted} are stored for these days.",
                "metadata": {
                    "lookback_days": asked["lookback_days"],
                    "start_date": first,
                    "end_date": last,
                    "trading_days_found": len(days),
                    "first_date": day(days[0]) if days else None,
                    "last_date": day(days[-1]) if days else None,
                    "source": series.source if series else None,
                },
                "data": forms.bars(series, asked["date_format"]) if series else None,
            }
        )


class QuotesView(APIView):
    @extend_schema(
        operation_id="dataPricesQuotes",
        tags=["Data"],
        summary="The newest stored price of each symbol",
        parameters=[forms.QuotesQuery],
        responses={200: forms.Quotes, 401: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request) -> Response:
        asked = query(request, forms.QuotesQuery)
        symbols = symbols_of(asked["symbols"], forms.MOST_SYMBOLS)
        found = newest_quotes(set(symbols), include_options=asked["include_options"])
        quotes = [_quote(found[symbol]) for symbol in symbols if symbol in found]
        return Response(
            {
                "quotes": quotes,
                "metadata": {
                    "requested_symbols": symbols,
                    "successful_quotes": len(quotes),
                    "failed_quotes": len(symbols) - len(quotes),
                    "timestamp": max((quote["timestamp"] for quote in quotes), default=None) or clock.now(),
                },
            }
        )


def _quote(quote: Quote) -> dict[str, Any]:
    return {
        "symbol": quote.symbol,
        "last_price": quote.price,
        "bid": quote.bid,
        "ask": quote.ask,
        "bid_size": 100,
        "ask_size": 100,
        "volume": quote.volume,
        "day_change": quote.change,
        "day_change_percent": quote.change_percent,
        "day_high": quote.high,
        "day_low": quote.low,
        "timestamp": quote.at,
        "source": quote.source,
    }
