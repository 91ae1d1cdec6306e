"""How many sessions of a window have a usable price."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection

# A contract is judged by its underlying, whose prices its value is computed from.
DAYS = """
    SELECT s.id, s.symbol, count(d.date), min(d.date)
    FROM securities AS s
    LEFT JOIN option_contracts AS o ON o.security_id = s.id
    LEFT JOIN daily_prices AS d ON d.security_id = coalesce(o.underlying_id, s.id) AND d.quality = 'ok'
         AND d.date BETWEEN %(first)s AND %(last)s
    WHERE s.id = ANY(%(ids)s) OR s.symbol = ANY(%(symbols)s)
    GROUP BY s.id
"""


@dataclass(frozen=True, slots=True)
class PriceDays:
    """Sessions with a usable price in the window, and the first of them."""

    security_id: int
    symbol: str
    days: int
    first: dt.date | None


def price_days(
    security_ids: Collection[int], first: dt.date, last: dt.date, *, symbols: Collection[str] = ()
) -> list[PriceDays]:
    """The price days of these securities, and of those with these symbols, between two days; both count. One query."""
    with connection.cursor() as cursor:
        cursor.execute(DAYS, {"ids": list(security_ids), "symbols": list(symbols), "first": first, "last": last})
        return [PriceDays(*row) for row in cursor.fetchall()]
