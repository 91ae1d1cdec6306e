"""The demo's report, for visitors without an account."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api.serializers import demo as forms
from analytics.services.demo_report import DemoReport, demo_report
from portfolios.models import InvestmentClass
from sigmasight.core.api.schema import ErrorDetail


class DemoReportView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="dataDemo",
        tags=["Data"],
        summary="Newest report of the demo portfolio",
        description="The only type is high-net-worth.",
        responses={200: forms.DemoReport, 404: ErrorDetail},
        auth=[],
    )
    def get(self, request: Request, portfolio_type: str) -> Response:
        report = demo_report(portfolio_type)
        return Response(
            {
                "portfolio_type": report.kind,
                "portfolio_info": {
                    "id": report.book.pk,
                    "name": report.book.name,
                    "currency": report.book.currency,
                    "opening_equity": report.book.opening_equity,
                    "equity_as_of": report.book.equity_as_of,
                    "position_count": len(report.lots),
                    "created_at": report.book.created_at,
                },
                "exposures": _exposures(report),
                "snapshot": _snapshot(report),
                "positions": _positions(report),
                "metadata": {
                    "source": "nightly_results",
                    "report_date": report.as_of,
                    "position_count": len(report.lots),
                    "price_sources": report.price_sources,
                },
            }
        )


def _exposures(report: DemoReport) -> dict[str, Any]:
    night = report.snapshot
    return {
        "gross_exposure": night.gross_exposure,
        "net_exposure": night.net_exposure,
        "long_exposure": night.long_value,
        "short_exposure": night.short_value,
        "options_exposure": report.gross_value(InvestmentClass.OPTIONS),
        "stock_exposure": report.gross_value(InvestmentClass.PUBLIC),
        "private_exposure": report.gross_value(InvestmentClass.PRIVATE),
        "notional": night.true_notional,
        "long_count": night.num_long_positions,
        "short_count": night.num_short_positions,
    }


def _snapshot(report: DemoReport) -> dict[str, Any]:
    night, risk = report.snapshot, report.risk
    return {
        "date": night.snapshot_date,
        "total_value": night.net_asset_value,
        "cash_value": night.cash_value,
        "daily_pnl": night.daily_pnl,
        "daily_return": night.daily_return,
        "total_pnl": night.cumulative_pnl,
        "beta": night.beta_calculated_90d,
        "realized_volatility_21d": night.realized_volatility_21d,
        "expected_volatility_21d": night.expected_volatility_21d,
        "var_95_1d": None if risk is None else risk.var_95_1d,
    }


def _positions(report: DemoReport) -> list[dict[str, Any]]:
    return [
        {
            "symbol": lot.symbol,
            "position_type": lot.position_type,
            "investment_class": lot.investment_class,
            "quantity": lot.quantity,
            "entry_date": lot.entry_date,
            "entry_price": round(lot.entry_price, 4),
            "price": lot.price,
            "market_value": lot.market_value,
            "unrealized_pnl": lot.unrealized_pnl,
        }
        for lot in report.lots
    ]


class TestDemoView(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="dataTestDemo", tags=["Data"], summary="Fixed message", responses={200: forms.TestMessage}, auth=[]
    )
    def get(self, request: Request) -> Response:
        return Response({"message": "The demo's report is at /api/v1/data/demo/high-net-worth."})
