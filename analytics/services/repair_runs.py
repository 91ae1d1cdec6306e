"""The record of a repair: a run of its own kind, beside which nothing of the batch begins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection, transaction

from analytics.batch.runs import START_LOCK, close_dead_runs, finish_run, in_words, log, sign_of_life, start_run
from analytics.models import ACTIVE_STATUSES, BatchRun, RunKind, RunStatus, RunTrigger
from analytics.services.calculations import newest_session
from analytics.services.clearing import Scope
from marketdata.services.source import OpenSource, open_source
from portfolios.models import User
from sigmasight.core.errors import Conflict, DomainError


def refuse_beside_runs() -> None:
    """Let no run begin until the transaction ends, and refuse if one is at work.

    Raises
    ------
    Conflict with the id of the run.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [START_LOCK])
    close_dead_runs()
    alive = BatchRun.objects.filter(status__in=ACTIVE_STATUSES).order_by("created_at").first()
    if alive is not None:
        raise Conflict("run_active", f"Run {alive.id} is {alive.status}; wait for it or cancel it, then repair.")


def priced_by() -> OpenSource:
    """The source of prices that the settings name; it is not asked for anything."""
    return open_source(settings.MARKETDATA_SOURCE, lambda record: None)


@transaction.atomic
def open_repair(
    job_type: str, staff: User, scope: Scope, family: str, *, session: dt.date | None = None, executor: str
) -> BatchRun:
    """Record a repair; unlike a run of the batch it is refused by a run of whatever portfolio.

    Raises
    ------
    Conflict if a run is active.
    """
    refuse_beside_runs()
    return start_run(
        kind=RunKind.FIX, trigger=RunTrigger.ADMIN, source=family, target_from=None, target_to=session or newest_session(),
        requested_by=staff,
        params={
            "job_type": job_type, "all_portfolios": scope.everybody, "start_date": _text(scope.first), "end_date": _text(session),
            # What the phases of the batch read.
            "executor": executor, "source": settings.MARKETDATA_SOURCE, "accept_coverage": False, "recompute_from": None,
            "session": _text(session),
        },
    )  # fmt: skip


def _text(day: dt.date | None) -> str | None:
    return None if day is None else day.isoformat()


@contextmanager
def at_once(job_type: str, staff: User, scope: Scope) -> Iterator[BatchRun]:
    """A repair that is done while the caller waits; how it ended is recorded. What refuses in the block has to have changed nothing:
    whoever asked is told, and no run stays behind.

    Raises
    ------
    Conflict if a run is active.
    """
    run = open_repair(job_type, staff, scope, priced_by().family, executor="inline")
    with sign_of_life(run):
        try:
            with failure_recorded(run, refusals=False):
                yield run
        except DomainError:
            run.delete()
            raise
    finish_run(run, RunStatus.COMPLETED)


@contextmanager
def failure_recorded(run: BatchRun, *, refusals: bool = True) -> Iterator[None]:
    """Close the run as failed where the block fails, with the reason; `refusals`: also where it refuses."""
    try:
        yield
    except BaseException as error:
        if isinstance(error, DomainError) and not refusals:
            raise
        log(run, in_words(error), level="error")
        code = error.code if isinstance(error, DomainError) else type(error).__name__
        finish_run(run, RunStatus.FAILED, errors=[f"{code}: {in_words(error)}"])
        raise
