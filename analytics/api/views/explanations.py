"""Where a figure of a portfolio comes from."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api.serializers import explanations as forms
from analytics.services.explanations import Explanation, explain
from portfolios.api.callers import user_of
from sigmasight.core.api.parameters import query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError

PLAIN = (
    "metric", "of", "value", "status", "reason", "method", "method_version", "computed_at", "coverage", "facts", "inputs",
)  # fmt: skip


class ExplainView(APIView):
    @extend_schema(
        operation_id="explainMetric",
        tags=["analytics-portfolio"],
        summary="Formula, window, observations, prices and omissions behind a figure",
        parameters=[forms.ExplainQuery],
        responses={
            200: forms.ExplanationResponse, 400: ErrorDetail, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError,
        },
    )  # fmt: skip
    def get(self, request: Request, portfolio_id: str) -> Response:
        wanted = uuid_of(portfolio_id, "portfolio_id")
        asked = query(request, forms.ExplainQuery)
        book, found = explain(user_of(request), wanted, asked["metric"], asked["of"])
        return Response(
            {
                "available": found.value is not None,
                "portfolio_id": book.portfolio_id,
                "calculation_date": book.as_of,
                "data": _told(found),
                "metadata": {"document": "docs/measures.md"},
            }
        )


def _told(found: Explanation) -> dict[str, Any]:
    measure = found.measure
    window = {
        "sessions": measure.window,
        "window_from": found.window_from,
        "least": measure.minimum,
        "observations": found.observations,
    }
    return {name: getattr(found, name) for name in PLAIN} | {
        "title": measure.title,
        "unit": measure.unit,
        "engine": measure.engine,
        "formula": measure.formula,
        "source": measure.source or None,
        "window": window if measure.window else None,
        "skipped": [{"symbol": symbol, "reason": reason} for symbol, reason in found.skipped],
    }
