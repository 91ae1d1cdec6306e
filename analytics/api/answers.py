"""The form most analytics answers share: whether there is something, of which day, and how it came about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from rest_framework.response import Response

from analytics.services.selection import SelectedPortfolio, Selection


def available(portfolio_id: UUID, day: dt.date | None, data: Any, **metadata: Any) -> Response:
    """An answer with its data."""
    return _answer(True, portfolio_id, day, data, metadata)


def unavailable(portfolio_id: UUID, error: str, **metadata: Any) -> Response:
    """Not calculated, or not calculable: 200 all the same, and why."""
    return _answer(False, portfolio_id, None, None, {"error": error, **metadata})


def _answer(there: bool, portfolio_id: UUID, day: dt.date | None, data: Any, metadata: Mapping[str, Any]) -> Response:
    return Response(
        {
            "available": there,
            "portfolio_id": portfolio_id,
            "calculation_date": day,
            "data": data,
            "metadata": metadata,
        }
    )


def totals(selection: Selection) -> dict[str, Any]:
    """What aggregates say of their selection."""
    return {
        "net_asset_value": selection.total_value,
        "total_value": selection.total_value,
        "portfolio_count": len(selection.portfolios),
        "calculation_date": selection.as_of,
    }


def share(one: SelectedPortfolio) -> dict[str, Any]:
    """A portfolio of a selection with its share."""
    return {
        "portfolio_id": one.id,
        "portfolio_name": one.name,
        "account_name": one.account_name,
        "account_type": one.account_type,
        "value": one.value,
        "weight": one.weight,
    }
