"""What moved in a book, on its last session and over its last week: which prices, and what that made or cost."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from analytics.services.published import PublishedBook, published_book
from marketdata import calendar
from marketdata.services.series import PriceSeries, price_series
from portfolios.models import OPTION_TYPES, User

WEEK = 5
COLUMNS = ("daily_pnl", "daily_return")
# Every lot of the last sessions as the ledger booked it: signs and multipliers are in the dollars already.
LOTS = """
    SELECT s.snapshot_date, p.id, p.symbol, p.position_type, u.quantity, u.price, u.market_value, u.daily_pnl
    FROM position_snapshots AS s
    CROSS JOIN LATERAL unnest(s.position_ids, s.quantity, s.price, s.market_value, s.daily_pnl)
        AS u (position_id, quantity, price, market_value, daily_pnl)
    JOIN positions AS p ON p.id = u.position_id AND p.deleted_at IS NULL
    WHERE s.portfolio_id = %(portfolio)s AND s.snapshot_date BETWEEN %(first)s AND %(last)s
    ORDER BY s.snapshot_date
"""
DAYS = """
    SELECT daily_pnl::float8, daily_return::float8 FROM portfolio_snapshots
    WHERE portfolio_id = %(portfolio)s AND snapshot_date > %(first)s AND snapshot_date <= %(last)s
"""


@dataclass(frozen=True, slots=True)
class Mover:
    """A holding, lots of one symbol and side together. Changes are the price's, as fractions, splits undone (None where unknown);
    P&L is the book's, dollars: a short gains by a fall, a contract counts with its multiplier. `value` is signed, at the close."""

    symbol: str
    position_type: str
    value: float
    change_day: float | None
    change_week: float | None
    pnl_day: float
    pnl_week: float


@dataclass(frozen=True)
class Movers:
    """Of the published session and the five up to it: every holding, the largest P&L of the day in size first, and the book as a
    whole (dollars, returns as fractions)."""

    session: dt.date
    since: dt.date
    holdings: tuple[Mover, ...]
    pnl_day: float | None
    return_day: float | None
    pnl_week: float | None
    return_week: float | None


def daily_movers(user: User, portfolio_id: UUID) -> tuple[PublishedBook, Movers | None]:
    """What moved in a person's portfolio up to its published session, None before the first.

    Raises
    ------
    NotFound for unknown and foreign portfolios.
    """
    book = published_book(user, portfolio_id, COLUMNS)
    if book.as_of is None:
        return book, None
    first = calendar.shift(book.as_of, -WEEK)
    given: dict[str, Any] = {"portfolio": portfolio_id, "first": first, "last": book.as_of}
    with connection.cursor() as cursor:
        cursor.execute(LOTS, given)
        rows = cursor.fetchall()
        cursor.execute(DAYS, given)
        days = cursor.fetchall()
    series = price_series({row[2] for row in rows if row[3] not in OPTION_TYPES}, first, book.as_of)
    made, fraction = book.snapshot["daily_pnl"], book.snapshot["daily_return"]
    return book, Movers(
        session=book.as_of,
        since=first,
        holdings=_holdings(rows, series, book.as_of),
        pnl_day=None if made is None else float(made),
        return_day=None if fraction is None else float(fraction),
        pnl_week=round(sum(pnl for pnl, _ in days), 2) if days else None,
        return_week=_chained([one for _, one in days]) if len(days) == WEEK else None,
    )


Row = tuple[dt.date, UUID, str, str, float, float, float, float]


def _holdings(rows: Sequence[Row], series: dict[str, PriceSeries], last: dt.date) -> tuple[Mover, ...]:
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row[2], row[3]].append(row)
    before, first = calendar.shift(last, -1), calendar.shift(last, -WEEK)
    holdings = []
    for (symbol, kind), mine in groups.items():
        today = [row for row in mine if row[0] == last]
        if not today:
            continue
        holdings.append(
            Mover(
                symbol=symbol,
                position_type=kind,
                value=round(sum(row[6] for row in today), 2),
                change_day=_change(mine, series.get(symbol), before, last),
                change_week=_change(mine, series.get(symbol), first, last),
                pnl_day=round(sum(row[7] for row in today), 2),
                pnl_week=round(sum(row[7] for row in mine if row[0] > first), 2),
            )
        )
    return tuple(sorted(holdings, key=lambda one: (-abs(one.pnl_day), one.symbol, one.position_type)))


def _chained(returns: Sequence[float | None]) -> float | None:
    """Of daily returns; None if one of them is unknown."""
    growth = 1.0
    for one in returns:
        if one is None:
            return None
        growth *= 1 + one
    return growth - 1


def _change(rows: Sequence[Row], series: PriceSeries | None, since: dt.date, last: dt.date) -> float | None:
    """Of the price from the close of one session to that of another; of contracts and private holdings by their marks."""
    if series is not None:
        closes = dict(zip(series.days.tolist(), series.close.tolist(), strict=True))
    else:
        closes = {row[0]: row[5] for row in rows}
    old, new = closes.get(since), closes.get(last)
    return None if not old or new is None else new / old - 1
