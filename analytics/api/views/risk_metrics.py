"""Beta, volatility and drawdown over a stretch of days."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api.serializers import risk_metrics as forms
from analytics.services.risk_metrics import risk_metrics
from portfolios.api.callers import user_of
from sigmasight.core.api.parameters import query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError


class RiskMetricsView(APIView):
    @extend_schema(
        operation_id="getRiskMetrics",
        tags=["analytics-portfolio"],
        summary="Beta, volatility and drawdown from snapshots (deprecated)",
        deprecated=True,
        parameters=[forms.RiskMetricsQuery],
        responses={200: forms.RiskMetricsResponse, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        wanted = uuid_of(portfolio_id, "portfolio_id")
        lookback: int = query(request, forms.RiskMetricsQuery)["lookback_days"]
        book, found, window = risk_metrics(user_of(request), wanted, lookback)
        metadata: dict[str, Any] = {"lookback_days": lookback}
        if found is None or window is None:
            metadata["reason"] = "no_snapshots"
        else:
            known = found.portfolio_beta is not None
            metadata |= {
                "date_range": {"start": window.first, "end": window.last},
                "observations": window.observations,
                "calculation_timestamp": book.updated_at,
                "beta_source": "factor_exposure" if known else "unavailable",
                "beta_window_days": 90,
                "warnings": window.warnings,
            }
            if known:
                metadata["beta_calculation_date"] = book.as_of
        return Response(
            {
                "available": found is not None,
                "portfolio_id": book.portfolio_id,
                "risk_metrics": found,
                "metadata": metadata,
            }
        )
