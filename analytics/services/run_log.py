"""What a run said, for staff: the lines it wrote, when each phase began and ended, and the errors of its steps; to be filtered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Max, Min, Q

from analytics.models import BatchLogEntry, BatchRun, BatchStep, LogLevel, Phase, StepStatus
from sigmasight.core.csv_export import csv_text

HEADER = ("at", "level", "phase", "portfolio", "message")
# Errors of single steps that are told; their number stands in the run's figures.
MOST_ERRORS = 1_000
# A phase with its begin and its end so far.
Span = tuple[str, dt.datetime, dt.datetime | None]


@dataclass(frozen=True, slots=True)
class RunLine:
    """One line. phase : the one that was at work, "" before the first. portfolio : whom it is about, "" for all; without an
    id if it is deleted by now."""

    at: dt.datetime
    level: str
    phase: str
    message: str
    portfolio: str = ""
    portfolio_id: UUID | None = None


@dataclass(frozen=True)
class LogFilter:
    """Empty strings let everything through. text : part of the message or of the portfolio's name, in any case."""

    level: str = ""
    phase: str = ""
    text: str = ""

    def lets_through(self, line: RunLine) -> bool:
        wanted = self.text.casefold()
        return (
            self.level in ("", line.level)
            and self.phase in ("", line.phase)
            and (not wanted or wanted in line.message.casefold() or wanted in line.portfolio.casefold())
        )


def run_lines(run: BatchRun, chosen: LogFilter | None = None) -> list[RunLine]:
    """The lines of a run that a filter lets through, oldest first, in three queries."""
    spans: list[Span] = [
        (phase, begun, ended)
        for phase, begun, ended in BatchStep.objects.filter(run=run, started_at__isnull=False)
        .values("phase")
        .annotate(begun=Min("started_at"), ended=Max("completed_at"))
        .order_by("phase")
        .values_list("phase", "begun", "ended")
        if begun is not None
    ]
    spans.sort(key=lambda span: span[1])
    lines = [*_of_phases(run, spans), *_written(run), *_of_failed_steps(run)]
    placed = [_placed(line, spans) for line in sorted(lines, key=lambda line: line.at)]
    return placed if chosen is None else [line for line in placed if chosen.lets_through(line)]


def as_text(lines: Iterable[RunLine]) -> str:
    """One line each, as a person reads them."""
    return "".join(
        f"{line.at:%Y-%m-%d %H:%M:%S}Z {line.level.upper():<7} {line.phase or '-':<3} "
        f"{f'{line.portfolio}: ' if line.portfolio else ''}{' '.join(line.message.splitlines())}\n"
        for line in lines
    )


def as_csv(lines: Iterable[RunLine]) -> str:
    """A table; what a spreadsheet would take for a formula is text."""
    return csv_text(
        HEADER,
        ((f"{line.at:%Y-%m-%dT%H:%M:%SZ}", line.level, line.phase, line.portfolio, line.message) for line in lines),
    )


def _written(run: BatchRun) -> list[RunLine]:
    rows = BatchLogEntry.objects.filter(run=run).order_by("id")
    return [
        RunLine(at, level, "", message, name or "", None if deleted_at else portfolio_id)
        for at, level, message, name, portfolio_id, deleted_at in rows.values_list(
            "at", "level", "message", "portfolio__name", "portfolio_id", "portfolio__deleted_at"
        )
    ]


def _of_phases(run: BatchRun, spans: Sequence[Span]) -> list[RunLine]:
    lines = []
    for place, (phase, begun, ended) in enumerate(spans):
        label = Phase(phase).label
        lines.append(RunLine(begun, LogLevel.INFO.value, phase, f"{label}: started"))
        over = place < len(spans) - 1 or not run.is_active
        if over and ended is not None:
            lines.append(RunLine(ended, LogLevel.INFO.value, phase, f"{label}: ended"))
    if run.completed_at is not None:
        level = LogLevel.INFO if run.error_summary is None else LogLevel.WARNING
        told = f"{run.get_status_display()}: {run.completed_jobs} of {run.total_jobs} jobs, {run.failed_jobs} failed"  # type: ignore[attr-defined]
        lines.append(RunLine(run.completed_at, level.value, "", told))
    return lines


def _of_failed_steps(run: BatchRun) -> list[RunLine]:
    failed = BatchStep.objects.filter(~Q(error=""), run=run, status=StepStatus.FAILED, completed_at__isnull=False)
    rows = failed.order_by("id").values_list("completed_at", "phase", "name", "shard_no", "error")[:MOST_ERRORS]
    return [
        RunLine(at, LogLevel.ERROR.value, phase, f"step {name}, shard {number}: {error}")
        for at, phase, name, number, error in rows
        if at is not None
    ]


def _placed(line: RunLine, spans: Sequence[Span]) -> RunLine:
    """The line with the phase that had begun last when it was written."""
    if line.phase:
        return line
    phase = next((phase for phase, begun, _ in reversed(spans) if begun <= line.at), "")
    return RunLine(line.at, line.level, phase, line.message, line.portfolio, line.portfolio_id)
