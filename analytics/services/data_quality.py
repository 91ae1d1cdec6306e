"""What can be computed for a book with the prices there are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from analytics.services.lot_history import COMPLETE_SESSIONS, LotHistory, histories, history_window
from marketdata import calendar
from marketdata.services.securities import FACTOR_FUNDS
from portfolios.models import Portfolio
from portfolios.services.valued_lots import valued_lots

# Sessions with a price that each calculation needs. Below the least of them a lot is good for nothing.
CORRELATION_SESSIONS = 30
FACTOR_SESSIONS = 60
VOLATILITY_SESSIONS = 20
CORRELATED_SYMBOLS = 2


@dataclass(frozen=True, slots=True)
class Feasibility:
    """Whether a calculation can be done, with how many lots, and how many have too little history."""

    feasible: bool
    eligible: int
    excluded: int
    sessions: int


def correlation_feasibility(lots: Sequence[LotHistory]) -> Feasibility:
    """Correlations need two symbols with 30 sessions."""
    return _feasibility(lots, CORRELATION_SESSIONS, CORRELATED_SYMBOLS)


def factor_feasibility(lots: Sequence[LotHistory]) -> Feasibility:
    """Factor betas need a symbol with 60 sessions."""
    return _feasibility(lots, FACTOR_SESSIONS, 1)


def volatility_feasibility(lots: Sequence[LotHistory]) -> Feasibility:
    """Volatilities need a symbol with 20 sessions."""
    return _feasibility(lots, VOLATILITY_SESSIONS, 1)


def _feasibility(lots: Sequence[LotHistory], sessions: int, symbols: int) -> Feasibility:
    eligible = [lot.follows for lot in lots if lot.days >= sessions]
    return Feasibility(len(set(eligible)) >= symbols, len(eligible), len(lots) - len(eligible), sessions)


@dataclass(frozen=True, slots=True)
class FundCoverage:
    """Symbols of the factors' funds with 150 sessions, with some, with none."""

    complete: list[str]
    partial: list[str]
    missing: list[str]


@dataclass(frozen=True, slots=True)
class DataQuality:
    """as_of : the last session looked at, closed at `closed_at`. Lots by symbol; `funds` only if asked for."""

    as_of: dt.date
    closed_at: dt.datetime
    lots: Sequence[LotHistory]
    correlations: Feasibility
    factors: Feasibility
    volatility: Feasibility
    funds: FundCoverage | None

    @property
    def complete(self) -> list[LotHistory]:
        return [lot for lot in self.lots if lot.complete]

    @property
    def partial(self) -> list[LotHistory]:
        return [lot for lot in self.lots if not lot.complete and lot.days >= VOLATILITY_SESSIONS]

    @property
    def insufficient(self) -> list[LotHistory]:
        return [lot for lot in self.lots if lot.days < VOLATILITY_SESSIONS]

    @property
    def coverage(self) -> float:
        """Percent of the lots that are complete."""
        return round(100 * len(self.complete) / len(self.lots), 2) if self.lots else 0.0


def assess_data(book: Portfolio, *, with_funds: bool) -> DataQuality:
    """The price history behind the open lots of a portfolio, at its newest results, in two queries."""
    window = history_window(book)
    lots, days = histories(valued_lots([book.pk]), window, symbols=FACTOR_FUNDS if with_funds else ())
    funds = FundCoverage(
        complete=[symbol for symbol, count in days.items() if count >= COMPLETE_SESSIONS],
        partial=[symbol for symbol, count in days.items() if 0 < count < COMPLETE_SESSIONS],
        missing=[symbol for symbol, count in days.items() if not count],
    )
    return DataQuality(
        as_of=window.last,
        closed_at=calendar.close_instant(window.last),
        lots=lots,
        correlations=correlation_feasibility(lots),
        factors=factor_feasibility(lots),
        volatility=volatility_feasibility(lots),
        funds=funds if with_funds else None,
    )
