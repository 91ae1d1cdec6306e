"""All portfolios taken together, session by session."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection

SESSIONS = 120

# A portfolio counts from the session it has a return of; what it was worth before that day's P&L and flows is what it could earn on.
SUMS = """
    SELECT s.snapshot_date, count(*), sum(s.net_asset_value)::float8,
           sum(s.daily_pnl) FILTER (WHERE s.daily_return IS NOT NULL)::float8,
           sum(s.net_asset_value - s.daily_pnl - s.daily_capital_flow) FILTER (WHERE s.daily_return IS NOT NULL)::float8
    FROM portfolio_snapshots AS s
    JOIN portfolios AS f ON f.id = s.portfolio_id AND f.is_active AND f.deleted_at IS NULL
    WHERE s.is_complete AND s.snapshot_date <= f.results_as_of AND s.snapshot_date IN (
        SELECT session FROM batch_run_tracking ORDER BY session DESC LIMIT %(sessions)s
    )
    GROUP BY s.snapshot_date ORDER BY s.snapshot_date
"""


@dataclass(frozen=True, slots=True)
class BooksDay:
    """Active portfolios at a session's published close: how many, dollars together, and how far their chained return stands below its
    highest point since the first of these days, a fraction, 0 or negative."""

    session: dt.date
    portfolios: int
    net_asset_value: float
    drawdown: float


def all_books(sessions: int = SESSIONS) -> list[BooksDay]:
    """The last sessions, the oldest first, in one query. Deposits, withdrawals and new portfolios move the value, not the drawdown."""
    with connection.cursor() as cursor:
        cursor.execute(SUMS, {"sessions": sessions})
        rows = cursor.fetchall()
    index = highest = 1.0
    days = []
    for session, portfolios, value, pnl, base in rows:
        if base and base > 0:
            index *= 1 + (pnl or 0.0) / base
        highest = max(highest, index)
        days.append(BooksDay(session, portfolios, value, index / highest - 1))
    return days
