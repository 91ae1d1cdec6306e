"""How the risk of a portfolio is spread."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api.answers import available, unavailable
from analytics.api.serializers import diversification as forms
from analytics.services.diversification import diversification
from portfolios.api.callers import user_of
from sigmasight.core.api.parameters import uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError

PLAIN = (
    "window_from", "spread", "reason", "effective_positions", "effective_positions_equal_weight", "cluster_sessions", "clusters",
)  # fmt: skip


class DiversificationView(APIView):
    @extend_schema(
        operation_id="getDiversification",
        tags=["analytics-portfolio"],
        summary="Independent bets, diversification ratio, clusters, and the market beta in its variants",
        responses={200: forms.DiversificationResponse, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        book, found = diversification(user_of(request), uuid_of(portfolio_id, "portfolio_id"))
        if found.spread is None and not found.betas.symbols:
            return unavailable(book.portfolio_id, "Nothing to tell of how risk is spread", reason=found.reason)
        betas = {name: getattr(found.betas, name) for name in ("betas", "direct", "coverage", "symbols", "reason")}
        data = {name: getattr(found, name) for name in PLAIN} | {"beta_variants": betas}
        return available(book.portfolio_id, book.as_of, data)
