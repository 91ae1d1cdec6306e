"""What trades would change, before anybody makes them."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api.answers import available, unavailable
from analytics.api.serializers import what_if as forms
from analytics.services.traded_book import Trade
from analytics.services.what_if import what_if
from marketdata.services.securities import canonical
from portfolios.api.callers import user_of
from sigmasight.core.api.parameters import body, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError


class WhatIfView(APIView):
    @extend_schema(
        operation_id="whatIf",
        tags=["analytics-portfolio"],
        summary="Every figure before and after trades that are only thought of",
        description="At the prices of the published session, without costs. Nothing is stored. Stocks and funds with prices can be "
        "traded, and contracts the portfolio holds.",
        request=forms.WhatIfIn,
        responses={
            200: forms.WhatIfResponse, 400: ErrorDetail, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError,
        },
        examples=[
            OpenApiExample(
                "a hedge", value={"trades": [{"symbol": "SPY", "quantity": -100}]}, request_only=True
            )
        ],
    )  # fmt: skip
    def post(self, request: Request, portfolio_id: str) -> Response:
        wanted = uuid_of(portfolio_id, "portfolio_id")
        given = body(request, forms.WhatIfIn)
        trades = [Trade(canonical(one["symbol"]), one["quantity"]) for one in given["trades"]]
        book, found = what_if(user_of(request), wanted, trades)
        if found is None:
            return unavailable(book.portfolio_id, "No night has been computed for this portfolio yet")
        data = {"equity": found.equity, "trades": found.trades, "before": found.before, "after": found.after}
        return available(book.portfolio_id, book.as_of, data, is_current=book.is_current)
