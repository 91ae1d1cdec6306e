"""What a portfolio may lose: value at risk and expected shortfall by every method, as the night stored them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from analytics.engines.risk import LOOKBACK
from analytics.engines.tails import TAILS
from analytics.models import PortfolioRisk
from analytics.services.published import PublishedBook, published_book
from marketdata import calendar
from portfolios.models import User

ENGINE, PART = "portfolio_aggregation", "value_at_risk"
NO_POSITIONS, NO_PUBLIC, TOO_FEW, NOT_CALCULATED = (
    "no_active_positions",
    "no_public_positions",
    "insufficient_data",
    "no_calculation_available",
)
FRACTION_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Tail:
    """One method at one horizon (sessions) and confidence: positive dollars of loss, and the value at risk as a fraction of
    equity (None without positive equity). `explanation` is a heading of `docs/measures.md`."""

    method: str
    horizon: int
    confidence: float
    value_at_risk: float
    expected_shortfall: float
    share_of_equity: float | None
    explanation: str


@dataclass(frozen=True)
class ValueAtRisk:
    """Tails of a portfolio at its published session, from `observations` used days of the window; `volatility` is the standard
    deviation of a session in dollars. Without tails `reason` says why."""

    as_of: dt.date | None
    window_from: dt.date | None
    observations: int
    volatility: float | None
    tails: tuple[Tail, ...]
    reason: str | None
    skipped: tuple[tuple[str, str], ...]

    def tail(self, method: str, horizon: int, confidence: float) -> Tail | None:
        """One of the tails, None where it is not known."""
        wanted = (method, horizon, confidence)
        return next((t for t in self.tails if (t.method, t.horizon, t.confidence) == wanted), None)


def value_at_risk(user: User, portfolio_id: UUID) -> tuple[PublishedBook, ValueAtRisk]:
    """Every stored tail of a person's portfolio, in the order of `TAILS`, in two queries.

    Raises
    ------
    NotFound for unknown and foreign portfolios.
    """
    book = published_book(user, portfolio_id, engine=ENGINE)
    return book, value_at_risk_of(book)


def value_at_risk_of(book: PublishedBook) -> ValueAtRisk:
    """Every stored tail of a book read with `ENGINE`, in one query."""
    row = None
    if book.as_of is not None:
        row = PortfolioRisk.objects.filter(portfolio=book.portfolio_id, calculation_date=book.as_of).first()
    if book.as_of is None or row is None:
        return ValueAtRisk(book.as_of, None, 0, None, (), NOT_CALCULATED, ())
    equity = float(book.equity)
    tails = tuple(
        Tail(
            method,
            horizon,
            confidence,
            var,
            beyond,
            round(var / equity, FRACTION_DIGITS) if equity > 0 else None,
            method,
        )
        for (method, horizon, confidence), var, beyond in zip(
            TAILS, row.tail_var or (), row.tail_expected_shortfall or (), strict=False
        )
        if var is not None and beyond is not None
    )
    return ValueAtRisk(
        as_of=book.as_of,
        window_from=calendar.shift(book.as_of, 1 - LOOKBACK),
        observations=row.observations or 0,
        volatility=row.volatility_daily,
        tails=tails,
        reason=None if tails else why_none(book.engine),
        skipped=tuple((symbol, reason) for symbol, reason in book.engine.get("skipped", ())),
    )


def why_none(document: Mapping[str, Any]) -> str:
    """Why a book has no value at risk, from what the engine said of itself."""
    if document.get("reason") == NO_POSITIONS:
        return NO_POSITIONS
    total = document.get("positions_total", 0)
    if total and document.get("positions_private") == total:
        return NO_PUBLIC
    return str(document.get(PART, {}).get("reason") or TOO_FEW)
