"""The nightly run from start to end, in this process. Celery runs the same phases spread over workers."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field
from uuid import UUID

from analytics.batch import phases
from analytics.batch.again import failed_ids, left_out, plan_published, portfolios_of, to_retry
from analytics.batch.progress import Progress, Silent
from analytics.batch.runs import cover, finish_run, in_words, log, sign_of_life, start_run
from analytics.batch.scope import Plan, plan_run, resolve_target
from analytics.batch.stopping import RunCancelled, RunInterrupted
from analytics.models import BatchRun, Phase, RunKind, RunStatus
from marketdata import calendar
from marketdata.services.collection import record_request_rows
from marketdata.services.family import adopt_family, refuse_other_family
from marketdata.services.source import OpenSource, open_source
from portfolios.models import Portfolio, User
from sigmasight.core.errors import Conflict, DomainError, NotFound
from sigmasight.core.observability.context import observed
from sigmasight.core.outages import is_outage

EXIT_CODES = {RunStatus.COMPLETED: 0, RunStatus.PARTIAL: 2}


@dataclass(frozen=True)
class Request:
    """What somebody asks the batch to do.

    Parameters
    ----------
    source : ``simulated``, ``live``, ``files:DIR``. trigger : who starts it, a `RunTrigger`.
    portfolio_id : only this portfolio. session : compute up to this session. recompute_from : do it again from here on.
    prices_again : ask the source from there on as well for prices that are stored.
    dry_run : say what would be done and change nothing. accept_coverage : go on below the coverage floor, and record who did.
    force : cancel the runs in the way instead of being refused. phase : this `Phase` alone; all but the first are computed again for
        what is published, from `recompute_from` on. retry_of : only the portfolios that failed in this run.
    """

    source: str
    trigger: str = "cli"
    requested_by: User | None = None
    portfolio_id: UUID | None = None
    session: dt.date | None = None
    recompute_from: dt.date | None = None
    prices_again: bool = False
    dry_run: bool = False
    accept_coverage: bool = False
    force: bool = False
    executor: str = "inline"
    phase: str | None = None
    retry_of: UUID | None = None


@dataclass
class Outcome:
    """How a run ended: its record (None when there was nothing to do), what it had planned, remarks for people."""

    plan: Plan
    run: BatchRun | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        if self.run is None:
            return 0
        return EXIT_CODES.get(RunStatus(self.run.status), 1)


def check_days(request: Request) -> None:
    """Refuse days that no calendar knows, and a range that ends before it begins.

    Raises
    ------
    DomainError.
    """
    first, last = request.recompute_from, request.session
    for day in (first, last):
        if day is not None:
            try:
                calendar.is_session(day)
            except calendar.OutsideCalendar as error:
                raise DomainError("outside_calendar", f"{error}.") from error
    if first is not None and last is not None and first > last:
        raise DomainError("no_sessions", f"There is no session to compute between {first} and {last}.")


def prepare(request: Request) -> tuple[OpenSource, Plan]:
    """Open the source and find out what has to be done. Changes nothing but the dirty marks that corrections ask for.

    Raises
    ------
    DomainError if the source cannot be used, the session is none, the portfolio is unknown or the database holds other
    prices.
    """
    check_days(request)
    source = open_source(request.source, record_request_rows(None))
    target = resolve_target(request.session, last_available=source.last_date)
    if request.portfolio_id is not None and not Portfolio.objects.filter(pk=request.portfolio_id).exists():
        raise NotFound("portfolio_not_found", f"There is no portfolio {request.portfolio_id}.")
    refuse_other_family(source.family)
    if not request.dry_run:
        adopt_family(source.family, source.directory)
        phases.apply_corrections()
    if request.phase in (None, Phase.MARKET_DATA):
        return source, plan_run(target, portfolio_ids=portfolios_of(request), recompute_from=request.recompute_from)
    return source, plan_published(request.session, portfolio_ids=portfolios_of(request), first=request.recompute_from)


def run_night(request: Request, *, progress: Progress | None = None) -> Outcome:
    """Run phases 1, 2, 2.5 and 3 for everything the request covers.

    Returns
    -------
    Outcome; its run is None if everything was up to date, or only asked about.

    Raises
    ------
    DomainError for a request that cannot be served, Conflict if a run is active. RunInterrupted, KeyboardInterrupt where the
    process was told to end: the run's record says what remains.
    """
    source, plan = prepare(request)
    outcome = Outcome(plan)
    if request.dry_run or not plan.needs:
        return outcome
    run = begin(request, source, plan)
    outcome.run = run
    started = time.monotonic()
    context = phases.Context(run, source, request, progress or Silent(), notes=outcome.notes)
    with observed(run_id=run.id), sign_of_life(run):
        try:
            context.work(plan)
        except (RunInterrupted, KeyboardInterrupt):
            remains = (
                f"{plan.left()} of {len(plan.needs)} portfolios have still to be computed up to {plan.target}; the next start "
                "goes on from here."
            )
            log(run, f"Told to stop: {remains}", level="warning")
            finish_run(
                run, RunStatus.FAILED, errors=[f"interrupted: {remains}"], durations=context.finish_durations(started)
            )
            raise
        except RunCancelled:
            finish_run(
                run, RunStatus.CANCELLED, errors=["cancelled: on request"], durations=context.finish_durations(started)
            )
        except DomainError as error:
            log(run, error.message, level="error")
            finish_run(
                run,
                RunStatus.FAILED,
                errors=[f"{error.code}: {error.message}"],
                durations=context.finish_durations(started),
            )
        except BaseException as error:
            if is_outage(error):
                # Nothing can be written down now; without its process the run is closed by the next start or the sweeper.
                raise
            log(run, in_words(error), level="error")
            finish_run(
                run,
                RunStatus.FAILED,
                errors=[f"{type(error).__name__}: {error}"],
                durations=context.finish_durations(started),
            )
            raise
        else:
            status = RunStatus.PARTIAL if context.errors else RunStatus.COMPLETED
            finish_run(run, status, errors=context.errors, durations=context.finish_durations(started))
    return outcome


def begin(request: Request, source: OpenSource, plan: Plan) -> BatchRun:
    """Record the run; refuse if another one covers the same portfolios."""
    one = request.portfolio_id is not None
    again = {"phase": request.phase, "retry_of": str(request.retry_of) if request.retry_of else None}
    again = {name: value for name, value in again.items() if value}
    backfill = plan.first < plan.target
    run = start_run(
        kind=RunKind.FIX if again else RunKind.PORTFOLIO if one else RunKind.BACKFILL if backfill else RunKind.NIGHTLY,
        trigger=request.trigger,
        source=source.family,
        target_from=plan.first,
        target_to=plan.target,
        portfolio_id=request.portfolio_id,
        requested_by=request.requested_by,
        params={
            "executor": request.executor,
            "source": request.source,
            "accept_coverage": request.accept_coverage,
            "prices_again": request.prices_again,
            "recompute_from": request.recompute_from.isoformat() if request.recompute_from else None,
            "session": request.session.isoformat() if request.session else None,
            "portfolios": len(plan.needs),
            "left_out": left_out(request, plan),
        }
        | again,
        force=request.force,
    )
    cover(run, plan)
    log(
        run,
        f"{len(plan.needs)} portfolios, {len(plan.sessions)} sessions from {plan.first} to {plan.target}, prices: {source.family}",
    )
    return run


def request_to_retry(
    run: BatchRun, *, trigger: str, requested_by: User | None = None, executor: str = "inline"
) -> Request:
    """The request that computes what failed in a run, and nothing else: in the same phases, from the same source and day.

    Raises
    ------
    Conflict if the run is still at work, or a retry of it has completed. DomainError if nothing of it is left to do.
    """
    short = str(run.pk)[:8]
    if run.is_active:
        raise Conflict("run_active", f"Run {short} is still at work; wait for its end or cancel it, then retry.")
    retried = BatchRun.objects.filter(params__retry_of=str(run.pk), status=RunStatus.COMPLETED).first()
    if retried is not None:
        raise Conflict("already_retried", f"Run {str(retried.pk)[:8]} has computed what failed in run {short}.")
    failed = failed_ids(run)
    if not failed:
        raise DomainError(
            "nothing_failed",
            f"No shard of run {short} failed. Where it stopped early, start a run: it goes on from what is stored.",
        )
    books = to_retry(run, failed)
    if not books:
        raise DomainError("nothing_failed", f"Later runs have computed everything that failed in run {short}.")
    params = run.params
    again_from = params.get("recompute_from")
    return Request(
        source=params["source"], trigger=trigger, requested_by=requested_by, session=run.target_to, executor=executor,
        portfolio_id=run.scope_portfolio_id or (books[0] if len(books) == 1 else None),
        recompute_from=dt.date.fromisoformat(again_from) if again_from else None,
        accept_coverage=bool(params.get("accept_coverage")), phase=params.get("phase"), retry_of=run.pk,
    )  # fmt: skip
