"""The open lots of books with their values, and the sectors they count in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from analytics.engines.sector import sector_label
from marketdata.models import SecurityType
from portfolios.models import OPTION_TYPES, InvestmentClass, PositionType
from portfolios.services.valued_lots import valued_lots

# What the night stored of every lot: cheaper than looking up a mark for each, and the same to the cent.
STORED = """
    SELECT p.portfolio_id, p.symbol, p.security_id, p.investment_class, p.position_type, u.market_value, u.unrealized_pnl
    FROM portfolios AS f
    JOIN position_snapshots AS s ON s.portfolio_id = f.id AND s.snapshot_date = f.results_as_of
    CROSS JOIN LATERAL unnest(s.position_ids, s.market_value, s.unrealized_pnl)
        AS u (position_id, market_value, unrealized_pnl)
    JOIN positions AS p ON p.id = u.position_id
    WHERE f.id = ANY(%(ids)s) AND p.deleted_at IS NULL
    ORDER BY p.symbol, p.entry_date, p.id
"""
# Other funds hold what they hold: without a sector they are unclassified.
SECTOR_FUNDS = (SecurityType.ETF, SecurityType.ETN)


@dataclass(frozen=True, slots=True)
class HeldLot:
    """An open lot in dollars to the cent; shorts are negative."""

    portfolio_id: UUID
    symbol: str
    security_id: int | None
    investment_class: str
    position_type: str
    market_value: float
    unrealized_pnl: float

    @property
    def is_option(self) -> bool:
        return self.position_type in OPTION_TYPES

    @property
    def is_short(self) -> bool:
        """By its side; an option by what it is worth."""
        return self.market_value < 0 or self.position_type == PositionType.SHORT


def held_lots(portfolio_ids: Sequence[UUID], *, current: bool) -> list[HeldLot]:
    """Open lots by symbol, entry date and id, in one query.

    Parameters
    ----------
    current : whether all the books are still those of their published session. Else they are valued anew, at the marks of
        that session.
    """
    if current:
        with connection.cursor() as cursor:
            cursor.execute(STORED, {"ids": list(portfolio_ids)})
            return [HeldLot(*row) for row in cursor.fetchall()]
    return [
        HeldLot(
            lot.portfolio_id,
            lot.symbol,
            lot.security_id,
            lot.investment_class,
            lot.position_type,
            float(lot.market_value),
            float(lot.unrealized_pnl),
        )
        for lot in valued_lots(portfolio_ids)
    ]


def sectors_of(lots: Collection[HeldLot]) -> list[str]:
    """The sector each lot counts in, by the benchmark's names; funds and what has no sector under names of their own."""
    ids = {lot.security_id for lot in lots if lot.security_id is not None}
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, sector, security_type FROM securities WHERE id = ANY(%s)", [list(ids)])
        facts = {security: (sector, kind in SECTOR_FUNDS) for security, sector, kind in cursor.fetchall()}
    nothing = ("", False)
    labels = []
    for lot in lots:
        name, is_fund = nothing if lot.security_id is None else facts.get(lot.security_id, nothing)
        apart = lot.investment_class != InvestmentClass.PUBLIC
        labels.append(sector_label(name, is_fund=is_fund, apart=apart))
    return labels
