"""One run as it went, for staff: its steps on the clock, its shards, the portfolios that failed, and two runs side by side."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from analytics.batch.again import failed_ids, to_retry
from analytics.batch.phases import TAKEN_APART
from analytics.models import BatchRun, BatchStep, EngineResult, Phase, RunStatus, SessionCoverage, StepStatus
from analytics.services.run_history import run_seconds
from portfolios.models import Portfolio

MOST_STEPS_DRAWN, MOST_SHARDS, MOST_FAILURES = 400, 100, 200
UNKNOWN_REASON = "no step of its own says why; the run's log may"
NOT_REACHED = "the run ended before its shard was done"


@dataclass(frozen=True)
class Failure:
    """A portfolio that a run did not compute: the phase in which it was lost, and why. `name` is "" if it is gone."""

    portfolio_id: UUID
    name: str
    phase: str
    reason: str


@dataclass(frozen=True)
class Failures:
    """The first portfolios that failed, how many there are, and how many of them a retry would compute now."""

    shown: Sequence[Failure]
    total: int
    to_retry: int


@dataclass(frozen=True)
class Engine:
    """How an engine fared at a session: portfolios by status, the partial and skipped ones with their reasons."""

    name: str
    ok: int
    others: Sequence[tuple[str, str, int]]


@dataclass(frozen=True)
class Side:
    """One of two runs that are compared. seconds : by phase, None where it did not run."""

    run: BatchRun
    total: float | None
    seconds: dict[Phase, float | None]
    coverage: SessionCoverage | None
    failed: frozenset[UUID]


@dataclass(frozen=True)
class Comparison:
    """Two runs; portfolios that failed in the second alone, in the first alone, and in both, by name."""

    first: Side
    second: Side
    newly_failed: Sequence[tuple[UUID, str]]
    mended: Sequence[tuple[UUID, str]]
    still_failed: Sequence[tuple[UUID, str]]


def steps_on_the_clock(run: BatchRun) -> list[BatchStep]:
    """Steps and shards that were begun, in order; the first few hundred."""
    begun = BatchStep.objects.filter(run=run, started_at__isnull=False, shard_no__lt=TAKEN_APART)
    columns = ("run_id", "phase", "name", "shard_no", "status", "started_at", "completed_at")
    return list(begun.order_by("started_at", "id").only(*columns)[:MOST_STEPS_DRAWN])


def shards_of(run: BatchRun, *, failed: bool = False) -> QuerySet[BatchStep]:
    """Steps and shards, failed ones first, then running, waiting and completed ones, in their order."""
    places = (StepStatus.FAILED, StepStatus.RUNNING, StepStatus.PENDING)
    order = Case(
        *(When(status=status, then=Value(at)) for at, status in enumerate(places)),
        default=Value(len(places)),
        output_field=IntegerField(),
    )
    steps = BatchStep.objects.filter(run=run).alias(place=order).defer("needs", "measured")
    return (steps.filter(status=StepStatus.FAILED) if failed else steps).order_by("place", "phase", "id")


def failures(run: BatchRun) -> Failures:
    """The portfolios that a run lost, with the reasons that its steps give, in four queries."""
    if run.is_active:
        return Failures([], 0, 0)
    steps = BatchStep.objects.filter(Q(needs__isnull=False) | Q(status=StepStatus.FAILED, total=1), run=run).order_by(
        "id"
    )
    lost: dict[UUID, tuple[str, str]] = {}
    own: dict[UUID, tuple[str, str]] = {}
    rows = steps.values_list("phase", "error", "needs", "settled_at", "total", "portfolio_from")
    for phase, error, needs, settled_at, total, portfolio_id in rows:
        for packed in needs or ():
            lost[UUID(packed["id"])] = (phase, error if settled_at else NOT_REACHED)
        if total == 1 and portfolio_id is not None and (error or portfolio_id not in lost):
            own[portfolio_id] = (phase, error)
    told = lost | own
    names = dict(
        Portfolio.objects.filter(pk__in=sorted(told)[:MOST_FAILURES], deleted_at=None).values_list("pk", "name")
    )
    shown = [
        Failure(portfolio_id, names.get(portfolio_id, ""), phase, error or UNKNOWN_REASON)
        for portfolio_id, (phase, error) in sorted(told.items())[:MOST_FAILURES]
    ]
    return Failures(shown, len(told), len(to_retry(run, told.keys())) if told else 0)


def retries_of(run: BatchRun) -> list[BatchRun]:
    """Runs that did again what failed in this one, first one first."""
    return list(BatchRun.objects.filter(params__retry_of=str(run.pk)).order_by("created_at"))


def coverage_at(session: dt.date | None) -> SessionCoverage | None:
    """How many held symbols had a price at a session, as it was counted last."""
    return SessionCoverage.objects.filter(session=session).first() if session else None


def engines_at(run: BatchRun) -> list[Engine]:
    """How every engine fared at the last session of a run, as stored now, by portfolios; one query over all of them."""
    if run.target_to is None:
        return []
    statement = f"""
        SELECT e.key, e.value ->> 'status' AS status, coalesce(e.value ->> 'reason', '') AS reason, count(*)
        FROM {EngineResult._meta.db_table} r, jsonb_each(r.results) AS e
        WHERE r.calculation_date = %(day)s AND (%(book)s::uuid IS NULL OR r.portfolio_id = %(book)s::uuid)
        GROUP BY 1, 2, 3 ORDER BY 1, 4 DESC
    """
    with connection.cursor() as cursor:
        cursor.execute(statement, {"day": run.target_to, "book": run.scope_portfolio_id})
        rows = cursor.fetchall()
    engines = []
    for name in dict.fromkeys(row[0] for row in rows):
        mine = [row[1:] for row in rows if row[0] == name]
        others = [(status, reason, count) for status, reason, count in mine if status != "ok"]
        engines.append(Engine(name, sum(count for status, _, count in mine if status == "ok"), others))
    return engines


def compare(first: BatchRun, second: BatchRun) -> Comparison:
    """Two runs side by side, in seven queries at most."""
    one, other = _side(first), _side(second)
    before, after = one.failed, other.failed
    names = dict(Portfolio.objects.filter(pk__in=before | after, deleted_at=None).values_list("pk", "name"))

    def named(ids: frozenset[UUID]) -> list[tuple[UUID, str]]:
        return sorted(((one, names.get(one, "")) for one in ids), key=lambda pair: (pair[1], pair[0]))[:MOST_FAILURES]

    return Comparison(one, other, named(after - before), named(before - after), named(before & after))


def comparable_runs(most: int = 60) -> list[BatchRun]:
    """Runs that have ended, latest first."""
    ended = BatchRun.objects.exclude(status__in=(RunStatus.QUEUED, RunStatus.RUNNING))
    return list(ended.select_related("scope_portfolio").order_by("-created_at", "id")[:most])


def run_before(run: BatchRun) -> BatchRun | None:
    """The run of the same kind and scope that ended before this one."""
    before = BatchRun.objects.filter(
        kind=run.kind, scope_portfolio_id=run.scope_portfolio_id, created_at__lt=run.created_at
    )
    return before.exclude(status__in=(RunStatus.QUEUED, RunStatus.RUNNING)).order_by("-created_at", "id").first()


def _side(run: BatchRun) -> Side:
    seconds = {phase: run.phase_durations.get(f"phase_{phase.value.replace('.', '_')}") for phase in Phase}
    return Side(run, run_seconds(run), seconds, coverage_at(run.target_to), frozenset(failed_ids(run)))
