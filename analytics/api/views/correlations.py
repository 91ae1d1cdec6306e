"""How the holdings of one or several books move together."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api.quality import data_quality
from analytics.api.serializers import correlations as forms
from analytics.services.correlations import (
    FEW_DATA,
    FEW_SYMBOLS,
    MAX_SYMBOLS,
    NO_CALCULATION,
    Correlations,
    Matrix,
    aggregate_correlations,
    calculation_id,
    correlate,
    cut,
    diversification_of,
)
from analytics.services.missing import Missing
from analytics.services.published import published_book
from analytics.services.selection import Selection, select_portfolios
from portfolios.api.callers import user_of
from sigmasight.core.api.parameters import day, query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError

REFUSALS = {400: ErrorDetail, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError}


def _nested(matrix: Matrix) -> dict[str, dict[str, float]]:
    return {
        symbol: dict(zip(matrix.symbols, row, strict=True))
        for symbol, row in zip(matrix.symbols, matrix.values, strict=True)
    }


class CorrelationMatrixView(APIView):
    @extend_schema(
        operation_id="getCorrelationMatrix",
        tags=["analytics-portfolio"],
        summary="Pairwise return correlations of the biggest holdings",
        parameters=[forms.MatrixQuery],
        responses={200: forms.CorrelationMatrix, **REFUSALS},
        examples=[
            OpenApiExample(
                "two holdings",
                value={
                    "available": True,
                    "data": {
                        "matrix": {"AAPL": {"AAPL": 1.0, "MSFT": 0.61}, "MSFT": {"AAPL": 0.61, "MSFT": 1.0}},
                        "average_correlation": 0.61,
                    },
                    "data_quality": None,
                    "metadata": {
                        "calculation_date": "2025-11-20T21:00:00Z",
                        "duration_days": 90,
                        "symbols_included": 2,
                        "positions_included": 2,
                        "lookback_days": 90,
                        "min_overlap": 30,
                        "max_symbols": 25,
                        "selection_method": "weight",
                        "symbols_left_out": [],
                    },
                },
                response_only=True,
            )
        ],
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        asked = query(request, forms.MatrixQuery)
        book = published_book(user_of(request), uuid_of(portfolio_id, "portfolio_id"))
        found = correlate(
            [book.portfolio_id], book.as_of, lookback=asked["lookback_days"], min_overlap=asked["min_overlap"]
        )
        if isinstance(found, Missing):
            return Response(_no_matrix(found, asked))
        matrix = cut(found, asked["max_symbols"])
        return Response(
            {
                "available": True,
                "data": {"matrix": _nested(matrix), "average_correlation": found.average},
                "data_quality": None,
                "metadata": {
                    "calculation_date": found.calculated_at,
                    "duration_days": found.lookback,
                    "symbols_included": len(matrix.symbols),
                    "positions_included": len(matrix.symbols),
                    **asked,
                    "selection_method": "weight",
                    "symbols_left_out": matrix.left_out,
                },
            }
        )


def _no_matrix(missing: Missing, asked: dict[str, Any]) -> dict[str, Any]:
    hints = {
        NO_CALCULATION: {"requested_lookback_days": asked["lookback_days"]},
        FEW_DATA: {"min_overlap": asked["min_overlap"]},
        FEW_SYMBOLS: {"symbols_found": missing.positions_analyzed},
    }
    return {
        "available": False,
        "data": None,
        "data_quality": data_quality(missing),
        "metadata": {"reason": missing.reason, "message": missing.message, **hints[missing.reason]},
    }


class DiversificationScoreView(APIView):
    @extend_schema(
        operation_id="getDiversificationScore",
        tags=["analytics-portfolio"],
        summary="How independently the holdings move, weighted by their size",
        parameters=[forms.WindowQuery],
        responses={200: forms.DiversificationScore, **REFUSALS},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        asked = query(request, forms.WindowQuery)
        book = published_book(user_of(request), uuid_of(portfolio_id, "portfolio_id"))
        window = {"lookback": asked["lookback_days"], "min_overlap": asked["min_overlap"]}
        found = diversification_of(book.portfolio_id, book.as_of, **window)
        metadata = {**asked, "selection_method": "full_calculation_set"}
        if isinstance(found, Missing):
            return Response(_no_score(book.portfolio_id, found, metadata))
        return Response(
            {
                "available": True,
                "portfolio_id": book.portfolio_id,
                "portfolio_correlation": found.correlation,
                "diversification_score": found.score,
                "duration_days": asked["lookback_days"],
                "calculation_date": day(found.session),
                "symbols_included": found.symbols,
                "metadata": {**metadata, "calculation_id": calculation_id(book.portfolio_id, found.session, **window)},
            }
        )


def _no_score(portfolio_id: UUID, missing: Missing, metadata: dict[str, Any]) -> dict[str, Any]:
    never = missing.reason == NO_CALCULATION
    return {
        "available": False,
        "portfolio_id": portfolio_id,
        "portfolio_correlation": None,
        "diversification_score": None,
        "duration_days": metadata["lookback_days"],
        "calculation_date": None,
        "symbols_included": None if never else missing.positions_analyzed,
        "metadata": {**metadata, "reason": NO_CALCULATION if never else FEW_SYMBOLS},
    }


class AggregateCorrelationMatrixView(APIView):
    @extend_schema(
        operation_id="getAggregateCorrelationMatrix",
        tags=["analytics-aggregate"],
        summary="Correlations of the biggest holdings of several portfolios",
        parameters=[forms.AggregateMatrixQuery],
        responses={200: forms.AggregateCorrelationMatrix, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request) -> Response:
        asked = query(request, forms.AggregateMatrixQuery)
        most = asked.get("max_symbols") or asked.get("max_positions") or MAX_SYMBOLS
        selection = select_portfolios(user_of(request), asked.get("portfolio_ids"))
        if not selection.portfolios:
            return Response({"available": False, "message": "No portfolios found", "portfolios": []})
        found = aggregate_correlations(selection, lookback=asked["lookback_days"])
        if isinstance(found, Missing):
            return Response(_no_aggregate(found, selection))
        return Response(_aggregate(found, selection, most))


def _aggregate(found: Correlations, selection: Selection, most: int) -> dict[str, Any]:
    matrix = cut(found, most)
    return {
        "available": True,
        "data": {
            "matrix": _nested(matrix),
            "symbols": matrix.symbols,
            "average_correlation": found.average,
        },
        "net_asset_value": selection.total_value,
        "total_value": selection.total_value,
        "portfolio_count": len(selection.portfolios),
        "metadata": {
            "calculation_date": found.calculated_at,
            "symbols_requested": most,
            "symbols_included": len(matrix.symbols),
            "symbols_left_out": matrix.left_out,
            "lookback_days": found.lookback,
        },
        "symbols": matrix.symbols,
        "correlation_matrix": matrix.values,
        "average_correlation": found.average,
        "total_positions_analyzed": len(found.symbols),
        "calculation_date": found.calculated_at,
        "data_quality": {
            "total_pairs": found.total_pairs,
            "valid_pairs": found.means.pairs,
            "coverage_percent": found.coverage_percent,
        },
    }


def _no_aggregate(missing: Missing, selection: Selection) -> dict[str, Any]:
    count = len(selection.portfolios)
    if missing.reason == FEW_SYMBOLS:
        return {
            "available": False,
            "message": "Need at least 2 symbols for correlation matrix",
            "symbols_found": missing.positions_analyzed,
            "portfolio_count": count,
        }
    return {
        "available": False,
        "message": "No correlation calculations available",
        "portfolio_count": count,
        "metadata": {"reason": NO_CALCULATION},
    }
