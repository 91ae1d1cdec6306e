"""What is known of a portfolio's symbols before its run collects the rest."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection

from analytics.models import BatchRun
from sigmasight.core import clock

# Calendar days in which a symbol needs a price to count as priced, and the share of priced symbols that suffices.
PRICE_DAYS = 30
READY_PERCENT = 80.0
MOST_NAMED = 12
SYMBOLS = """
    SELECT s.symbol, s.sector <> '' OR EXISTS (SELECT 1 FROM company_profiles c WHERE c.security_id = s.id),
           EXISTS (SELECT 1 FROM daily_prices d WHERE d.security_id = s.id AND d.date > %(after)s AND d.quality = 'ok')
    FROM securities AS s
    WHERE s.id IN (
        SELECT coalesce(o.underlying_id, p.security_id)
        FROM positions AS p LEFT JOIN option_contracts AS o ON o.security_id = p.security_id
        WHERE p.portfolio_id = %(portfolio)s AND p.deleted_at IS NULL AND p.exit_date IS NULL
    )
    ORDER BY s.symbol
"""


@dataclass(frozen=True)
class Preparation:
    """Symbols of the open lots, of contracts their underlyings: how many there are, those whose company is not described and
    those without a price in the last 30 days."""

    symbols: int
    undescribed: list[str]
    unpriced: list[str]

    @property
    def described(self) -> int:
        return self.symbols - len(self.undescribed)

    @property
    def priced(self) -> int:
        return self.symbols - len(self.unpriced)

    @property
    def coverage(self) -> float:
        """Percent of the symbols that are priced; 100 without symbols."""
        return round(100 * self.priced / self.symbols, 2) if self.symbols else 100.0

    @property
    def is_ready(self) -> bool:
        return self.coverage >= READY_PERCENT

    @property
    def warnings(self) -> list[str]:
        """What is missing, in words."""
        gaps = (("recent prices", self.unpriced), ("a company profile", self.undescribed))
        return [f"{len(names)} symbols without {what}: {_named(names)}." for what, names in gaps if names]

    @property
    def recommendations(self) -> list[str]:
        if not self.symbols:
            return ["Add positions: an empty portfolio has its equity only."]
        if self.is_ready:
            return []
        return ["The run fetches the missing prices first; check symbols that still have none after it."]


def preparation(run: BatchRun) -> Preparation:
    """What there is for the symbols of a run's portfolio at its last session, in one query; nothing is fetched."""
    after = (run.target_to or clock.market_today()) - dt.timedelta(days=PRICE_DAYS)
    with connection.cursor() as cursor:
        cursor.execute(SYMBOLS, {"portfolio": run.scope_portfolio_id, "after": after})
        rows = cursor.fetchall()
    return Preparation(
        symbols=len(rows),
        undescribed=[symbol for symbol, described, _ in rows if not described],
        unpriced=[symbol for symbol, _, priced in rows if not priced],
    )


def _named(names: list[str]) -> str:
    return ", ".join(names[:MOST_NAMED]) + (", ..." if len(names) > MOST_NAMED else "")
