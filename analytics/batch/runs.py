"""Run records: starting, proving to be alive, progress, ending. The rows are the truth; everybody else reads them."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Q
from django.utils import timezone

from analytics.batch.scope import Plan
from analytics.batch.stopping import RunCancelled, stop_if_asked
from analytics.models import BatchLogEntry, BatchRun, BatchStep, Phase, RunStatus, RunTrigger, StepStatus
from portfolios.models import User
from sigmasight.core.errors import Conflict, DomainError
from sigmasight.core.observability.context import observed
from sigmasight.core.outages import BROKER
from sigmasight.core.tasks import evaluate_alerts

logger = logging.getLogger("analytics.batch")
START_LOCK = 7_301_001
RUN_LOCK_SPACE = 7_302
MOST_LOG_ENTRIES = 5_000
SHARED_STEPS = 4
SHARED_OF_PHASE = {Phase.MARKET_DATA: 2, Phase.RISK: 2}
ACTIVE = (RunStatus.QUEUED, RunStatus.RUNNING)


def _lock_key(run_id: UUID) -> int:
    return (run_id.int & 0x7FFFFFFF) - (1 << 30)


def start_run(
    *,
    kind: str,
    trigger: str,
    source: str,
    target_from: dt.date | None,
    target_to: dt.date,
    portfolio_id: UUID | None = None,
    requested_by: User | None = None,
    params: dict[str, Any] | None = None,
    force: bool = False,
) -> BatchRun:
    """Record a new run, or refuse because one with an overlapping scope is alive. Dead runs are closed on the way.

    A run of everything refuses every second start; a run of one portfolio refuses only the same portfolio. With `force` the
    runs in the way are cancelled instead; owners cancel only runs of their own portfolio, never everybody's night.

    Raises
    ------
    Conflict with the id of the run that is alive.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [START_LOCK])
        scope = Q(scope_portfolio__isnull=True)
        if portfolio_id is not None:
            scope |= Q(scope_portfolio_id=portfolio_id)
        close_dead_runs(scope)
        for alive in BatchRun.objects.filter(scope, status__in=ACTIVE).order_by("created_at"):
            if not force or (trigger == RunTrigger.OWNER and alive.scope_portfolio_id is None):
                raise Conflict(
                    "run_active",
                    f"Run {alive.id} is {alive.status} since {alive.created_at:%Y-%m-%d %H:%M} UTC; wait for it or cancel it.",
                )
            _replace(alive)
        now = timezone.now()
        return BatchRun.objects.create(
            kind=kind, trigger=trigger, requested_by=requested_by, scope_portfolio_id=portfolio_id, params=params or {},
            status=RunStatus.RUNNING, target_from=target_from, target_to=target_to, source=source,
            heartbeat_at=now, started_at=now,
        )  # fmt: skip


def _replace(run: BatchRun) -> None:
    # Closed at once, since its scope is needed now. Its workers see that at their next shard; the shard they are in ends under
    # the portfolios' locks, which the new run waits for.
    request_cancel(run)
    finish_run(run, RunStatus.CANCELLED, errors=["cancelled: replaced by a run that was started with force"])


@transaction.atomic
def close_dead_runs(scope: Q | None = None) -> list[UUID]:
    """Close runs nobody works on any more: inline runs whose process is gone, others whose heartbeat is stale.

    Parameters
    ----------
    scope : only these runs. A start closes what is in its way; others may still be revived by the sweeper.

    Returns
    -------
    The ids of the runs closed as failed.
    """
    stale = timezone.now() - dt.timedelta(seconds=settings.BATCH_STALE_SECONDS)
    closed = []
    for run in BatchRun.objects.filter(scope or Q(), status__in=ACTIVE).select_for_update(skip_locked=True):
        inline = run.params.get("executor") == "inline"
        if _holder_is_alive(run.id) if inline else (run.heartbeat_at or run.created_at) > stale:
            continue
        if inline and run.created_at > timezone.now() - dt.timedelta(seconds=2):
            # Just recorded: its process is about to take the lock. Its last heartbeat would not do here: a run killed a
            # moment ago must not refuse its successor.
            continue
        reason = "its process ended without closing it" if inline else "no sign of life for too long"
        finish_run(run, RunStatus.FAILED, errors=[f"dead_run: {reason}"])
        closed.append(run.id)
    return closed


