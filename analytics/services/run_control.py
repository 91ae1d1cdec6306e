"""Runs in the hands of staff: what a start would do, stopping one, doing again what failed in one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from analytics.batch import canvas
from analytics.batch.again import left_out
from analytics.batch.night import prepare, request_to_retry
from analytics.batch.runs import log, request_cancel
from analytics.models import ACTIVE_STATUSES, BatchRun, Phase, RunStatus, RunTrigger
from analytics.services.calculations import batch_request, require_portfolio, run_batch
from analytics.services.run_history import past_run
from portfolios.models import User
from sigmasight.core.errors import Conflict, DomainError
from sigmasight.core.manual_changes import record


@dataclass(frozen=True)
class Wanted:
    """What a person wants to start: one portfolio or all, from `first` to `last` again or what is missing, all phases or one."""

    portfolio_id: UUID | None = None
    first: dt.date | None = None
    last: dt.date | None = None
    phase: str | None = None


@dataclass(frozen=True)
class Intended:
    """What a start would do now: how many portfolios, the sessions from `first` to `last` (None without any), in which phases;
    `left_out` counts the others by reason. in_the_way : the run that would refuse it."""

    portfolios: int
    first: dt.date | None
    last: dt.date
    sessions: int
    phases: Sequence[Phase]
    left_out: dict[str, int]
    prices_again: bool
    in_the_way: BatchRun | None


def intended(staff: User, wanted: Wanted) -> Intended:
    """Find out what a start would do; nothing is changed.

    Raises
    ------
    NotFound, DomainError as the start itself.
    """
    require_portfolio(wanted.portfolio_id)
    request = batch_request(
        RunTrigger.ADMIN, staff, wanted.portfolio_id, first=wanted.first, last=wanted.last, phase=wanted.phase
    )
    _, plan = prepare(replace(request, dry_run=True))
    return Intended(
        portfolios=len(plan.needs),
        first=plan.first if plan.needs else None,
        last=plan.target,
        sessions=len(plan.sessions),
        phases=[Phase(wanted.phase)] if wanted.phase else list(Phase),
        left_out=left_out(request, plan),
        prices_again=request.prices_again,
        in_the_way=run_in_the_way(wanted.portfolio_id),
    )


def start(staff: User, wanted: Wanted) -> BatchRun:
    """Start what is wanted on the workers.

    Raises
    ------
    NotFound, DomainError, Conflict as `run_batch` does.
    """
    return run_batch(
        staff, portfolio_id=wanted.portfolio_id, start_date=wanted.first, end_date=wanted.last, phase=wanted.phase
    )


def run_in_the_way(portfolio_id: UUID | None) -> BatchRun | None:
    """The active run that refuses another one of this portfolio, or of all."""
    scope = Q(scope_portfolio__isnull=True)
    if portfolio_id is not None:
        scope |= Q(scope_portfolio_id=portfolio_id)
    return BatchRun.objects.filter(scope, status__in=ACTIVE_STATUSES).order_by("created_at").first()


@transaction.atomic
def cancel(staff: User, run_id: UUID) -> BatchRun:
    """Ask a run to stop after the shards its workers are at. Asked twice it is noted once.

    Raises
    ------
    NotFound; Conflict if it has ended.
    """
    run = past_run(run_id)
    if not run.is_active:
        raise Conflict(
            "run_ended",
            f"Run {str(run.pk)[:8]} has ended already ({RunStatus(run.status).label.lower()}); there is nothing to cancel.",
        )
    if not run.cancel_requested:
        request_cancel(run)
        log(run, "Asked to stop.", level="warning")
        record(staff, "Cancelled the run.", [run])
        run.refresh_from_db()
    return run


def retry(staff: User, run_id: UUID) -> BatchRun:
    """Compute what failed in a run, and nothing else, on the workers.

    Raises
    ------
    NotFound; Conflict if a run is active, this one was retried, or the workers cannot be reached; DomainError if nothing of it is
    left to do.
    """
    run = past_run(run_id)
    again = canvas.start(request_to_retry(run, trigger=RunTrigger.ADMIN, requested_by=staff, executor="celery")).run
    if again is None:
        raise DomainError(
            "nothing_failed", f"What failed in run {str(run.pk)[:8]} has been computed since; nothing was started."
        )
    record(staff, f"Started the run to do again what failed in run {run.pk}.", [again])
    return again
