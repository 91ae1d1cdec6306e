"""The lots of a factsheet and how they are allocated."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from analytics.services.held_lots import HeldLot, sectors_of
from portfolios.models import InvestmentClass, LotQuality, PositionType

LOTS = """
    SELECT p.id, u.quantity, u.price, u.daily_pnl, u.quality,
           p.portfolio_id, p.symbol, p.security_id, p.investment_class, p.position_type, u.market_value, u.unrealized_pnl
    FROM position_snapshots AS s
    CROSS JOIN LATERAL unnest(s.position_ids, s.quantity, s.price, s.daily_pnl, s.quality, s.market_value, s.unrealized_pnl)
        AS u (position_id, quantity, price, daily_pnl, quality, market_value, unrealized_pnl)
    JOIN positions AS p ON p.id = u.position_id AND p.deleted_at IS NULL
    WHERE s.portfolio_id = %(portfolio)s AND s.snapshot_date = %(session)s
    ORDER BY abs(u.market_value) DESC, p.symbol, p.id
"""
OLD_PRICES = (LotQuality.STALE, LotQuality.FROZEN, LotQuality.ENTRY)


@dataclass(frozen=True, slots=True)
class SheetLot:
    """An open lot at the session. weight : market value over net asset value, None where that is not positive. component_var : what it
    adds to the value at risk, dollars. quality : of its price, a letter of `LotQuality`."""

    position_id: UUID
    held: HeldLot
    quantity: float
    price: float
    daily_pnl: float
    quality: str
    sector: str
    weight: float | None
    component_var: float | None

    @property
    def kind(self) -> str:
        return PositionType(self.held.position_type).label

    @property
    def priced_by(self) -> str:
        """How good its price is, in words."""
        return LotQuality(self.quality).label

    @property
    def is_old(self) -> bool:
        """Whether its price is older than the session."""
        return self.quality in OLD_PRICES


@dataclass(frozen=True, slots=True)
class ClassShare:
    """A class of holdings: lots, dollars (shorts negative), and fractions of net asset value, None where that is not positive."""

    name: str
    lots: int
    long: float
    short: float
    gross_share: float | None
    net_share: float | None


def lots_at(
    portfolio_id: UUID, session: dt.date, equity: float, component_vars: Mapping[UUID, float | None]
) -> list[SheetLot]:
    """Lots of a portfolio as the night of a session stored them, the largest first, in two queries."""
    with connection.cursor() as cursor:
        cursor.execute(LOTS, {"portfolio": portfolio_id, "session": session})
        rows = [(row[:5], HeldLot(*row[5:])) for row in cursor.fetchall()]
    sectors = sectors_of([held for _, held in rows])
    return [
        SheetLot(
            position_id, held, quantity, price, daily_pnl, quality, sector,
            held.market_value / equity if equity > 0 else None, component_vars.get(position_id),
        )
        for ((position_id, quantity, price, daily_pnl, quality), held), sector in zip(rows, sectors, strict=True)
    ]  # fmt: skip


def by_class(lots: Sequence[SheetLot], equity: float) -> list[ClassShare]:
    """Sums by class of holding, in the order of `InvestmentClass`."""
    groups: dict[str, list[float]] = defaultdict(list)
    for lot in lots:
        groups[lot.held.investment_class].append(lot.held.market_value)
    shares = []
    for kind in InvestmentClass:
        if values := groups.get(kind.value):
            long, short = sum(v for v in values if v > 0), sum(v for v in values if v < 0)
            base = equity if equity > 0 else None
            shares.append(
                ClassShare(
                    kind.label, len(values), long, short, base and (long - short) / base, base and (long + short) / base
                )
            )
    return shares
