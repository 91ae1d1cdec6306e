"""How long the results cut by month are kept, and what a roll from before that needs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import connection

from marketdata import calendar
from sigmasight.core import clock
from sigmasight.core.partitions import month_of, shift_month

if TYPE_CHECKING:
    from analytics.batch.scope import Need

# How many sessions before the published one are read: by the assistant's performance of two years, by the backtest of value at risk.
LOOKED_BACK = {"position_snapshots": 504, "portfolio_risk": 251}
# No setting goes below: those sessions, and some weeks that a book may be behind.
LEAST_MONTHS = {"position_snapshots": 25}
LEAST_MONTHS_OF_OTHERS = 14

LOTS_OF = """
    SELECT w.id FROM unnest(%(ids)s::uuid[], %(days)s::date[]) AS w (id, day)
    JOIN position_snapshots AS s ON s.portfolio_id = w.id AND s.snapshot_date = w.day
"""


def oldest_certain_month() -> dt.date:
    """No lots of this month or later are ever dropped, whatever the setting."""
    return shift_month(month_of(clock.market_today()), -LEAST_MONTHS["position_snapshots"])


def without_lots(needs: Iterable[Need]) -> set[UUID]:
    """Portfolios that cannot be rolled on from the session before they need, since its lots were dropped: they begin at their
    inception. A night asks the database nothing; only what goes back behind `oldest_certain_month` is looked for."""
    horizon = oldest_certain_month()
    far = [(need.portfolio_id, calendar.previous_session(need.first)) for need in needs if need.first > need.inception]
    far = [(book, before) for book, before in far if before < horizon]
    return {book for book, _ in far} - _stored(far)


def _stored(books: Sequence[tuple[UUID, dt.date]]) -> set[UUID]:
    if not books:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(LOTS_OF, {"ids": [book for book, _ in books], "days": [day for _, day in books]})
        return {row[0] for row in cursor.fetchall()}
