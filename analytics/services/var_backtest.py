"""Whether a portfolio lost more than its value at risk said, session by session, over the stored history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from django.db import connection
from django.db.models import Max

from analytics.engines.backtest import MINIMUM, VarBacktest, Zone, backtest, exceptions, zones
from analytics.engines.regression import Floats
from analytics.engines.tails import CONFIDENCES, METHODS, TAILS
from analytics.services.published import PublishedBook, published_book
from marketdata import calendar
from portfolios.models import Portfolio, User
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

# The same counted by portfolio, for all active ones at once, from the plain columns: they are the historical method's, in cents.
COUNTS = """
    SELECT f.id, f.name, f.results_as_of, count(*),
           count(*) FILTER (WHERE -s.daily_pnl > r.var_95_1d), count(*) FILTER (WHERE -s.daily_pnl > r.var_99_1d)
    FROM portfolios AS f
    CROSS JOIN unnest(%(days)s::date[], %(before)s::date[]) AS d (day, before)
    JOIN portfolio_snapshots AS s ON s.portfolio_id = f.id AND s.snapshot_date = d.day
    JOIN portfolio_risk AS r ON r.portfolio_id = f.id AND r.calculation_date = d.before
    WHERE f.is_active AND f.deleted_at IS NULL AND d.day <= f.results_as_of
      AND r.calculation_date BETWEEN %(first)s AND %(last)s AND s.snapshot_date BETWEEN %(first)s AND %(last)s
      AND s.daily_pnl IS NOT NULL AND r.var_95_1d IS NOT NULL AND r.var_99_1d IS NOT NULL
    GROUP BY f.id ORDER BY f.id
"""
NEWEST = """
    SELECT f.id, f.name, s.snapshot_date, -s.daily_pnl::float8, r.var_99_1d::float8
    FROM portfolios AS f
    JOIN portfolio_snapshots AS s ON s.portfolio_id = f.id AND s.snapshot_date = f.results_as_of
    JOIN LATERAL (
        SELECT var_99_1d FROM portfolio_risk
        WHERE portfolio_id = f.id AND calculation_date < s.snapshot_date AND calculation_date >= s.snapshot_date - %(days)s
        ORDER BY calculation_date DESC LIMIT 1
    ) AS r ON -s.daily_pnl > r.var_99_1d
    WHERE f.is_active AND f.deleted_at IS NULL
    ORDER BY f.id
"""
# The evening before lies at most so many days back.
LOOK_BACK = 10


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


@dataclass(frozen=True)
class ExceptionCount:
    """A portfolio's sessions with a value at risk of the evening before, losses beyond it and the zone, by confidence."""

    portfolio_id: UUID
    name: str
    as_of: dt.date
    observations: int
    exceptions: dict[float, int]
    zones: dict[float, Zone]


def exception_counts(sessions: int = SESSIONS) -> list[ExceptionCount]:
    """Every active portfolio over the last `sessions` sessions by the historical method, in two queries; nothing of single days is
    read. A session counts if its value at risk is known at both confidences."""
    newest = Portfolio.objects.filter(is_active=True, deleted_at=None).aggregate(newest=Max("results_as_of"))["newest"]
    if newest is None:
        return []
    days = calendar.sessions(calendar.shift(newest, 1 - sessions), newest)
    with connection.cursor() as cursor:
        before = [calendar.shift(day, -1) for day in days]
        cursor.execute(COUNTS, {"days": days, "before": before, "first": before[0], "last": days[-1]})
        rows = cursor.fetchall()
    seen = np.array([row[3] for row in rows], dtype=np.int64)
    hits = {level: np.array([row[4 + k] for row in rows], dtype=np.int64) for k, level in enumerate(CONFIDENCES)}
    judged = {level: zones(hits[level], seen, level) for level in CONFIDENCES}
    return [
        ExceptionCount(
            portfolio_id, name, as_of, count,
            {level: int(hits[level][p]) for level in CONFIDENCES},
            {level: Zone(int(judged[level][p])) for level in CONFIDENCES},
        )
        for p, (portfolio_id, name, as_of, count, *_) in enumerate(rows)
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class NewestException:
    """A portfolio that lost more in its published session than its value at risk (99 %) of the evening before; positive dollars."""

    portfolio_id: UUID
    name: str
    session: dt.date
    loss: float
    value_at_risk: float


def newest_exceptions() -> list[NewestException]:
    """Of all active portfolios; one query."""
    with connection.cursor() as cursor:
        cursor.execute(NEWEST, {"days": LOOK_BACK})
        return [NewestException(*row) for row in cursor.fetchall()]


def _window(portfolio_ids: Sequence[UUID], days: list[dt.date], method: str) -> dict[str, Any]:
    return {
        "ids": list(portfolio_ids),
        "days": days,
        "before": [calendar.shift(day, -1) for day in days],
        **{f"slot_{level * 100:.0f}": TAILS.index((method, 1, level)) + 1 for level in CONFIDENCES},
    }


def _pairs(portfolio_ids: Sequence[UUID], days: list[dt.date], method: str) -> tuple[Floats, list[Floats]]:
    """P&L and the value at risk before it, (T, P) each, one of the latter a confidence."""
    with connection.cursor() as cursor:
        cursor.execute(PAIRS, _window(portfolio_ids, days, method))
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
