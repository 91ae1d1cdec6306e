"""Lots with their values, companies and tags; the largest of them."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api.serializers import lots as forms
from analytics.services.described_lots import DescribedLot, lots_of_portfolio, lots_with_ids, totals
from analytics.services.top_positions import MAX_LOOKBACK_DAYS, largest_lots
from portfolios.api.callers import user_of
from portfolios.services.access import owned_portfolio
from sigmasight.core import clock
from sigmasight.core.api.parameters import query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError
from sigmasight.core.errors import DomainError


def lot_row(one: DescribedLot) -> dict[str, Any]:
    lot, company = one.lot, one.company
    entry_price = round(lot.entry_price, 4)
    return {
        "id": lot.position_id,
        "portfolio_id": lot.portfolio_id,
        "account_name": one.account_name,
        "symbol": lot.symbol,
        "company_name": company.name,
        "sector": company.sector,
        "industry": company.industry,
        "position_type": lot.position_type,
        "investment_class": lot.investment_class,
        "investment_subtype": lot.investment_subtype or None,
        "quantity": lot.quantity,
        "entry_date": lot.entry_date,
        "entry_price": entry_price,
        "avg_cost": entry_price,
        "cost_basis": lot.cost_basis,
        "current_price": lot.price,
        "price_date": lot.price_date,
        "price_source": lot.price_source,
        "price_quality": lot.quality,
        "market_value": lot.market_value,
        "unrealized_pnl": lot.unrealized_pnl,
        "unrealized_pnl_percent": lot.unrealized_pnl_percent or 0,
        "realized_pnl": lot.realized_pnl,
        "exit_date": lot.exit_date,
        "exit_price": None if lot.exit_price is None else round(lot.exit_price, 4),
        "strike_price": lot.strike,
        "expiration_date": lot.expiration,
        "underlying_symbol": lot.underlying,
        "beta": company.beta,
        "market_cap": company.market_cap,
        "notes": lot.notes or None,
        "created_at": lot.created_at,
        "updated_at": lot.updated_at,
        "deleted_at": None,
        "tags": [
            {"id": tag.id, "name": tag.name, "color": tag.color, "description": tag.description or None}
            for tag in one.labels
        ],
    }


def _ids(text: str) -> list[UUID]:
    return [uuid_of(part.strip(), "position_ids", "query") for part in text.split(",") if part.strip()]


class PositionDetailsView(APIView):
    @extend_schema(
        operation_id="dataPositionsDetails",
        tags=["Data"],
        summary="Lots with prices, P&L, company and tags",
        description="By symbol, entry date and id. Values are those of the portfolio's newest computed session.",
        parameters=[forms.PositionDetailsQuery],
        responses={
            200: forms.PositionDetails, 400: ErrorDetail, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError,
        },
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        given = query(request, forms.PositionDetailsQuery)
        user, portfolio_id = user_of(request), given.get("portfolio_id")
        wanted = _ids(given.get("position_ids") or "")
        if portfolio_id is None and not wanted:
            raise DomainError("nothing_asked_for", "Send portfolio_id or position_ids.")
        if portfolio_id is not None:
            found = lots_of_portfolio(user, portfolio_id, include_closed=given["include_closed"])
        else:
            found = lots_with_ids(user, wanted)
        sums = totals(found)
        return Response(
            {
                "positions": [lot_row(one) for one in found],
                "summary": {
                    "total_positions": len(found),
                    "total_cost_basis": sums.cost_basis,
                    "total_market_value": sums.market_value,
                    "total_unrealized_pnl": sums.unrealized_pnl,
                },
            }
        )


class TopPositionsView(APIView):
    @extend_schema(
        operation_id="dataPositionsTop",
        tags=["Data"],
        summary="Largest positions",
        description="By market value, its sign aside. Weights are percent of the book's gross value.",
        parameters=[forms.TopPositionsQuery],
        responses={200: forms.TopPositions, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        given = query(request, forms.TopPositionsQuery)
        book = owned_portfolio(user_of(request), uuid_of(portfolio_id, "portfolio_id"))
        found = largest_lots(book, limit=given["limit"], wanted=_day(given.get("as_of_date")))
        rows = [
            {
                "position_id": lot.position_id,
                "symbol": lot.symbol,
                "name": lot.name,
                "position_type": lot.position_type,
                "qty": lot.quantity,
                "value": abs(lot.market_value),
                "market_value": lot.market_value,
                "weight": lot.weight,
                "sector": lot.sector,
            }
            for lot in found.lots
        ]
        requested = {"portfolio_id": book.pk, "as_of_date": given.get("as_of_date")}
        meta = {
            "as_of": found.as_of,
            "requested": requested | {"limit": given["limit"], "sort_by": given["sort_by"]},
            "applied": {"limit": len(rows), "sort_by": given["sort_by"], "as_of_date": found.as_of},
            "limits": {"max_limit": forms.MOST_TOP, "max_lookback_days": MAX_LOOKBACK_DAYS},
            "rows_returned": len(rows),
            "truncated": found.total > len(rows),
            "schema_version": "1.0",
        }
        return Response(
            {"meta": meta, "data": rows, "coverage_percent": found.coverage, "total_positions": found.total}
        )


def _day(text: str | None) -> dt.date | None:
    """The day in New York that the text names; None for none, and for what is not readable."""
    try:
        instant = dt.datetime.fromisoformat((text or "").strip())
    except ValueError:
        return None
    return (instant.astimezone(clock.NEW_YORK) if instant.tzinfo else instant).date()
