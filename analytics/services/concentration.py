"""How much of a portfolio, or of several, hangs on few holdings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from analytics.engines.concentration import Concentration, ConcentrationStatus, concentration
from analytics.services.held_lots import HeldLot, held_lots
from analytics.services.published import PublishedBook, published_book
from analytics.services.selection import Selection, select_portfolios
from portfolios.models import User

HIGH, MODERATE = 2_500, 1_500
MOST_LISTED = 10
DIGITS = 6


@dataclass(frozen=True)
class PortfolioConcentration:
    """Of absolute market values by symbol: `hhi` on the scale to 10,000, tops as fractions. `total_positions` counts lots,
    `unique_symbols` holdings."""

    hhi: float
    effective_num_positions: float
    top_3_concentration: float
    top_10_concentration: float
    total_positions: int
    unique_symbols: int

    @property
    def interpretation(self) -> str:
        if self.hhi > HIGH:
            return f"Highly concentrated (HHI > {HIGH})"
        if self.hhi > MODERATE:
            return f"Moderately concentrated (HHI {MODERATE}-{HIGH})"
        return f"Well diversified (HHI < {MODERATE})"


@dataclass(frozen=True)
class NoConcentration:
    """Why there is none."""

    error: str


@dataclass(frozen=True, slots=True)
class TopPosition:
    """A symbol's part of the sum of absolute values, that value, and the one with its sign; dollars."""

    symbol: str
    weight: float
    value: float
    net_value: float


def portfolio_concentration(
    user: User, portfolio_id: UUID
) -> tuple[PublishedBook, PortfolioConcentration | NoConcentration]:
    """Concentration of a person's portfolio as it stands, at the marks of its published session.

    Raises
    ------
    NotFound for unknown and foreign portfolios.
    """
    book = published_book(user, portfolio_id)
    return book, measure(held_lots([portfolio_id], current=book.is_current))


def aggregate_concentration(
    user: User, portfolio_ids: Collection[UUID] | None = None
) -> tuple[Selection, PortfolioConcentration | NoConcentration, list[TopPosition]]:
    """Concentration of everything a person's portfolios hold, lots of a symbol added up across them, and its largest holdings.

    Raises
    ------
    NotFound for unknown and foreign portfolios.
    """
    selection = select_portfolios(user, portfolio_ids)
    if not selection.portfolios:
        return selection, NoConcentration("No portfolios found"), []
    lots = held_lots(selection.ids, current=selection.is_current)
    measured = measure(lots)
    if isinstance(measured, NoConcentration):
        return selection, NoConcentration("Total portfolio value is zero"), []
    return selection, measured, top_positions(lots)


def measure(lots: list[HeldLot]) -> PortfolioConcentration | NoConcentration:
    """Concentration of lots as one book."""
    symbols = sorted({lot.symbol for lot in lots})
    place = {symbol: code for code, symbol in enumerate(symbols)}
    found: Concentration = concentration(
        np.array([lot.market_value for lot in lots], dtype=np.float64),
        np.zeros(len(lots), dtype=np.int64),
        np.array([place[lot.symbol] for lot in lots], dtype=np.int64),
        1,
    )
    if found.status[0] == ConcentrationStatus.NO_ACTIVE_POSITIONS:
        return NoConcentration("No active positions")
    if found.status[0] == ConcentrationStatus.ZERO_TOTAL_VALUE:
        return NoConcentration("Total portfolio value is zero")
    return PortfolioConcentration(
        hhi=round(float(found.hhi[0]), 4),
        effective_num_positions=round(float(found.effective_number[0]), 2),
        top_3_concentration=round(float(found.top_3[0]), DIGITS),
        top_10_concentration=round(float(found.top_10[0]), DIGITS),
        total_positions=int(found.positions[0]),
        unique_symbols=int(found.unique_symbols[0]),
    )


def top_positions(lots: list[HeldLot], number: int = MOST_LISTED) -> list[TopPosition]:
    """The largest symbols by absolute value, the largest first; equal ones by name."""
    size: dict[str, float] = defaultdict(float)
    net: dict[str, float] = defaultdict(float)
    for lot in lots:
        size[lot.symbol] += abs(lot.market_value)
        net[lot.symbol] += lot.market_value
    total = sum(size.values())
    ranked = sorted(size, key=lambda symbol: (-size[symbol], symbol))[:number]
    return [
        TopPosition(symbol, round(size[symbol] / total, DIGITS), round(size[symbol], 2), round(net[symbol], 2))
        for symbol in ranked
        if total
    ]
