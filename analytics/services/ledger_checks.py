"""Whether the stored ledgers hold their own equations, at the session that readers see."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.db import connection

# Each column is rounded to cents by itself.
CENTS = Decimal("0.03")
# Value of a lot is rounded too, half a cent each at most.
HALF_CENT = Decimal("0.005")
# A book that was changed since is rolled by the next run: until then its opening equity is of another ledger.
GAPS = """
    SELECT f.id, f.name, s.snapshot_date,
           s.net_asset_value - s.cash_value - s.long_value - s.short_value,
           CASE WHEN f.dirty_from IS NULL
                THEN s.net_asset_value - f.opening_equity - s.cumulative_pnl - s.cumulative_capital_flow END,
           s.net_asset_value - b.net_asset_value - s.daily_pnl - s.daily_capital_flow,
           s.long_value + s.short_value - l.value,
           coalesce(l.lots, 0)
    FROM portfolios AS f
    JOIN portfolio_snapshots AS s ON s.portfolio_id = f.id AND s.snapshot_date = f.results_as_of
    LEFT JOIN LATERAL (
        SELECT net_asset_value FROM portfolio_snapshots
        WHERE portfolio_id = f.id AND snapshot_date < s.snapshot_date ORDER BY snapshot_date DESC LIMIT 1
    ) AS b ON true
    LEFT JOIN LATERAL (
        SELECT (SELECT coalesce(sum(v), 0) FROM unnest(p.market_value) AS v)::numeric AS value, cardinality(p.market_value) AS lots
        FROM position_snapshots AS p WHERE p.portfolio_id = f.id AND p.snapshot_date = s.snapshot_date
    ) AS l ON true
    WHERE f.is_active AND f.deleted_at IS NULL
"""
UNBALANCED = f"""
    SELECT * FROM ({GAPS}) AS g (id, name, session, parts, total, day, holdings, lots)
    WHERE abs(parts) > %(cents)s OR abs(total) > %(cents)s OR abs(day) > %(cents)s OR abs(holdings) > %(cents)s + %(half)s * lots
    ORDER BY name, id
"""
EQUATIONS = {
    "parts": "Value is not cash plus holdings: {gap} dollars are left over.",
    "total": "Value is not opening equity plus P&L plus flows: {gap} dollars are left over.",
    "day": "Value is not the value of the session before plus the day's P&L and flow: {gap} dollars are left over.",
    "holdings": "Holdings are not the sum of the lots: {gap} dollars are left over.",
}


@dataclass(frozen=True)
class Unbalanced:
    """A portfolio whose ledger does not hold. `gaps` : name of the equation (`EQUATIONS`) → dollars left over."""

    portfolio_id: UUID
    name: str
    session: dt.date
    gaps: Mapping[str, Decimal]

    @property
    def told(self) -> list[str]:
        return [EQUATIONS[name].format(gap=f"{gap:,.2f}") for name, gap in self.gaps.items()]


def unbalanced_ledgers() -> list[Unbalanced]:
    """Of active portfolios at their published session, by name; one query."""
    with connection.cursor() as cursor:
        cursor.execute(UNBALANCED, {"cents": CENTS, "half": HALF_CENT})
        rows = cursor.fetchall()
    found = []
    for portfolio_id, name, session, *gaps, lots in rows:
        allowed = dict.fromkeys(EQUATIONS, CENTS) | {"holdings": CENTS + HALF_CENT * lots}
        broken = {
            equation: gap
            for equation, gap in zip(EQUATIONS, gaps, strict=True)
            if gap is not None and abs(gap) > allowed[equation]
        }
        found.append(Unbalanced(portfolio_id, name, session, broken))
    return found