def _holder_is_alive(run_id: UUID) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [RUN_LOCK_SPACE, _lock_key(run_id)])
        return not cursor.fetchone()[0]


class Heartbeat:
    """Refreshes a run's heartbeat from a thread with a connection of its own, and holds the run's lock if asked to.

    The lock falls with the connection, so an inline run whose process was killed is known to be dead at once; the heartbeat
    serves runs that are spread over workers.
    """

    def __init__(self, run: BatchRun, *, lock: bool = False) -> None:
        self._run_id, self._lock = run.id, lock
        self._done, self._ready = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"heartbeat-{run.id}", daemon=True)

    def _beat(self) -> None:
        # A database that restarts must not make a living run look dead: the thread connects again.
        while not self._done.is_set():
            own = connections.create_connection("default")
            try:
                self._beat_on(own)
            except Exception as error:  # noqa: BLE001 - whatever it was, the next beat tries again
                with observed(run_id=self._run_id):
                    logger.warning("A heartbeat was missed: %s", error)
                self._done.wait(1)
            finally:
                self._ready.set()
                own.close()

    def _beat_on(self, own: BaseDatabaseWrapper) -> None:
        with own.cursor() as cursor:
            if self._lock:
                cursor.execute("SELECT pg_advisory_lock(%s, %s)", [RUN_LOCK_SPACE, _lock_key(self._run_id)])
            while True:
                cursor.execute(
                    "UPDATE batch_run_history SET heartbeat_at = now() WHERE id = %s AND status = 'running'",
                    [self._run_id],
                )
                self._ready.set()
                if self._done.wait(settings.BATCH_HEARTBEAT_SECONDS):
                    return

    def start(self) -> None:
        self._thread.start()
        self._ready.wait(30)

    def stop(self) -> None:
        self._done.set()
        self._thread.join(10)


@contextmanager
def sign_of_life(run: BatchRun, *, lock: bool = True) -> Iterator[None]:
    """Keep the run's heartbeat, and its lock, while the block runs."""
    beat = Heartbeat(run, lock=lock)
    beat.start()
    try:
        yield
    finally:
        beat.stop()


def set_total(run: BatchRun, jobs: int) -> None:
    """How many jobs the run has: a portfolio-session is one, and each shared step is one."""
    BatchRun.objects.filter(pk=run.pk).update(total_jobs=jobs)
    run.total_jobs = jobs


def shared_steps(run: BatchRun) -> int:
    """How many jobs of the run serve all portfolios together."""
    return SHARED_OF_PHASE.get(run.params["phase"], 0) if "phase" in run.params else SHARED_STEPS


def cover(run: BatchRun, plan: Plan) -> None:
    """Record what the run has to do: at its start, and when corrected prices make it more."""
    own = 0 if run.params.get("phase") == Phase.MARKET_DATA else plan.portfolio_sessions
    set_total(run, own + shared_steps(run))
    BatchRun.objects.filter(pk=run.pk).update(target_from=plan.first)
    run.target_from = plan.first


def advance(
    run: BatchRun, *, jobs: int = 0, failed: int = 0, job: str | None = None, portfolio: str | None = None
) -> None:
    """Count finished jobs, after their commit and never before. Also a sign of life.

    Raises
    ------
    RunCancelled if somebody asked for it meanwhile, or closed the run.
    """
    values: dict[str, Any] = {
        "completed_jobs": F("completed_jobs") + jobs,
        "failed_jobs": F("failed_jobs") + failed,
        "heartbeat_at": timezone.now(),
    }
    if job is not None:
        values["current_job"] = job[:255]
    if portfolio is not None:
        values["current_portfolio"] = portfolio[:255]
    BatchRun.objects.filter(pk=run.pk).update(**values)
    refuse_if_closed(run)
    stop_if_asked()


