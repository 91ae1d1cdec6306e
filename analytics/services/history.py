"""The daily results of books side by side, from the ledger's snapshots."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

import numpy as np
from django.db import connection

from analytics.engines.regression import Floats

DAILY = """
    SELECT s.portfolio_id, array_agg(s.snapshot_date - DATE '1970-01-01' ORDER BY s.snapshot_date),
           array_agg(s.daily_pnl::float8 ORDER BY s.snapshot_date),
           array_agg((s.net_asset_value - s.daily_pnl - s.daily_capital_flow)::float8 ORDER BY s.snapshot_date),
           array_agg(coalesce(s.daily_return, 'NaN')::float8 ORDER BY s.snapshot_date)
    FROM portfolios AS f
    JOIN portfolio_snapshots AS s
        ON s.portfolio_id = f.id AND s.snapshot_date BETWEEN %(since)s AND f.results_as_of AND s.is_complete
    WHERE f.id = ANY(%(ids)s)
    GROUP BY s.portfolio_id
"""


# Differences of running totals are exact; sums of rounded days are not.
PERIODS = """
    SELECT f.id, s.cumulative_pnl, s.cumulative_pnl - coalesce(y.cumulative_pnl, 0),
           s.cumulative_pnl - coalesce(m.cumulative_pnl, 0)
    FROM portfolios AS f
    JOIN portfolio_snapshots AS s ON s.portfolio_id = f.id AND s.snapshot_date = f.results_as_of
    LEFT JOIN LATERAL (
        SELECT cumulative_pnl FROM portfolio_snapshots
        WHERE portfolio_id = f.id AND snapshot_date < date_trunc('year', f.results_as_of)::date
        ORDER BY snapshot_date DESC LIMIT 1
    ) AS y ON true
    LEFT JOIN LATERAL (
        SELECT cumulative_pnl FROM portfolio_snapshots
        WHERE portfolio_id = f.id AND snapshot_date < date_trunc('month', f.results_as_of)::date
        ORDER BY snapshot_date DESC LIMIT 1
    ) AS m ON true
    WHERE f.id = ANY(%(ids)s)
"""


@dataclass(frozen=True)
class PeriodPnl:
    """What books earned up to their published session: since they began, since its 1 January and since the first of its month;
    dollars, dividends and fees included."""

    cumulative: Decimal
    year_to_date: Decimal
    month_to_date: Decimal


def period_pnl(portfolio_ids: Sequence[UUID]) -> PeriodPnl:
    """P&L of these books together, in one query; 0 before their first session."""
    with connection.cursor() as cursor:
        cursor.execute(PERIODS, {"ids": list(portfolio_ids)})
        rows = cursor.fetchall()
    return PeriodPnl(*(sum((row[place] for row in rows), Decimal(0)) for place in (1, 2, 3)))


@dataclass(frozen=True)
class DailyHistory:
    """(T, P) each, NaN where a book has no snapshot: P&L and equity before it in dollars, return as a fraction.

    `days` : the T sessions, ascending.
    """

    days: list[dt.date]
    pnl: Floats
    equity_before: Floats
    returns: Floats

    def combined_returns(self) -> Floats:
        """Daily returns of all books as one, (T,): their P&L over their equity; NaN without positive equity."""
        before = np.nansum(self.equity_before, axis=1)
        return np.asarray(np.nansum(self.pnl, axis=1) / np.where(before > 0, before, np.nan))


def daily_history(portfolio_ids: Sequence[UUID], since: dt.date) -> DailyHistory:
    """Daily results of these books (one column each) from a day to their published sessions, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(DAILY, {"ids": list(portfolio_ids), "since": since})
        rows = {row[0]: [np.array(column) for column in row[1:]] for row in cursor.fetchall()}
    sessions = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *(columns[0] for columns in rows.values())]))
    tables = np.full((3, len(sessions), len(portfolio_ids)), np.nan)
    for place, portfolio_id in enumerate(portfolio_ids):
        if portfolio_id in rows:
            own, *columns = rows[portfolio_id]
            tables[:, np.searchsorted(sessions, own), place] = columns
    days = [dt.date(1970, 1, 1) + dt.timedelta(days=int(number)) for number in sessions]
    return DailyHistory(days, *tables)
