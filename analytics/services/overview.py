"""What a portfolio is worth, what it is exposed to and what it earned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np

from analytics.engines.exposure import Exposures, exposures, percentages, ratios
from analytics.services.held_lots import HeldLot, held_lots
from analytics.services.history import PeriodPnl, period_pnl
from analytics.services.published import PublishedBook, published_book
from portfolios.models import User

EXPOSURES = ("long_value", "short_value", "gross_exposure", "net_exposure")
TARGETS = {
    "expected_return_eoy": "target_price_return_eoy",
    "expected_return_next_year": "target_price_return_next_year",
    "downside_return": "target_price_downside_return",
    "coverage_pct": "target_price_coverage_pct",
    "positions_with_targets": "target_price_positions_count",
    "total_positions": "target_price_total_positions",
    "last_updated": "target_price_last_updated",
}
COLUMNS = (*EXPOSURES, "cumulative_realized_pnl", *TARGETS.values())
CENTS = 2


@dataclass(frozen=True)
class ExposureSummary:
    """Dollars (shorts negative), and percent of equity with one decimal (shorts positive; 0 without positive equity)."""

    long_exposure: float
    short_exposure: float
    gross_exposure: float
    net_exposure: float
    long_percentage: float
    short_percentage: float
    gross_percentage: float
    net_percentage: float


@dataclass(frozen=True)
class PnlSummary:
    """Dollars. `unrealized_pnl` and `realized_pnl` count from the entry of each lot and add up to `total_pnl`; `cumulative_pnl` is
    what the books earned since they began, dividends and fees included. Year and month are those of the published session."""

    total_pnl: float
    unrealized_pnl: float
    realized_pnl: float
    cumulative_pnl: float
    ytd_pnl: float
    mtd_pnl: float


@dataclass(frozen=True)
class LotCounts:
    """Open lots: stocks by side, options apart."""

    total_positions: int
    long_count: int
    short_count: int
    option_count: int


@dataclass(frozen=True)
class Overview:
    """One portfolio. `cash` is equity less net exposure, negative for a margin debit; `leverage` gross exposure over equity, 0
    without positive equity; `target_returns` percent, None without targets."""

    equity: Decimal
    cash: float
    leverage: float
    exposures: ExposureSummary
    pnl: PnlSummary
    counts: LotCounts
    target_returns: Mapping[str, Any] | None


def portfolio_overview(user: User, portfolio_id: UUID) -> tuple[PublishedBook, Overview]:
    """The figures of a person's portfolio: equity and P&L of its published session, exposures of what it holds now.

    Raises
    ------
    NotFound for unknown and foreign portfolios.
    """
    book = published_book(user, portfolio_id, COLUMNS)
    lots = held_lots([portfolio_id], current=book.is_current)
    sums = stored_exposures(book) if book.is_current else exposures_of(lots)
    equity = float(book.equity)
    return book, Overview(
        equity=book.equity,
        cash=round(equity - float(sums.net[0]), CENTS),
        leverage=leverage(sums, equity),
        exposures=summarise_exposures(sums, equity),
        pnl=summarise_pnl(lots, book.snapshot["cumulative_realized_pnl"], period_pnl([portfolio_id])),
        counts=count_lots(lots),
        target_returns=_targets(book),
    )


def stored_exposures(book: PublishedBook) -> Exposures:
    """The exposures of a published book (with `EXPOSURES`), to the cent of its snapshot."""
    long, short, gross, net = (np.array([float(book.snapshot[name])]) for name in EXPOSURES)
    uncounted = np.zeros(1, dtype=np.int64)
    return Exposures(long, short, gross, net, uncounted, uncounted, uncounted)


def exposures_of(lots: list[HeldLot]) -> Exposures:
    """The exposures of lots as one book."""
    values = np.array([lot.market_value for lot in lots], dtype=np.float64)
    return exposures(values, np.zeros(len(lots), dtype=np.int64), 1)


def leverage(sums: Exposures, equity: float) -> float:
    """Gross exposure over equity with two decimals, 0 without positive equity."""
    return float(np.nan_to_num(np.round(ratios(sums, np.array([equity])).leverage[0], 2)))


def summarise_exposures(sums: Exposures, equity: float) -> ExposureSummary:
    """Exposures of one book in dollars and in percent of its equity."""
    share = ratios(sums, np.array([equity]))
    of_equity = [share.long, -share.short, share.leverage, share.net_leverage]
    dollars = [round(float(values[0]), CENTS) for values in (sums.long, sums.short, sums.gross, sums.net)]
    percent = [float(np.nan_to_num(percentages(values, decimals=1)[0])) + 0.0 for values in of_equity]
    return ExposureSummary(*dollars, *percent)


def summarise_pnl(lots: list[HeldLot], realized: Decimal | None, periods: PeriodPnl) -> PnlSummary:
    """P&L of open lots, and of what the nights have booked."""
    unrealized = round(sum(lot.unrealized_pnl for lot in lots), CENTS)
    booked = float(realized or 0)
    return PnlSummary(
        total_pnl=round(unrealized + booked, CENTS),
        unrealized_pnl=unrealized,
        realized_pnl=booked,
        cumulative_pnl=float(periods.cumulative),
        ytd_pnl=float(periods.year_to_date),
        mtd_pnl=float(periods.month_to_date),
    )


def count_lots(lots: list[HeldLot]) -> LotCounts:
    """Lots by side, options apart."""
    options = sum(lot.is_option for lot in lots)
    shorts = sum(lot.is_short for lot in lots if not lot.is_option)
    return LotCounts(len(lots), len(lots) - options - shorts, shorts, options)


def _targets(book: PublishedBook) -> dict[str, Any] | None:
    if book.snapshot["target_price_return_eoy"] is None:
        return None
    return {name: book.snapshot[column] for name, column in TARGETS.items()}
