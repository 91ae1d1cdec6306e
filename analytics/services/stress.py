"""What the stress scenarios do to books, as the night stored it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from analytics.services.missing import Missing, count_open_lots
from analytics.services.reasons import in_words
from analytics.services.selection import Selection

CENTS, PERCENT_DECIMALS = 2, 6
NO_RESULTS, NO_SNAPSHOT = "no_results", "no_snapshot"

# Every active scenario with its effect on each book, at the session asked for or else the one that book has published; a skipped
# scenario is NaN there.
SCENARIOS = """
    SELECT s.scenario_id, s.name, s.description, s.category, s.severity,
           sum(e.correlated) AS correlated, sum(e.direct) AS direct, sum(e.unbounded) AS unbounded, sum(e.private) AS private,
           count(e.correlated) AS books, f.plausibility_scale, f.mahalanobis_length
    FROM stress_test_scenarios AS s
    LEFT JOIN portfolios AS p ON p.id = ANY(%(ids)s)
    LEFT JOIN stress_test_results AS r ON r.portfolio_id = p.id AND r.calculation_date = coalesce(%(session)s::date, p.results_as_of)
    LEFT JOIN LATERAL (
        SELECT nullif(r.correlated_pnl[s.slot + 1], 'NaN') AS correlated, nullif(r.direct_pnl[s.slot + 1], 'NaN') AS direct,
               nullif(r.unbounded_pnl[s.slot + 1], 'NaN') AS unbounded, nullif(r.private_pnl[s.slot + 1], 'NaN') AS private
    ) AS e ON true
    LEFT JOIN scenario_factor_shocks AS f ON f.scenario_key = s.scenario_id AND f.calculation_date = %(as_of)s
    WHERE s.active
    GROUP BY s.id, f.id
    ORDER BY s.category, s.name, s.scenario_id
"""

HEADER = """
    SELECT n.net_asset_value::float8, r.coverage::float8, r.flags
    FROM stress_test_results AS r
    LEFT JOIN portfolio_snapshots AS n ON n.portfolio_id = r.portfolio_id AND n.snapshot_date = r.calculation_date
    WHERE r.portfolio_id = %(id)s AND r.calculation_date = %(session)s
"""

REASON = """
    SELECT results -> 'stress_testing' ->> 'reason' FROM engine_results WHERE portfolio_id = %(id)s AND calculation_date = %(session)s
