"""Statements and estimates by symbol."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from marketdata.api.serializers import fundamentals as forms
from marketdata.api.symbols import symbol_of
from marketdata.models import BalanceSheet, CashFlowStatement, IncomeStatement
from marketdata.models.fundamentals import StatementModel
from marketdata.services.fundamentals import consensus_estimates, newest_statements
from sigmasight.core.api.parameters import query
from sigmasight.core.api.schema import ErrorDetail, ValidationError


def _statements(request: Request, symbol: str, model: type[StatementModel]) -> Response:
    wanted = symbol_of(symbol)
    asked = query(request, forms.PeriodsQuery)
    periods = newest_statements(model, wanted, frequency=asked["frequency"], periods=asked["periods"])
    return Response(
        {
            "symbol": wanted,
            "frequency": asked["frequency"],
            "currency": "USD",
            "periods": periods,
            "periods_returned": len(periods),
        }
    )


class IncomeStatementView(APIView):
    @extend_schema(
        operation_id="incomeStatement",
        tags=["Fundamentals"],
        summary="Newest income statements, newest first",
        parameters=[forms.PeriodsQuery],
        responses={200: forms.IncomeStatements, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request, symbol: str) -> Response:
        return _statements(request, symbol, IncomeStatement)


class BalanceSheetView(APIView):
    @extend_schema(
        operation_id="balanceSheet",
        tags=["Fundamentals"],
        summary="Newest balance sheets, newest first",
        parameters=[forms.PeriodsQuery],
        responses={200: forms.BalanceSheets, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request, symbol: str) -> Response:
        return _statements(request, symbol, BalanceSheet)


class CashFlowView(APIView):
    @extend_schema(
        operation_id="cashFlow",
        tags=["Fundamentals"],
        summary="Newest cash flow statements, newest first",
        parameters=[forms.PeriodsQuery],
        responses={200: forms.CashFlows, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request, symbol: str) -> Response:
        return _statements(request, symbol, CashFlowStatement)


class AnalystEstimatesView(APIView):
    @extend_schema(
        operation_id="analystEstimates",
        tags=["Fundamentals"],
        summary="Analysts' consensus for the coming quarters and years",
        responses={200: forms.AnalystEstimates, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request, symbol: str) -> Response:
        wanted = symbol_of(symbol)
        return Response({"symbol": wanted, "estimates": consensus_estimates(wanted)})
