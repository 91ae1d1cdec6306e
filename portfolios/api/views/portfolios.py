"""A person's accounts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portfolios.api.callers import user_of
from portfolios.api.serializers import portfolios as forms
from portfolios.services.portfolios import (
    ListedPortfolio,
    change_portfolio,
    create_portfolio,
    delete_portfolio,
    list_portfolios,
    portfolio_with_equity,
)
from sigmasight.core.api.idempotency import idempotent
from sigmasight.core.api.parameters import body, query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError


def _portfolio(listed: ListedPortfolio) -> dict[str, Any]:
    book = listed.portfolio
    return {
        "id": book.pk,
        "user_id": book.user_id,
        "name": book.name,
        "account_name": book.account_name,
        "account_type": book.account_type,
        "description": book.description or None,
        "currency": book.currency,
        "equity_balance": listed.equity,
        "is_active": book.is_active,
        "created_at": book.created_at,
        "updated_at": book.updated_at,
        "deleted_at": book.deleted_at,
        "position_count": listed.open_lots,
        "net_asset_value": listed.equity,
        "total_value": listed.equity,
    }


class DataPortfoliosView(APIView):
    @extend_schema(
        operation_id="dataPortfolios",
        tags=["Data"],
        summary="Portfolios of the caller (bare array)",
        description="The first one is the default: active ones first, accounts named private behind the others.",
        responses={200: forms.DataPortfolio(many=True), 401: ErrorDetail},
    )
    def get(self, request: Request) -> Response:
        rows = [
            {
                "id": listed.portfolio.pk,
                "name": listed.portfolio.name,
                "account_name": listed.portfolio.account_name,
                "account_type": listed.portfolio.account_type,
                "description": listed.portfolio.description or None,
                "is_active": listed.portfolio.is_active,
                "net_asset_value": listed.equity,
                "total_value": listed.equity,
                "equity_balance": listed.equity,
                "total_market_value": listed.market_value,
                "created_at": listed.portfolio.created_at,
                "updated_at": listed.portfolio.updated_at,
                "position_count": listed.open_lots,
            }
            for listed in list_portfolios(user_of(request))
        ]
        return Response(rows)


class PortfoliosView(APIView):
    @extend_schema(
        operation_id="listPortfolios",
        tags=["Portfolios"],
        summary="List portfolios",
        parameters=[forms.PortfolioListQuery],
        responses={200: forms.PortfolioList, 401: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request) -> Response:
        everything = query(request, forms.PortfolioListQuery)["include_inactive"]
        found = list_portfolios(user_of(request), include_inactive=everything, include_deleted=everything)
        active = [listed for listed in found if listed.portfolio.is_active]
        total = sum((listed.equity for listed in active), Decimal(0))
        return Response(
            {
                "portfolios": [_portfolio(listed) for listed in found],
                "total_count": len(found),
                "active_count": len(active),
                "net_asset_value": total,
                "total_value": total,
            }
        )

    @extend_schema(
        operation_id="createPortfolio",
        tags=["Portfolios"],
        summary="Create a portfolio",
        request=forms.PortfolioCreate,
        responses={
            201: forms.Portfolio, 400: ErrorDetail, 401: ErrorDetail, 409: ErrorDetail, 422: ValidationError,
        },
        examples=[
            OpenApiExample(
                "an account",
                value={
                    "name": "Growth", "account_name": "Growth IRA", "account_type": "ira", "equity_balance": 250000,
                },
                request_only=True,
            )
        ],
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        given = body(request, forms.PortfolioCreate)
        user = user_of(request)
        book = create_portfolio(
            user,
            given["name"],
            given["account_name"],
            account_type=given["account_type"],
            description=given.get("description") or "",
            currency=given["currency"],
            opening_equity=given.get("equity_balance") or Decimal(0),
            is_active=given["is_active"],
        )
        return Response(_portfolio(portfolio_with_equity(user, book.pk)), status=201)


class PortfolioView(APIView):
    @extend_schema(
        operation_id="getPortfolio",
        tags=["Portfolios"],
        summary="One portfolio",
        responses={200: forms.Portfolio, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        return Response(_portfolio(portfolio_with_equity(user_of(request), uuid_of(portfolio_id, "portfolio_id"))))

    @extend_schema(
        operation_id="updatePortfolio",
        tags=["Portfolios"],
        summary="Change fields",
        request=forms.PortfolioUpdate,
        responses={
            200: forms.Portfolio, 400: ErrorDetail, 401: ErrorDetail, 404: ErrorDetail, 409: ErrorDetail,
            422: ValidationError,
        },
        examples=[OpenApiExample("another name", value={"name": "Long-term growth"}, request_only=True)],
    )  # fmt: skip
    def put(self, request: Request, portfolio_id: str) -> Response:
        user, wanted = user_of(request), uuid_of(portfolio_id, "portfolio_id")
        change_portfolio(user, wanted, **body(request, forms.PortfolioUpdate))
        return Response(_portfolio(portfolio_with_equity(user, wanted)))

    @extend_schema(
        operation_id="deletePortfolio",
        tags=["Portfolios"],
        summary="Delete a portfolio; its name stays taken",
        request=None,
        responses={
            200: forms.PortfolioDelete, 400: ErrorDetail, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError,
        },
    )  # fmt: skip
    def delete(self, request: Request, portfolio_id: str) -> Response:
        book = delete_portfolio(user_of(request), uuid_of(portfolio_id, "portfolio_id"))
        return Response(
            {
                "success": True,
                "message": f"Portfolio {book.name} was deleted",
                "portfolio_id": book.pk,
                "deleted_at": book.deleted_at,
            }
        )
