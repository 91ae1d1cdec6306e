"""Repairs by staff: results deleted, the demo seeded, everything missing computed. Each is recorded as a run of its own kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction

from analytics.batch import canvas
from analytics.batch.night import Request, prepare
from analytics.batch.runs import cover, finish_run, log, sign_of_life
from analytics.models import BatchRun, LogLevel, RunKind, RunStatus
from analytics.services.calculations import newest_session
from analytics.services.clearing import Cleared, Scope, clear, what_would_go
from analytics.services.demo import Seeded, seed_demo
from analytics.services.repair_runs import at_once, failure_recorded, open_repair, priced_by
from analytics.services.run_names import job_type
from analytics.services.run_states import client_status
from marketdata import calendar
from marketdata.services.family import refuse_other_family
from portfolios.models import Portfolio, User
from sigmasight.core.errors import DomainError, NotFound

CLEAR, SEED, RUN_BATCH, FIX_ALL = "clear-calculations", "seed-portfolios", "run-batch", "fix-all"
CLEARED, SEEDED = "step1_clear", "step2_seed"
FAILED = "The repair failed; its run and its steps say why."


@dataclass(frozen=True)
class Computed:
    """What the batch of a repair did: `sessions` from its first to its last one, `seconds` from start to end."""

    success: bool
    sessions: int
    seconds: int


@dataclass(frozen=True)
class RepairState:
    """A repair, or another run of that kind, as staff read it back. `job_type` is what was run (`run_names.JOB_TYPES`); `status` is
    pending, running, completed or failed; `progress` the step it is in; the three results are None for what was no part of it or has
    not ended."""

    run: BatchRun
    job_type: str
    status: str
    progress: str | None
    cleared: dict[str, int] | None
    seeded: dict[str, int] | None
    computed: Computed | None
    error: str | None


def clear_calculations(staff: User, scope: Scope, *, dry_run: bool = False) -> Cleared:
    """Delete results, at once.

    Parameters
    ----------
    dry_run : only count what would go.

    Raises
    ------
    Conflict if a run is active.
    """
    if dry_run:
        return what_would_go(scope)
    with at_once(CLEAR, staff, scope) as run:
        cleared = clear(scope)
        _note(run, CLEARED, cleared.report())
        log(run, f"{cleared.total} rows of {cleared.portfolios} portfolios deleted.")
    return cleared


def seed_portfolios(staff: User, *, dry_run: bool = False) -> Seeded:
    """Store whatever of the demo is missing, at once.

    Parameters
    ----------
    dry_run : take everything back again.

    Raises
    ------
    Conflict if a run is active. DomainError where the demo is not allowed.
    """
    if dry_run:
        with transaction.atomic():
            seeded = seed_demo()
            transaction.set_rollback(True)
        return seeded
    with at_once(SEED, staff, Scope()) as run:
        seeded = seed_demo()
        _note(run, SEEDED, {"total_portfolios": total_portfolios()})
        log(run, f"Demo seeded: {seeded}.")
    return seeded


def compute_missing(staff: User) -> BatchRun:
    """Compute every session that is missing of any portfolio, on the workers.

    Raises
    ------
    Conflict if a run is active, or the workers cannot be reached.
    """
    return _hand_over(RUN_BATCH, staff, Scope(everybody=True), None)


def fix_all(staff: User, scope: Scope, *, last: dt.date | None = None) -> BatchRun:
    """Delete results, seed what is missing of the demo and compute what is missing then, on the workers.

    Parameters
    ----------
    last : compute up to this session, or the one before that day; by default the latest.

    Raises
    ------
    Conflict if a run is active, or the workers cannot be reached. DomainError for days that cannot be served, and where the
    demo is not allowed unless everybody is meant.
    """
    if not (scope.everybody or settings.DEMO_ALLOWED):
        raise DomainError(
            "demo_not_allowed", "There is no demo here; all_portfolios=true means everybody's.", status=403
        )
    newest = newest_session()
    if last is not None:
        # Any day may be asked for, also those that no calendar knows.
        first_of_all, beyond = calendar.session_on_or_after(calendar.FIRST_DAY), newest + dt.timedelta(days=7)
        last = calendar.session_on_or_before(min(max(last, first_of_all), beyond))
        if last > newest:
            raise DomainError(
                "not_complete", f"{last} is not complete yet; the latest session with prices is {newest}."
            )
    if scope.first is not None and scope.first > (last or newest):
        raise DomainError("no_sessions", f"There is no session to compute between {scope.first} and {last or newest}.")
    later = (
        Portfolio.objects.filter(deleted_at__isnull=True, results_as_of__gt=last) if last else Portfolio.objects.none()
    )
    if not scope.everybody and later.exclude(pk__in=scope.portfolio_ids()).exists():
        raise DomainError(
            "later_sessions",
            f"Portfolios beside the demo's are computed beyond {last}; leave end_date out to keep them so.",
        )
    return _hand_over(FIX_ALL, staff, scope, last)


def total_portfolios() -> int:
    """All portfolios that are not deleted."""
    return Portfolio.objects.filter(deleted_at__isnull=True).count()


def work(run_id: str) -> None:
    """What a worker does of a repair before the phases of the batch. Steps that are noted as done are not done again."""
    run = BatchRun.objects.filter(pk=run_id, status=RunStatus.RUNNING).first()
    if run is None:
        return
    with sign_of_life(run, lock=False), failure_recorded(run):
        if run.params["job_type"] == FIX_ALL:
            _step(run, CLEARED, "deleting results", lambda: clear(_scope_of(run)).report())
            _step(run, SEEDED, "seeding the demo", _seed_where_allowed)
        _, plan = prepare(_request(run))
        if plan.needs:
            cover(run, plan)
        BatchRun.objects.filter(pk=run.pk).update(target_to=plan.target, current_job="computing")
    if plan.needs:
        canvas.market_data(run_id)
    else:
        log(run, f"Nothing to compute: every active portfolio is complete up to {plan.target}.")
        finish_run(run, RunStatus.COMPLETED, durations={"total_duration": 0.0})


def repair_state(run_id: UUID) -> RepairState:
    """The state of a repair, in two queries at most.

    Raises
    ------
    NotFound if there is no such run, or it is no repair.
    """
    run = BatchRun.objects.filter(pk=run_id, kind=RunKind.FIX).first()
    if run is None:
        raise NotFound("job_not_found", "Job not found")
    status = client_status(run)
    if status == "running" and not run.current_job:
        status = "pending"
    error = None
    if status == "failed":
        lines = run.log.filter(level=LogLevel.ERROR, portfolio__isnull=True).order_by("-id")
        error = lines.values_list("message", flat=True).first() or FAILED
    what = job_type(run)
    done = run.params.get("done", {})
    return RepairState(
        run, what, status,
        progress=run.current_job or None if run.is_active else None,
        cleared=done.get(CLEARED),
        seeded=done.get(SEEDED),
        computed=_computed(run) if what in (RUN_BATCH, FIX_ALL) else None,
        error=error,
    )  # fmt: skip


def _computed(run: BatchRun) -> Computed | None:
    if run.completed_at is None:
        return None
    sessions = calendar.sessions(run.target_from, run.target_to) if run.target_from and run.target_to else []
    seconds = (run.completed_at - (run.started_at or run.created_at)).total_seconds()
    return Computed(run.status == RunStatus.COMPLETED, len(sessions), round(seconds))


def _hand_over(job_type: str, staff: User, scope: Scope, last: dt.date | None) -> BatchRun:
    source = priced_by()
    refuse_other_family(source.family)
    run = open_repair(job_type, staff, scope, source.family, session=last, executor="celery")
    canvas.send_first("repair", run)
    return run


def _request(run: BatchRun) -> Request:
    session = run.params["session"]
    return Request(source=run.params["source"], session=dt.date.fromisoformat(session) if session else None)


def _scope_of(run: BatchRun) -> Scope:
    first = run.params["start_date"]
    return Scope(run.params["all_portfolios"], dt.date.fromisoformat(first) if first else None)


def _step(run: BatchRun, name: str, title: str, act: Callable[[], dict[str, int]]) -> None:
    if name in run.params.get("done", {}):
        return
    BatchRun.objects.filter(pk=run.pk).update(current_job=title)
    with transaction.atomic():
        _note(run, name, act())
    log(run, f"{title}: done.")


def _note(run: BatchRun, name: str, result: dict[str, int]) -> None:
    run.params["done"] = run.params.get("done", {}) | {name: result}
    run.save(update_fields=["params"])


def _seed_where_allowed() -> dict[str, int]:
    if settings.DEMO_ALLOWED:
        seed_demo()
    return {"total_portfolios": total_portfolios()}
