"""What the ledger holds of a portfolio over a run of sessions: P&L by symbol, market value and P&L by day and kind of holding."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

# Both sums in one walk through the lots. Contracts are of the kind of their underlying.
LOTS = """
    SELECT grouping(p.symbol) = 0, p.symbol, s.snapshot_date, p.investment_class, min(coalesce(x.sector, '')),
           coalesce(x.security_type, ''), coalesce(x.symbol, ''),
           sum(u.market_value), sum(u.daily_pnl) FILTER (WHERE s.snapshot_date > %(first)s)
    FROM position_snapshots AS s
    CROSS JOIN LATERAL unnest(s.position_ids, s.market_value, s.daily_pnl) AS u (position_id, market_value, daily_pnl)
    JOIN positions AS p ON p.id = u.position_id
    LEFT JOIN option_contracts AS o ON o.security_id = p.security_id
    LEFT JOIN securities AS x ON x.id = coalesce(o.underlying_id, p.security_id)
    WHERE s.portfolio_id = %(portfolio)s AND s.snapshot_date BETWEEN %(first)s AND %(last)s
    GROUP BY GROUPING SETS (
        (p.symbol), (s.snapshot_date, p.investment_class, coalesce(x.sector, ''), coalesce(x.security_type, ''), coalesce(x.symbol, ''))
    )
"""


@dataclass(frozen=True, slots=True)
class Earned:
    """P&L of a symbol over the window, dollars, options under their own symbol; the sector is the provider's, "" where unknown."""

    symbol: str
    sector: str
    pnl: float


@dataclass(frozen=True, slots=True)
class HeldDay:
    """All lots of a kind at a session's close, dollars: `symbol`, `sector` and `security_type` are the underlying's of contracts, "" where
    there is none; `pnl` is of the day, 0 on the first."""

    day: dt.date
    investment_class: str
    sector: str
    security_type: str
    symbol: str
    market_value: float
    pnl: float


def ledger_lots(portfolio_id: UUID, first: dt.date, last: dt.date) -> tuple[tuple[Earned, ...], tuple[HeldDay, ...]]:
    """P&L by symbol after the close of `first`, the largest first, lots closed since as well; and every day from `first` on."""
    with connection.cursor() as cursor:
        cursor.execute(LOTS, {"portfolio": portfolio_id, "first": first, "last": last})
        rows = cursor.fetchall()
    earned = [
        Earned(symbol, sector, round(pnl, 2))
        for of_symbol, symbol, _, _, sector, _, _, _, pnl in rows
        if of_symbol and pnl is not None
    ]
    days = [
        HeldDay(day, held_as, sector, security_type, underlying, value, pnl or 0.0)
        for of_symbol, _, day, held_as, sector, security_type, underlying, value, pnl in rows
        if not of_symbol
    ]
    return tuple(sorted(earned, key=lambda one: (-one.pnl, one.symbol))), tuple(days)
