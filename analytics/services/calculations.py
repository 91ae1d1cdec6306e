"""Starting the batch on the workers: an owner for one of his portfolios, staff for one or all."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from analytics.batch import canvas
from analytics.batch.night import Request
from analytics.batch.runs import finish_run, log, start_run
from analytics.batch.scope import resolve_target
from analytics.models import BatchRun, Phase, RunKind, RunStatus, RunTrigger
from marketdata import calendar
from marketdata.services.collection import record_request_rows
from marketdata.services.source import OpenSource, open_source
from portfolios.models import Portfolio, User
from portfolios.services.access import PORTFOLIO_NOT_FOUND, owned_portfolio
from sigmasight.core.errors import DomainError, NotFound
from sigmasight.core.manual_changes import record


def calculate_own_portfolio(user: User, portfolio_id: UUID, *, force: bool = False) -> BatchRun:
    """Compute the latest session of a person's portfolio (again), and every session before it that is missing.

    Parameters
    ----------
    force : cancel a run of this portfolio that is active.

    Raises
    ------
    NotFound; Conflict if a run covers the portfolio, or the workers cannot be reached.
    """
    book = owned_portfolio(user, portfolio_id)
    return _started(batch_request(RunTrigger.OWNER, user, book.id, force=force))


def run_batch(
    staff: User,
    *,
    portfolio_id: UUID | None = None,
    force: bool = False,
    start_date: dt.date | None = None,
    end_date: dt.date | None = None,
    phase: str | None = None,
) -> BatchRun:
    """Compute the latest session of one portfolio or all (again), and every session before it that is missing; or one phase alone.

    Parameters
    ----------
    force : cancel active runs that are in the way. start_date : compute again from this day on. end_date : up to this session.
    phase : only this `Phase`: "1" brings prices, of the range again if there is one; the others compute again what is published.

    Raises
    ------
    NotFound; Conflict if a run is active, or the workers cannot be reached; DomainError for dates that cannot be served, and where
    one phase has nothing to compute.
    """
    require_portfolio(portfolio_id)
    request = batch_request(
        RunTrigger.ADMIN, staff, portfolio_id, force=force, first=start_date, last=end_date, phase=phase
    )
    run = _started(request)
    record(staff, "Started the run.", [run])
    return run


def require_portfolio(portfolio_id: UUID | None) -> None:
    """For staff, who may name any portfolio.

    Raises
    ------
    NotFound if it is unknown or deleted.
    """
    if portfolio_id and not Portfolio.objects.filter(pk=portfolio_id, deleted_at__isnull=True).exists():
        raise NotFound("portfolio_not_found", PORTFOLIO_NOT_FOUND)


def newest_session(source: OpenSource | None = None) -> dt.date:
    """The last session that the clock and the source of prices allow."""
    source = source or open_source(settings.MARKETDATA_SOURCE, record_request_rows(None))
    return resolve_target(None, last_available=source.last_date)


def batch_request(
    trigger: RunTrigger, user: User, portfolio_id: UUID | None, *, force: bool = False,
    first: dt.date | None = None, last: dt.date | None = None, phase: str | None = None,
) -> Request:  # fmt: skip
    """What `run_batch` asks of the workers.

    Raises
    ------
    DomainError for dates that cannot be served.
    """
    request = Request(
        source=settings.MARKETDATA_SOURCE, trigger=trigger, requested_by=user, portfolio_id=portfolio_id,
        recompute_from=first, session=last, force=force, executor="celery", phase=phase,
    )  # fmt: skip
    if phase not in (None, Phase.MARKET_DATA):
        return request
    newest = newest_session()
    if first is None:
        return replace(request, recompute_from=newest, session=None)
    first = max(first, calendar.FIRST_DAY)
    _check_dates(portfolio_id, first, last or newest, newest)
    return replace(request, recompute_from=first, prices_again=phase is not None)


def _started(request: Request) -> BatchRun:
    outcome = canvas.start(request)
    if outcome.run is None and request.phase is not None:
        raise DomainError("nothing_to_compute", f"{_nothing(outcome.plan.target)} Nothing was started.")
    return outcome.run or _nothing_to_do(request, outcome.plan.target)


def _check_dates(portfolio_id: UUID | None, first: dt.date, last: dt.date, newest: dt.date) -> None:
    if first > last:
        raise DomainError("no_sessions", f"There is no session to compute between {first} and {last}.")
    if last > newest:
        raise DomainError("not_complete", f"{last} is not complete yet; the latest session with prices is {newest}.")
    books = Portfolio.objects.filter(deleted_at__isnull=True, is_active=True)
    if portfolio_id is not None:
        books = books.filter(pk=portfolio_id)
    published = books.aggregate(newest=Max("results_as_of"))["newest"]
    if published is not None and last < published:
        raise DomainError(
            "later_sessions",
            f"The sessions after {last} are built on it and would go stale; leave end_date out, or take {published} or later.",
        )


@transaction.atomic
def _nothing_to_do(request: Request, target: dt.date) -> BatchRun:
    """A run that ends as it begins: whoever polls it hears that all is done."""
    family = open_source(request.source, record_request_rows(None)).family
    run = start_run(
        kind=RunKind.PORTFOLIO if request.portfolio_id else RunKind.NIGHTLY, trigger=request.trigger, source=family,
        target_from=None, target_to=target, portfolio_id=request.portfolio_id, requested_by=request.requested_by,
        force=request.force,
    )  # fmt: skip
    log(run, _nothing(target))
    finish_run(run, RunStatus.COMPLETED, durations={"total_duration": 0.0})
    return run


def _nothing(target: dt.date) -> str:
    return f"Nothing to compute: no active portfolio has a session up to {target}."