"""


@dataclass(frozen=True)
class ScenarioEffect:
    """One scenario and what it does, in dollars.

    dollars : full revaluation under the joint shock, and percent of the value before it, and the value after it.
    direct : by the shocked factors alone. unbounded : without drawing the shock back to what the factors' history allows, which
    `plausibility_scale` (1 = untouched) and `length` (monthly standard deviations) tell. private : the part of private holdings.
    exceeds_value : the loss is larger than the value. books : how many of the books have it.
    """

    scenario_id: str
    name: str
    description: str
    category: str
    severity: str
    dollars: float
    percent: float
    value_after: float
    direct: float | None
    unbounded: float | None
    private: float | None
    plausibility_scale: float | None
    length: float | None
    exceeds_value: bool
    books: int


@dataclass(frozen=True)
class StressTest:
    """Scenarios by category and name, for a value in dollars.

    coverage : share of the holdings the scenarios reach. skipped : ids of scenarios that could not be formed. uncovered :
    holdings no scenario reaches, with the reason.
    """

    session: dt.date
    value: float
    scenarios: tuple[ScenarioEffect, ...]
    coverage: float | None
    skipped: tuple[str, ...]
    uncovered: tuple[tuple[str, str], ...]


def stress_test_of(
    portfolio_id: UUID, session: dt.date | None, *, only: Collection[str] | None = None
) -> StressTest | Missing:
    """The stress test of a book.

    Parameters
    ----------
    session : the one the book has published or an earlier one, None before the first. only : ids of the scenarios to keep, None
    for all; unknown ones are ignored.
    """
    found = None if session is None else _header(portfolio_id, session)
    if session is None or found is None:
        text = f"There are no stress tests of this book: {in_words(_why_none(portfolio_id, session))}."
        return _missing(portfolio_id, NO_RESULTS, "NO_STRESS_TEST_RESULTS", text)
    value, coverage, flags = found
    if value is None:
        text = "The book has no snapshot to relate its stress tests to."
        return _missing(portfolio_id, NO_SNAPSHOT, "NO_SNAPSHOT", text)
    if value <= 0:
        text = "The book has no positive equity to relate its stress tests to."
        return _missing(portfolio_id, NO_SNAPSHOT, "ZERO_BASELINE", text)
    effects = _effects([portfolio_id], session, value, at=session)
    wanted = tuple(effect for effect in effects if only is None or effect.scenario_id in only)
    if not wanted:
        text = "None of these scenarios has been calculated."
        return _missing(portfolio_id, NO_RESULTS, "NO_MATCHING_RESULTS", text)
    return StressTest(
        session=session,
        value=value,
        scenarios=wanted,
        coverage=coverage,
        skipped=tuple(flags.get("skipped", ())),
        uncovered=tuple((symbol, reason) for symbol, reason in flags.get("uncovered", ())),
    )


@dataclass(frozen=True)
class AggregateStressTest:
    """Scenarios by category and name, added over books; `books_with_results` of them have any."""

    session: dt.date
    scenarios: tuple[ScenarioEffect, ...]
    books_with_results: int


def aggregate_stress_test(selection: Selection) -> AggregateStressTest | None:
    """The stress tests of a selection added up, in percent of its total value; None if no book has one or the value is not positive."""
    total = float(selection.total_value)
    if selection.as_of is None or total <= 0:
        return None
    effects = _effects(selection.ids, selection.as_of, total)
    most = max((effect.books for effect in effects), default=0)
    return AggregateStressTest(selection.as_of, effects, most) if most else None


def _why_none(portfolio_id: UUID, session: dt.date | None) -> str | None:
    """What the engine said where it stored no result; None if it did not run."""
    with connection.cursor() as cursor:
        cursor.execute(REASON, {"id": portfolio_id, "session": session})
        row = cursor.fetchone()
    return None if row is None else row[0]


def _header(portfolio_id: UUID, session: dt.date) -> tuple[float | None, float | None, Mapping[str, Any]] | None:
    """Equity, coverage and flags of a stored stress test; None if there is none."""
    with connection.cursor() as cursor:
        cursor.execute(HEADER, {"id": portfolio_id, "session": session})
        row = cursor.fetchone()
    return None if row is None else (row[0], row[1], orjson.loads(row[2]) if row[2] else {})


def _effects(
    portfolio_ids: Sequence[UUID], session: dt.date, value: float, *, at: dt.date | None = None
) -> tuple[ScenarioEffect, ...]:
    with connection.cursor() as cursor:
        cursor.execute(SCENARIOS, {"ids": list(portfolio_ids), "as_of": session, "session": at})
        rows = cursor.fetchall()
    return tuple(_effect(row, value) for row in rows if row[9])


def _effect(row: Any, value: float) -> ScenarioEffect:
    scenario_id, name, description, category, severity, dollars, direct, unbounded, private, books, scale, length = row
    return ScenarioEffect(
        scenario_id=scenario_id,
        name=name,
        description=description,
        category=category,
        severity=severity,
        dollars=round(dollars, CENTS),
        percent=round(100 * dollars / value, PERCENT_DECIMALS),
        value_after=round(value + dollars, CENTS),
        direct=_cents(direct),
        unbounded=_cents(unbounded),
        private=_cents(private),
        plausibility_scale=scale,
        length=length,
        exceeds_value=dollars < -value,
        books=books,
    )


def _cents(value: float | None) -> float | None:
    return None if value is None else round(value, CENTS)


def _missing(portfolio_id: UUID, reason: str, flag: str, message: str) -> Missing:
    return Missing(reason, flag, message, 0, count_open_lots([portfolio_id]))
