"""What staff look at first in the morning: how the last night went, and how the nights before did."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from redis.exceptions import RedisError

from analytics.models import BatchRun, Phase, RunKind, RunStatus, SessionCoverage
from analytics.services.run_history import BEGUN, run_seconds
from portfolios.models import Portfolio, Position

PHASES = {f"phase_{phase.value.replace('.', '_')}": phase.label for phase in Phase}
NIGHTS = 30
COVERED_SESSIONS = 60
EMPTY_SECONDS = 300


@dataclass(frozen=True)
class BooksReached:
    """Active portfolios by whether they have published the results of a session: `computed`, `empty` (published, without an
    open lot, so that engines skip them), `behind` (failed or not reached). Portfolios opened since the run began wait for the next."""

    computed: int
    empty: int
    behind: int


@dataclass(frozen=True)
class NightReport:
    """run : the last run over all portfolios, None before the first. phases : (name, seconds) in order. coverage : of its
    target session, None if no session was counted."""

    run: BatchRun | None
    phases: Sequence[tuple[str, float]]
    books: BooksReached | None
    coverage: SessionCoverage | None

    @property
    def seconds(self) -> float | None:
        return run_seconds(self.run) if self.run else None

    @property
    def tone(self) -> str:
        """good, warn or bad, as the console colours it."""
        if self.run is None:
            return "warn"
        return {RunStatus.FAILED: "bad", RunStatus.CANCELLED: "bad", RunStatus.PARTIAL: "warn"}.get(
            RunStatus(self.run.status), "good"
        )

    @property
    def errors(self) -> list[str]:
        """The first errors of the run, in words."""
        details = (self.run.error_summary or {}).get("details", []) if self.run else []
        return [str(one) for one in details[:3]]


@dataclass(frozen=True)
class NightBefore:
    """A past run over all portfolios: when it began, how it ended, how long it took."""

    began: dt.datetime
    status: str
    seconds: float | None


def last_night() -> NightReport:
    """The last run over all portfolios, in four queries at most."""
    run = nights().first()
    if run is None:
        return NightReport(None, [], None, None)
    phases = [(name, float(run.phase_durations[key])) for key, name in PHASES.items() if key in run.phase_durations]
    if run.target_to is None:
        return NightReport(run, phases, None, None)
    coverage = SessionCoverage.objects.filter(session__lte=run.target_to).order_by("-session").first()
    return NightReport(run, phases, _books_at(run, run.target_to), coverage)


def nights_before(most: int = NIGHTS) -> list[NightBefore]:
    """The last nights, oldest first, in one query."""
    runs = nights().filter(status__in=(RunStatus.COMPLETED, RunStatus.PARTIAL, RunStatus.FAILED))[:most]
    return [NightBefore(run.started_at or run.created_at, run.status, run_seconds(run)) for run in reversed(list(runs))]


def coverage_by_session(most: int = COVERED_SESSIONS) -> list[tuple[dt.date, float]]:
    """Sessions with the share of held symbols that had a price, in percent, oldest first; one query."""
    rows = SessionCoverage.objects.order_by("-session").values_list("session", "data_coverage_pct")[:most]
    return [(session, float(percent)) for session, percent in reversed(list(rows))]


def coverage_floor() -> float:
    """The percentage below which a session is not marked."""
    return 100 * settings.BATCH_COVERAGE_FLOOR


def nights() -> QuerySet[BatchRun]:
    """Runs over all portfolios, the latest first."""
    return BatchRun.objects.filter(scope_portfolio=None).exclude(kind=RunKind.FIX).order_by(BEGUN.desc(), "id")


def _books_at(run: BatchRun, session: dt.date) -> BooksReached:
    active = Portfolio.objects.filter(is_active=True, deleted_at=None)
    reached = Q(results_as_of__gte=session)
    # Opened since: the next night is their first, they are not behind.
    there = Q(created_at__lte=run.started_at or run.created_at)
    row = active.aggregate(reached=Count("pk", filter=reached), all=Count("pk", filter=reached | there))
    empty = min(_empty_books(run, session), row["reached"])
    return BooksReached(row["reached"] - empty, empty, row["all"] - row["reached"])


def _empty_books(run: BatchRun, session: dt.date) -> int:
    """Portfolios that published a session without an open lot. Looking at every lot takes a while where there are millions, and
    changes little: counted once for a state of the run, every five minutes at most."""
    key = f"night_report:empty:{run.pk}:{run.status}:{run.completed_jobs}"
    with suppress(RedisError):
        if (known := cache.get(key)) is not None:
            return int(known)
    lots = Position.objects.filter(portfolio=OuterRef("pk"), deleted_at=None, exit_date=None)
    reached = Portfolio.objects.filter(is_active=True, deleted_at=None, results_as_of__gte=session)
    count = reached.filter(~Exists(lots)).count()
    with suppress(RedisError):
        cache.set(key, count, EMPTY_SECONDS)
    return count
