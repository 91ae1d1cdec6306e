"""What is told of runs while they go on: the state of one, and which one runs now."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from analytics.models import ACTIVE_STATUSES, BatchRun, RunStatus, RunTrigger
from portfolios.models import User
from portfolios.services.access import owned_portfolio
from sigmasight.core.errors import NotFound

RUN_NOT_FOUND = "Run not found"
# Who started a run where no person did.
STARTERS = {RunTrigger.BEAT: "cron", RunTrigger.CLI: "manual", RunTrigger.ADMIN: "admin", RunTrigger.OWNER: "owner"}
# Clients poll until they read "completed" or "failed", and know no other end.
ENDINGS = {
    RunStatus.COMPLETED: "completed",
    RunStatus.PARTIAL: "completed",
    RunStatus.FAILED: "failed",
    RunStatus.CANCELLED: "failed",
}


@dataclass(frozen=True)
class RunState:
    """A run as its owner polls it: `status` is running, completed or failed; `elapsed` seconds since its start, of an ended run
    until its end."""

    run_id: UUID
    portfolio_id: UUID
    status: str
    started_at: dt.datetime
    triggered_by: str
    elapsed: float


@dataclass(frozen=True)
class Jobs:
    """A run's portfolio-sessions and shared steps, by how far they are."""

    total: int
    completed: int
    failed: int

    @property
    def pending(self) -> int:
        return max(self.total - self.completed - self.failed, 0)

    @property
    def progress(self) -> float:
        """Percent completed, one decimal; 0 while the total is unknown."""
        return round(100 * min(self.completed, self.total) / self.total, 1) if self.total else 0.0

    @property
    def success_rate(self) -> float:
        """Percent completed, one decimal; 100 where there was nothing to do."""
        return self.progress if self.total else 100.0


def own_run_state(user: User, portfolio_id: UUID, run_id: UUID) -> RunState:
    """The state of a run of one of a person's portfolios, in two queries.

    Raises
    ------
    NotFound for portfolios and runs that are unknown or somebody else's.
    """
    book = owned_portfolio(user, portfolio_id)
    run = BatchRun.objects.filter(pk=run_id, scope_portfolio_id=book.pk).first()
    if run is None:
        raise NotFound("run_not_found", RUN_NOT_FOUND)
    return RunState(
        run_id=run.pk,
        portfolio_id=book.pk,
        status=client_status(run),
        started_at=run.started_at or run.created_at,
        # Staff are not named to owners.
        triggered_by=user.email if run.requested_by_id == user.pk else STARTERS[RunTrigger(run.trigger)],
        elapsed=elapsed_seconds(run),
    )


def client_status(run: BatchRun) -> str:
    """Running, completed or failed. A run without a sign of life has failed, though nobody has closed it yet."""
    if run.is_active:
        return "running" if (run.heartbeat_at or run.created_at) > _still_alive() else "failed"
    return ENDINGS[RunStatus(run.status)]


def elapsed_seconds(run: BatchRun) -> float:
    """Seconds since the start of a run, of an ended one until its end."""
    return ((run.completed_at or timezone.now()) - (run.started_at or run.created_at)).total_seconds()


def current_run() -> BatchRun | None:
    """The run that is on, with who asked for it, in one query; of several the one of all portfolios, then the latest."""
    return (
        BatchRun.objects.filter(status__in=ACTIVE_STATUSES, heartbeat_at__gt=_still_alive())
        .select_related("requested_by")
        .order_by(F("scope_portfolio_id").asc(nulls_first=True), "-created_at", "id")
        .first()
    )


def jobs_of(run: BatchRun) -> Jobs:
    """The jobs of a run."""
    return Jobs(run.total_jobs, run.completed_jobs, run.failed_jobs)


def started_by(run: BatchRun) -> str:
    """The address of who asked for a run, else "cron", "manual", "admin" or "owner"; read with `requested_by` joined."""
    return run.requested_by.email if run.requested_by else STARTERS[RunTrigger(run.trigger)]


def _still_alive() -> dt.datetime:
    return timezone.now() - dt.timedelta(seconds=settings.BATCH_STALE_SECONDS)
