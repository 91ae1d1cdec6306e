"""Whether a portfolio lost more than its value at risk said, session by session, over the stored history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection

from analytics.engines.backtest import MINIMUM, VarBacktest, Zone, backtest, exceptions
from analytics.engines.regression import Floats
from analytics.engines.tails import CONFIDENCES, METHODS, TAILS
from analytics.services.published import PublishedBook, published_book
from marketdata import calendar
from portfolios.models import User
from sigmasight.core.errors import DomainError

# The Basel Committee's year.
SESSIONS = 250
DIGITS = 6
NOT_CALCULATED, TOO_FEW = "no_calculation_available", "insufficient_data"

# The loss of a session beside the value at risk of the evening before it.
PAIRS = """
    SELECT f.id, d.place, s.daily_pnl::float8, r.tail_var[%(slot_95)s], r.tail_var[%(slot_99)s]
    FROM portfolios AS f
    CROSS JOIN unnest(%(days)s::date[], %(before)s::date[]) WITH ORDINALITY AS d (day, before, place)
    JOIN portfolio_snapshots AS s ON s.portfolio_id = f.id AND s.snapshot_date = d.day
    JOIN portfolio_risk AS r ON r.portfolio_id = f.id AND r.calculation_date = d.before
    WHERE f.id = ANY(%(ids)s) AND d.day <= f.results_as_of
"""


@dataclass(frozen=True, slots=True)
class Exceeded:
    """A session that lost more than the value at risk of the evening before, positive dollars each."""

    session: dt.date
    loss: float
    value_at_risk: float


@dataclass(frozen=True)
class Backtest:
    """Value at risk of one session at one confidence against what came. Statistics are likelihood ratios; a small p-value speaks
    against the value at risk. Below 60 sessions they are None, the zone is None and `reason` says so."""

    method: str
    confidence: float
    window_from: dt.date | None
    window_to: dt.date | None
    observations: int
    exceptions: int
    expected: float
    kupiec: float | None
    kupiec_p_value: float | None
    independence: float | None
    independence_p_value: float | None
    coverage: float | None
    coverage_p_value: float | None
    zone: str | None
    exceeded: tuple[Exceeded, ...]
    reason: str | None


def var_backtest(
    user: User, portfolio_id: UUID, *, method: str = "historical", sessions: int = SESSIONS
) -> tuple[PublishedBook, list[Backtest]]:
    """A person's portfolio at 95 and 99 % over its last `sessions` sessions; empty before the first night.

    Raises
    ------
    NotFound for unknown and foreign portfolios. DomainError for an unknown method.
    """
    book = published_book(user, portfolio_id)
    if book.as_of is None:
        return book, []
    return book, var_backtests([portfolio_id], book.as_of, method=method, sessions=sessions)[portfolio_id]


def var_backtests(
    portfolio_ids: Sequence[UUID], as_of: dt.date, *, method: str = "historical", sessions: int = SESSIONS
) -> dict[UUID, list[Backtest]]:
    """Backtests of many portfolios in one query, at 95 and 99 % each.

    Profit and loss are the ledger's of each session: what was traded on the day and revaluations of private holdings are in it,
    deposits and withdrawals are not. The value at risk is that of the evening before, of the holdings then.

    Parameters
    ----------
    as_of : the last session of the window. method : one of `METHODS`. sessions : length of the window.

    Raises
    ------
    DomainError for an unknown method.
    """
    if method not in METHODS:
        raise DomainError("unknown_method", f"Choose one of the methods {', '.join(METHODS)}.")
    days = calendar.sessions(calendar.shift(as_of, 1 - sessions), as_of)
    pnl, tails = _pairs(portfolio_ids, days, method)
    found: dict[UUID, list[Backtest]] = {portfolio: [] for portfolio in portfolio_ids}
    for level, var in zip(CONFIDENCES, tails, strict=True):
        tested = backtest(pnl, var, level)
        hit, known = exceptions(pnl, var)
        for p, portfolio in enumerate(portfolio_ids):
            used = np.flatnonzero(known[:, p]).tolist()
            beyond = tuple(
                Exceeded(days[t], round(-float(pnl[t, p]), 2), round(float(var[t, p]), 2))
                for t in np.flatnonzero(hit[:, p]).tolist()
            )
            window = (days[used[0]], days[used[-1]]) if used else (None, None)
            found[portfolio].append(_described(tested, p, method, level, window, beyond))
    return found


def _pairs(portfolio_ids: Sequence[UUID], days: list[dt.date], method: str) -> tuple[Floats, list[Floats]]:
    """P&L and the value at risk before it, (T, P) each, one of the latter a confidence."""
    given: dict[str, Any] = {
        "ids": list(portfolio_ids),
        "days": days,
        "before": [calendar.shift(day, -1) for day in days],
        **{f"slot_{level * 100:.0f}": TAILS.index((method, 1, level)) + 1 for level in CONFIDENCES},
    }
    with connection.cursor() as cursor:
        cursor.execute(PAIRS, given)
        rows = cursor.fetchall()
    column = {portfolio: p for p, portfolio in enumerate(portfolio_ids)}
    shape = (len(days), len(portfolio_ids))
    pnl, tails = np.full(shape, np.nan), [np.full(shape, np.nan) for _ in CONFIDENCES]
    for portfolio, place, made, *levels in rows:
        cell = (place - 1, column[portfolio])
        pnl[cell] = np.nan if made is None else made
        for tail, value in zip(tails, levels, strict=True):
            tail[cell] = np.nan if value is None else value
    return pnl, tails


def _described(
    tested: VarBacktest, p: int, method: str, confidence: float, window: tuple[dt.date | None, dt.date | None],
    beyond: tuple[Exceeded, ...],
) -> Backtest:  # fmt: skip
    observations, zone = int(tested.observations[p]), Zone(int(tested.zone[p]))
    names = ("kupiec", "kupiec_p_value", "independence", "independence_p_value", "coverage", "coverage_p_value")
    figures = {name: float(getattr(tested, name)[p]) for name in names}
    reason = None
    if observations < MINIMUM:
        reason = TOO_FEW if observations else NOT_CALCULATED
    return Backtest(
        method=method,
        confidence=confidence,
        window_from=window[0],
        window_to=window[1],
        observations=observations,
        exceptions=int(tested.exceptions[p]),
        expected=round(float(tested.expected[p]), 2),
        **{name: None if value != value else round(value, DIGITS) for name, value in figures.items()},
        zone=None if zone is Zone.UNKNOWN else zone.name.lower(),
        exceeded=beyond,
        reason=reason,
    )
