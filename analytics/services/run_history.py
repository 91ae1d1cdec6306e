"""Past runs for staff: the list, figures over them, one with its errors, its log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Avg, Count, F, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from analytics.models import BatchLogEntry, BatchRun, RunStatus
from analytics.services.run_states import RUN_NOT_FOUND
from sigmasight.core.errors import NotFound

# Staff see partly completed runs as such; a queued run is running to them, a cancelled one has failed.
LISTED = {
    RunStatus.QUEUED: "running",
    RunStatus.RUNNING: "running",
    RunStatus.COMPLETED: "completed",
    RunStatus.PARTIAL: "partial",
    RunStatus.FAILED: "failed",
    RunStatus.CANCELLED: "failed",
}
BEGUN = Coalesce("started_at", "created_at")
LISTED_STATUSES = tuple(dict.fromkeys(LISTED.values()))


@dataclass(frozen=True)
class HistoryFigures:
    """Runs of a period by their listed status, the mean seconds of the completed ones, and the latest run of all time."""

    by_status: dict[str, int]
    mean_seconds: float | None
    latest: BatchRun | None

    @property
    def total(self) -> int:
        return sum(self.by_status.values())

    @property
    def success_rate(self) -> float:
        """Percent completed, one decimal; 100 without runs."""
        return round(100 * self.by_status["completed"] / self.total, 1) if self.total else 100.0


def listed_status(run: BatchRun) -> str:
    """Running, completed, partial or failed."""
    return LISTED[RunStatus(run.status)]


def run_seconds(run: BatchRun) -> float | None:
    """From start to end, None before the end."""
    if run.started_at is None or run.completed_at is None:
        return None
    return round((run.completed_at - run.started_at).total_seconds(), 3)


def past_runs(days: int, *, status: str | None, most: int) -> Sequence[BatchRun]:
    """The runs begun in the last `days`, latest first, with who asked for them; one query. `status` is a listed one."""
    runs = _of_period(days).select_related("requested_by")
    if status is not None:
        runs = runs.filter(status__in=[stored for stored, listed in LISTED.items() if listed == status])
    return list(runs.order_by(BEGUN.desc(), "id")[:most])


def history_figures(days: int) -> HistoryFigures:
    """Figures over the runs begun in the last `days`, in two queries."""
    counts = dict.fromkeys(LISTED_STATUSES, 0)
    mean = None
    for row in _of_period(days).values("status").annotate(runs=Count("id"), mean=Avg(F("completed_at") - BEGUN)):
        counts[LISTED[RunStatus(row["status"])]] += row["runs"]
        if row["status"] == RunStatus.COMPLETED and row["mean"] is not None:
            mean = round(row["mean"].total_seconds(), 3)
    return HistoryFigures(counts, mean, BatchRun.objects.order_by(BEGUN.desc(), "id").first())


def past_run(run_id: UUID) -> BatchRun:
    """A run with who asked for it, in one query.

    Raises
    ------
    NotFound.
    """
    run = BatchRun.objects.select_related("requested_by").filter(pk=run_id).first()
    if run is None:
        raise NotFound("run_not_found", RUN_NOT_FOUND)
    return run


def run_log(run: BatchRun) -> Sequence[BatchLogEntry]:
    """What a run said, oldest first."""
    return list(BatchLogEntry.objects.filter(run=run).order_by("id"))


def run_log_length(run: BatchRun) -> int:
    """How many lines a run's log has."""
    return BatchLogEntry.objects.filter(run=run).count()


def _of_period(days: int) -> QuerySet[BatchRun]:
    since = timezone.now() - dt.timedelta(days=days)
    return BatchRun.objects.alias(begun=BEGUN).filter(begun__gte=since).order_by()
