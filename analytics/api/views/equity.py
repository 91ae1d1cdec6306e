"""A portfolio's equity as its owner sets it."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api.serializers import equity as forms
from portfolios.api.callers import user_of
from portfolios.services.access import owned_portfolio
from portfolios.services.amounts import money
from portfolios.services.equity import set_equity_balance
from sigmasight.core.api.parameters import body, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError


class PortfolioEquityView(APIView):
    @extend_schema(
        operation_id="updatePortfolioEquity",
        tags=["analytics-portfolio"],
        summary="Set the equity balance",
        description=(
            "Before the first results this is the opening equity. Afterwards the difference to the published equity is booked as "
            "a contribution or withdrawal of today, which the next night puts into the books."
        ),
        request=forms.EquityBalanceUpdate,
        responses={
            200: forms.EquityBalanceUpdateResult, 400: ErrorDetail, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError,
        },
        examples=[OpenApiExample("half a million", value={"equity_balance": 500000}, request_only=True)],
    )  # fmt: skip
    def put(self, request: Request, portfolio_id: str) -> Response:
        user = user_of(request)
        book = owned_portfolio(user, uuid_of(portfolio_id, "portfolio_id"))
        balance = money(body(request, forms.EquityBalanceUpdate)["equity_balance"], "equity_balance")
        set_equity_balance(book.id, balance, created_by=user)
        return Response(
            {
                "message": "Equity balance updated successfully",
                "portfolio_id": book.id,
                "equity_balance": balance,
            }
        )
