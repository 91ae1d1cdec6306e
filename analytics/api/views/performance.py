"""How a portfolio has done."""

from __future__ import annotations

import datetime as dt
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api.answers import available, unavailable
from analytics.api.serializers import performance as forms
from analytics.services.benchmark_days import MARKET_FUND
from analytics.services.performance import PerformanceReport, performance_report
from portfolios.api.callers import user_of
from sigmasight.core.api.parameters import query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError

PLAIN = (
    "first", "last", "sessions", "pnl", "flows", "twr", "mwr", "annual_return", "volatility", "sharpe", "sortino", "days_up", "fall",
    "periods", "reason",
)  # fmt: skip
BESIDE = ("beta", "alpha", "correlation", "tracking_error", "information_ratio", "up_capture", "down_capture")


class PerformanceView(APIView):
    @extend_schema(
        operation_id="getPerformance",
        tags=["analytics-portfolio"],
        summary="Returns by period, drawdown, ratios, beside the S&P 500, and P&L by symbol",
        parameters=[forms.PerformanceQuery],
        responses={200: forms.PerformanceResponse, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        wanted = uuid_of(portfolio_id, "portfolio_id")
        sessions: int = query(request, forms.PerformanceQuery)["sessions"]
        book, found = performance_report(user_of(request), wanted, sessions=sessions)
        if found is None:
            return unavailable(book.portfolio_id, "Performance needs two computed sessions")
        return available(book.portfolio_id, book.as_of, _told(found))


def _told(found: PerformanceReport) -> dict[str, Any]:
    beside = {"symbol": MARKET_FUND, "total_return": found.benchmark_return}
    return {name: getattr(found, name) for name in PLAIN} | {
        "best": _day(found.best),
        "worst": _day(found.worst),
        "benchmark": beside | {name: getattr(found, name) for name in BESIDE},
        "attribution": found.earned,
        "sector_attribution": found.sectors,
        "values": [
            {"date": day, "net_asset_value": value, "drawdown": fall}
            for (day, value), fall in zip(found.values, found.drawdowns, strict=True)
        ],
    }


def _day(told: tuple[dt.date, float] | None) -> dict[str, Any] | None:
    return None if told is None else {"date": told[0], "daily_return": told[1]}
