"""How far a run is, phase by phase, for staff who watch it: read anew every two seconds, in a fixed number of queries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db.models import Count, F, Max, Min, Q, Sum
from django.utils import timezone

from analytics.batch.phases import TAKEN_APART
from analytics.models import (
    ACTIVE_STATUSES,
    BatchLogEntry,
    BatchRun,
    BatchStep,
    LogLevel,
    Phase,
    RunStatus,
    StepStatus,
)
from analytics.services.run_states import elapsed_seconds

# Prices, yields, quotes, profiles, statements, symbol volatility, marks, contracts: those of phase 1, where every step counts alike.
MARKET_STEPS = 8
ALMOST = 99
MOST_STEPS, MOST_LINES = 8, 5
# A past run tells how long this one takes if it was at most so many times larger or smaller.
ALIKE = 2.0
SHARDS = Q(name__startswith="phase ")
WHOLE = SHARDS & Q(shard_no__lt=TAKEN_APART)
WAITING, RUNNING, DONE, STOPPED = "waiting", "running", "done", "stopped"


@dataclass(frozen=True)
class PhaseState:
    """One phase of a run. status : waiting, running, done or stopped. shards : None where they are made one after the other.
    seconds : until now while it runs, None before it begins."""

    phase: Phase
    status: str
    shards_done: int
    shards: int | None
    portfolios_done: int
    portfolios_failed: int
    portfolios: int
    steps_done: int
    begun: dt.datetime | None
    seconds: float | None

    @property
    def share(self) -> float:
        """0 to 1."""
        if self.status == DONE:
            return 1.0
        if self.phase == Phase.MARKET_DATA:
            return min(self.steps_done / MARKET_STEPS, 1.0)
        return min((self.portfolios_done + self.portfolios_failed) / self.portfolios, 1.0) if self.portfolios else 0.0

    @property
    def percent(self) -> int:
        return int(100 * self.share)


@dataclass(frozen=True)
class Remaining:
    """Seconds still to go if this run fares as `like` did."""

    seconds: float
    like: BatchRun


@dataclass(frozen=True)
class RunProgress:
    """A run with its phases in order, the steps at work (first begun first), and the newest warnings and errors."""

    run: BatchRun
    phases: Sequence[PhaseState]
    at_work: Sequence[BatchStep]
    troubles: Sequence[BatchLogEntry]
    remaining: Remaining | None

    @property
    def elapsed(self) -> float:
        return elapsed_seconds(self.run)

    @cached_property
    def current(self) -> PhaseState | None:
        """The phase at work."""
        return next((one for one in self.phases if one.status == RUNNING), None)

    @property
    def place(self) -> int:
        """Which of its phases is at work, counted from 1; 0 before the first."""
        return self.phases.index(self.current) + 1 if self.current else 0

    @property
    def percent(self) -> int:
        """Every phase counts alike, within it its portfolios or steps; at most 99 until the end."""
        if self.run.status in (RunStatus.COMPLETED, RunStatus.PARTIAL):
            return 100
        share = sum(one.share for one in self.phases) / len(self.phases)
        return min(int(100 * share), ALMOST)

    @property
    def failed(self) -> int:
        """Portfolios that a phase could not compute."""
        return sum(one.portfolios_failed for one in self.phases)

    @property
    def left_out(self) -> dict[str, int]:
        """Portfolios that the run does not compute, by reason."""
        return dict(self.run.params.get("left_out", {}))

    @property
    def is_silent(self) -> bool:
        """Active without a sign of life for three beats: a worker may have died."""
        beat = dt.timedelta(seconds=3 * settings.BATCH_HEARTBEAT_SECONDS)
        return self.run.is_active and (self.run.heartbeat_at or self.run.created_at) < timezone.now() - beat


def run_progress(run: BatchRun) -> RunProgress:
    """The state of a run, in four queries at most."""
    phases = phase_states(run)
    # What each portfolio of a shard needs may be megabytes.
    working = BatchStep.objects.filter(run=run, status=StepStatus.RUNNING).defer("needs", "measured")
    lines = BatchLogEntry.objects.filter(run=run, level__in=(LogLevel.WARNING, LogLevel.ERROR)).select_related(
        "portfolio"
    )
    return RunProgress(
        run=run,
        phases=phases,
        at_work=list(working.order_by("started_at", "id")[:MOST_STEPS]) if run.is_active else [],
        troubles=list(lines.order_by("-id")[:MOST_LINES]),
        remaining=_remaining(run, phases) if run.is_active else None,
    )


def phase_states(run: BatchRun) -> list[PhaseState]:
    """The phases of a run, in one query."""
    rows = {row["phase"]: row for row in _counted(run)}
    only = run.params.get("phase")
    mine = [Phase(only)] if only else list(Phase)
    last = max((phase for phase, row in rows.items() if row["begun"]), key=Phase.values.index, default=None)
    portfolios = int(run.params.get("portfolios", 0))
    states = []
    for phase in mine:
        states.append(_state(run, phase, rows.get(phase), last, portfolios))
        portfolios -= states[-1].portfolios_failed
    return states


def other_active_runs(run: BatchRun | None) -> list[BatchRun]:
    """Active runs beside this one, first begun first."""
    runs = BatchRun.objects.filter(status__in=ACTIVE_STATUSES).select_related("requested_by", "scope_portfolio")
    others = runs.exclude(pk=run.pk) if run else runs
    return list(others.order_by("created_at")[:10])


def _counted(run: BatchRun) -> Any:
    ended = Q(status__in=(StepStatus.COMPLETED, StepStatus.FAILED))
    return (
        BatchStep.objects.filter(run=run)
        .values("phase")
        .order_by("phase")
        .annotate(
            begun=Min("started_at"),
            ended=Max("completed_at"),
            shards=Count("pk", filter=WHOLE),
            # On the workers a shard that failed is at work until its portfolios were tried one by one.
            shards_done=Count("pk", filter=WHOLE & (Q(status=StepStatus.COMPLETED) | Q(settled_at__isnull=False))),
            books_done=Sum("done", filter=WHOLE, default=0),
            books=Sum("total", filter=WHOLE, default=0),
            failed=Sum(
                F("total") - F("done"), filter=WHOLE & Q(needs__isnull=False, settled_at__isnull=False), default=0
            ),
            steps_done=Count("pk", filter=~SHARDS & ended),
        )
    )


def _state(run: BatchRun, phase: Phase, row: dict[str, Any] | None, last: str | None, portfolios: int) -> PhaseState:
    if row is None or row["begun"] is None:
        finished = run.status in (RunStatus.COMPLETED, RunStatus.PARTIAL)
        return PhaseState(phase, DONE if finished else WAITING, 0, None, 0, 0, portfolios, 0, None, None)
    status = DONE
    if phase == last or (row["shards_done"] < row["shards"]):
        stopped = run.status in (RunStatus.FAILED, RunStatus.CANCELLED)
        status = RUNNING if run.is_active else STOPPED if stopped else DONE
    over = row["ended"] if status != RUNNING else None
    return PhaseState(
        phase=phase,
        status=status,
        shards_done=row["shards_done"],
        shards=row["shards"] if run.params.get("executor") != "inline" or status == DONE else None,
        portfolios_done=row["books_done"],
        portfolios_failed=row["failed"],
        portfolios=max(portfolios, row["books"]) if phase != Phase.MARKET_DATA else portfolios,
        steps_done=row["steps_done"],
        begun=row["begun"],
        seconds=((over or timezone.now()) - row["begun"]).total_seconds(),
    )


def _remaining(run: BatchRun, phases: Sequence[PhaseState]) -> Remaining | None:
    """By the last completed run over the like: nothing is guessed where there is none."""
    if not run.total_jobs or {"collects", "job_type"} & run.params.keys():
        return None
    only = run.params.get("phase")
    alike = BatchRun.objects.filter(
        status=RunStatus.COMPLETED,
        scope_portfolio__isnull=run.scope_portfolio_id is None,
        total_jobs__gte=run.total_jobs / ALIKE,
        total_jobs__lte=run.total_jobs * ALIKE,
    ).exclude(Q(params__has_key="collects") | Q(params__has_key="job_type"))
    alike = alike.filter(params__phase=only) if only else alike.exclude(params__has_key="phase")
    like = alike.order_by("-completed_at").first()
    if like is None:
        return None
    scale = run.total_jobs / like.total_jobs
    seconds = 0.0
    for one in phases:
        took = like.phase_durations.get(f"phase_{one.phase.value.replace('.', '_')}")
        if took is None:
            return None
        seconds += scale * float(took) * (1 - one.share)
    return Remaining(seconds, like)
