"""How far the computation of a portfolio is, for its owner: the newest run that covers it, its phases, what it said."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from analytics.models import BatchLogEntry, BatchRun, BatchStep, LogLevel, Phase, RunStatus, StepStatus
from portfolios.models import Portfolio
from sigmasight.core.errors import NotFound

RUNNING, COMPLETED, FAILED, PENDING, NOT_FOUND = "running", "completed", "failed", "pending", "not_found"
UNIT = "steps"
MOST_SHOWN = 50
ALMOST = 99
ENDED = (StepStatus.COMPLETED, StepStatus.FAILED, StepStatus.SKIPPED)


@dataclass(frozen=True, slots=True)
class PhaseProgress:
    """One phase of the run. current : steps that have ended; total : steps that have begun. seconds : None before it begins."""

    id: str
    name: str
    status: str
    current: int
    total: int
    seconds: int | None


@dataclass(frozen=True, slots=True)
class LogLine:
    at: dt.datetime
    message: str
    level: str


@dataclass(frozen=True, slots=True)
class SetupProgress:
    """status : running, completed, failed, or not_found where no run has covered the portfolio. percent : 0 to 100, at most 99
    until the end. phases : all four in order, empty without a run. log : oldest first. kind : of the run, "none" without one."""

    status: str
    kind: str
    started_at: dt.datetime | None
    elapsed_seconds: int
    percent: int
    phases: Sequence[PhaseProgress]
    log: Sequence[LogLine]

    @property
    def current(self) -> PhaseProgress | None:
        """The phase at work; None before the first and after the last."""
        return next((phase for phase in self.phases if phase.status == RUNNING), None)

    @property
    def phases_completed(self) -> int:
        return sum(phase.status == COMPLETED for phase in self.phases)


def setup_progress(book: Portfolio, *, most_lines: int | None = MOST_SHOWN) -> SetupProgress:
    """The newest run of this portfolio, or of all since it was made, in three queries. `most_lines` keeps the newest of its log.

    Of a run of all portfolios only what concerns this one is told, and no exception's text.
    """
    run = (
        BatchRun.objects.filter(
            Q(scope_portfolio=book) | Q(scope_portfolio__isnull=True, created_at__gte=book.created_at)
        )
        # A refresh of prices computes no portfolio.
        .exclude(params__has_key="collects")
        # A retry of several portfolios says nothing to the others.
        .exclude(scope_portfolio__isnull=True, params__has_key="retry_of")
        .order_by("-created_at", "id")
        .first()
    )
    if run is None:
        done = book.results_as_of is not None
        return SetupProgress(COMPLETED if done else NOT_FOUND, "none", None, 0, 100 if done else 0, (), ())
    steps: dict[str, list[BatchStep]] = defaultdict(list)
    for step in BatchStep.objects.filter(run=run).exclude(status=StepStatus.PENDING).order_by("id"):
        steps[step.phase].append(step)
    now = timezone.now()
    failed = _failed_phases(book.pk, run, steps)
    phases = _phases(run, steps, failed, now)
    began = run.started_at or run.created_at
    return SetupProgress(
        status=RUNNING if run.is_active else FAILED if failed or _stopped(run) else COMPLETED,
        kind=run.kind,
        started_at=began,
        elapsed_seconds=int(((run.completed_at or now) - began).total_seconds()),
        percent=_percent(run, phases),
        phases=phases,
        log=_log(book.pk, run, steps, most_lines),
    )


def setup_log(book: Portfolio) -> SetupProgress:
    """The same with the whole log.

    Raises
    ------
    NotFound if no run has covered the portfolio.
    """
    progress = setup_progress(book, most_lines=None)
    if not progress.phases:
        raise NotFound("no_logs_available", "There is no log: no computation has covered this portfolio yet.")
    return progress


def _stopped(run: BatchRun) -> bool:
    return run.status in (RunStatus.FAILED, RunStatus.CANCELLED)


def _failed_phases(portfolio_id: UUID, run: BatchRun, steps: dict[str, list[BatchStep]]) -> set[str]:
    """Phases that failed for this portfolio: its own steps, and the last one of a run that stopped."""
    failed = {
        phase
        for phase, mine in steps.items()
        if any(s.status == StepStatus.FAILED and s.portfolio_from == s.portfolio_to == portfolio_id for s in mine)
    }
    if _stopped(run) and steps:
        failed.add(max(steps, key=Phase.values.index))
    return failed


def _phases(
    run: BatchRun, steps: dict[str, list[BatchStep]], failed: set[str], now: dt.datetime
) -> list[PhaseProgress]:
    last = max(steps, key=Phase.values.index, default=None)
    phases = []
    for phase in Phase:
        mine = steps.get(phase, [])
        if phase in failed:
            status = FAILED
        elif mine:
            status = RUNNING if run.is_active and phase == last else COMPLETED
        else:
            status = PENDING if run.is_active or _stopped(run) else COMPLETED
        key = f"phase_{phase.value.replace('.', '_')}"
        ended = sum(step.status in ENDED for step in mine)
        phases.append(PhaseProgress(key, str(phase.label), status, ended, len(mine), _seconds(mine, now)))
    return phases


def _seconds(steps: Sequence[BatchStep], now: dt.datetime) -> int | None:
    begun = [step.started_at for step in steps if step.started_at]
    if not begun:
        return None
    return int((max(step.completed_at or now for step in steps) - min(begun)).total_seconds())


def _percent(run: BatchRun, phases: Sequence[PhaseProgress]) -> int:
    """Every phase counts the same; the one at work by the part of its steps that have ended."""
    if not run.is_active and not _stopped(run):
        return 100
    parts = [
        1.0 if phase.status == COMPLETED else phase.current / phase.total if phase.total else 0.0 for phase in phases
    ]
    return min(ALMOST, int(100 * sum(parts) / len(parts)))


def _log(portfolio_id: UUID, run: BatchRun, steps: dict[str, list[BatchStep]], most_lines: int | None) -> list[LogLine]:
    """What the run wrote down for the owner, and when each phase began and ended, by time."""
    told = Q(portfolio_id=portfolio_id)
    if run.scope_portfolio_id == portfolio_id:
        told |= Q(portfolio__isnull=True)
    entries = BatchLogEntry.objects.filter(told, run=run).order_by("-id")[:most_lines]
    lines = [LogLine(entry.at, entry.message, entry.level) for entry in entries]
    for phase in Phase:
        mine = steps.get(phase, [])
        begun = [step.started_at for step in mine if step.started_at]
        if begun:
            lines.append(LogLine(min(begun), f"{phase.label}: started", LogLevel.INFO.value))
        if begun and all(step.completed_at for step in mine):
            ended = max(step.completed_at for step in mine if step.completed_at)
            lines.append(LogLine(ended, f"{phase.label}: ended", LogLevel.INFO.value))
    lines.sort(key=lambda line: line.at)
    return lines if most_lines is None else lines[-most_lines:]