def refuse_if_closed(run: BatchRun) -> None:
    """Stop the work on a run that is not to go on. Asked under the portfolios' locks, before anything is written: who was
    away for so long that his run was closed must not write over its successor's results.

    Raises
    ------
    RunCancelled
    """
    if not BatchRun.objects.filter(pk=run.pk, status__in=ACTIVE, cancel_requested=False).exists():
        raise RunCancelled(f"run {run.pk} was asked to stop")


def log(run: BatchRun, message: str, *, level: str = "info", portfolio_id: UUID | None = None) -> None:
    """One line of the run's activity, kept with the run (the newest 5,000 lines at most) and sent to the process log."""
    with observed(run_id=run.id, portfolio_id=portfolio_id):
        logger.log(logging.getLevelNamesMapping()[level.upper()], "%s", message)
    if BatchLogEntry.objects.filter(run=run).count() < MOST_LOG_ENTRIES:
        BatchLogEntry.objects.create(
            run=run, portfolio_id=portfolio_id, at=timezone.now(), level=level, message=message
        )


def tell_phase(run: BatchRun, phase: str, seconds: float) -> None:
    """To the process log alone: the run's record has the time of each phase."""
    with observed(run_id=run.pk, phase=phase):
        logger.info("Phase %s took %.1f s", phase, seconds, extra={"facts": {"seconds": round(seconds, 3)}})


def in_words(error: BaseException) -> str:
    """An exception as a log may tell it, which owners read: what a domain error says, of others only their kind. Their text is kept
    with the step and in the run's error summary, for staff."""
    return error.message if isinstance(error, DomainError) else f"internal error ({type(error).__name__})"


def finish_run(
    run: BatchRun, status: str, *, errors: list[str] | None = None, durations: dict[str, float] | None = None
) -> None:
    """Close the run once; a run that is already closed stays as it is."""
    now = timezone.now()
    values: dict[str, Any] = {
        "status": status,
        "completed_at": now,
        "heartbeat_at": now,
        "current_job": "",
        "current_portfolio": "",
    }
    if errors:
        kinds = list(dict.fromkeys(error.split(":", 1)[0] for error in errors))
        values["error_summary"] = {"count": len(errors), "types": kinds[:5], "details": errors[:10]}
    if durations is not None:
        values["phase_durations"] = durations
    closed = BatchRun.objects.filter(pk=run.pk, status__in=ACTIVE).update(**values)
    BatchStep.objects.filter(run=run, status=StepStatus.RUNNING).update(
        status=StepStatus.FAILED, error="the run ended before this step did", completed_at=now
    )
    run.refresh_from_db()
    if closed:
        _tell_end(run, len(errors or ()))
        if run.scope_portfolio_id is None and run.params.get("executor") == "celery":
            transaction.on_commit(_look_at_alerts)


def _tell_end(run: BatchRun, errors: int) -> None:
    seconds = (now - begun).total_seconds() if (now := run.completed_at) and (begun := run.started_at) else 0.0
    told: dict[str, Any] = {
        "status": run.status, "jobs": run.completed_jobs, "failed_jobs": run.failed_jobs, "errors": errors,
        "seconds": round(seconds, 3),
    }  # fmt: skip
    level = logging.INFO if run.status in (RunStatus.COMPLETED, RunStatus.CANCELLED) else logging.WARNING
    with observed(run_id=run.pk):
        logger.log(level, "Run %s: %d jobs done, %d failed, %d errors, %.1f s", *told.values(), extra={"facts": told})


def _look_at_alerts() -> None:
    """Whoever watches hears of a night as soon as it has ended. Without a broker the schedule's next look tells."""
    try:
        evaluate_alerts.apply_async(retry=False)
    except BROKER as error:
        logger.warning("the look at alerts waits for the schedule: %s", type(error).__name__)


def request_cancel(run: BatchRun) -> None:
    """Ask the run to stop after the shard it works on."""
    BatchRun.objects.filter(pk=run.pk, status__in=ACTIVE).update(cancel_requested=True)
