"""The form most analytics answers share: whether there is something, of which day, and how it came about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from rest_framework.response import Response


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
