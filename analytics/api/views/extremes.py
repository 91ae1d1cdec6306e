"""The moves that would cost a portfolio so much, and what past episodes would cost it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api.answers import available, unavailable
from analytics.api.serializers import extremes as forms
from analytics.services.replays import Replay, replays
from analytics.services.reverse_stress import reverse_stress
from portfolios.api.callers import user_of
from sigmasight.core.api.parameters import uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError


class ReverseStressView(APIView):
    @extend_schema(
        operation_id="getReverseStress",
        tags=["analytics-portfolio"],
        summary="Market moves at which a quarter, half and all of the equity is lost, everything revalued",
        responses={200: forms.ReverseStressResponse, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        book, found = reverse_stress(user_of(request), uuid_of(portfolio_id, "portfolio_id"))
        if not found.reaches:
            return unavailable(book.portfolio_id, "No market move can be applied to this book", reason=found.reason)
        data = {name: getattr(found, name) for name in ("equity", "coverage", "worst", "reaches")}
        return available(book.portfolio_id, book.as_of, data)


class ReplaysView(APIView):
    @extend_schema(
        operation_id="getReplays",
        tags=["analytics-portfolio"],
        summary="Past episodes over the holdings of today, by the returns of then",
        responses={200: forms.ReplaysResponse, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        book, found = replays(user_of(request), uuid_of(portfolio_id, "portfolio_id"))
        if not found.replays:
            return unavailable(book.portfolio_id, "No episode can be applied to this book", reason=found.reason)
        data = {
            "prices_since": found.prices_since,
            "coverage": found.coverage,
            "replays": [_told(one) for one in found.replays],
        }
        return available(book.portfolio_id, book.as_of, data)


def _told(one: Replay) -> dict[str, Any]:
    told = asdict(one)
    return told.pop("episode") | told
