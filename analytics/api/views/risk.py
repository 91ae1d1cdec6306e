"""What a portfolio may lose, who adds to it, and whether the past bears it out."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api.answers import available, unavailable
from analytics.api.serializers import risk as forms
from analytics.services.risk_decomposition import Decomposition
from analytics.services.risk_report import risk_report
from portfolios.api.callers import user_of
from sigmasight.core.api.parameters import query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError

VARIANCE = (
    "window_from", "observations", "volatility", "factor_share", "specific_share", "r_squared", "coverage", "styles", "agrees",
)  # fmt: skip


class RiskView(APIView):
    @extend_schema(
        operation_id="getRisk",
        tags=["analytics-portfolio"],
        summary="Value at risk, expected shortfall, contributions, variance parts and backtests",
        parameters=[forms.RiskQuery],
        responses={200: forms.RiskResponse, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        wanted = uuid_of(portfolio_id, "portfolio_id")
        asked = query(request, forms.RiskQuery)
        book, found = risk_report(user_of(request), wanted, **asked)
        tails = found.value_at_risk
        if not tails.tails:
            return unavailable(book.portfolio_id, "No value at risk", reason=tails.reason)
        data = {
            "window_from": tails.window_from,
            "observations": tails.observations,
            "daily_volatility": tails.volatility,
            "value_at_risk": tails.tails,
            "contributions": found.contributions.lots,
            "variance": _variance(found.decomposition),
            "backtests": found.backtests,
            "left_out": [{"symbol": symbol, "reason": reason} for symbol, reason in tails.skipped],
        }
        return available(book.portfolio_id, book.as_of, data)


def _variance(found: Decomposition) -> dict[str, Any] | None:
    if found.volatility is None:
        return None
    return {name: getattr(found, name) for name in VARIANCE} | {"factors": [asdict(one) for one in found.factors]}
