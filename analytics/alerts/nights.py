"""The night: failed, late, or stopped for want of prices."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.conf import settings
from django.db.models import Q

from analytics.alerts import places
from analytics.models import ACTIVE_STATUSES, BatchRun, RunStatus, SessionCoverage
from analytics.services.calculations import newest_session
from analytics.services.night_report import coverage_floor, nights
from analytics.services.run_history import run_seconds
from marketdata import calendar
from portfolios.models import Portfolio
from sigmasight.core import clock
from sigmasight.core.alerts.models import Severity
from sigmasight.core.alerts.rules import Condition, Rule, register
from sigmasight.core.templatetags.humane import lasting

STARTS = dt.time(21, 0)
ENDED = (RunStatus.COMPLETED, RunStatus.PARTIAL, RunStatus.FAILED)
SESSIONS = 20
MOST_NAMED = 8


def failed_night() -> Iterator[Condition]:
    run = nights().filter(status__in=ENDED).first()
    if run is None or run.status == RunStatus.COMPLETED:
        return
    if BatchRun.objects.filter(params__retry_of=str(run.pk), status=RunStatus.COMPLETED).exists():
        return
    wholly = run.status == RunStatus.FAILED
    ended = "failed" if wholly else "was completed only partly"
    yield Condition(
        key=str(run.pk),
        subject=f"session {run.target_to}" if run.target_to else f"run {str(run.pk)[:8]}",
        severity=Severity.CRITICAL if wholly else Severity.WARNING,
        message=(
            f"The run over all portfolios {ended} after {lasting(run_seconds(run))}: {run.failed_jobs:,} of {run.total_jobs:,} jobs "
            f"failed. {_first_error(run)}"
        ).strip(),
        as_of=run.completed_at,
        figures={"failed_jobs": run.failed_jobs, "total_jobs": run.total_jobs, "seconds": run_seconds(run)},
        named={"run": run.pk},
    )


def _first_error(run: BatchRun) -> str:
    """What the domain says about itself is told; of other errors the kind alone, since their text may hold anything."""
    for told in (run.error_summary or {}).get("details", [])[:1]:
        kind, _, text = str(told).partition(": ")
        return f"First error: {text or kind}" if kind == kind.lower() else f"First error: {kind}."
    return ""


def late_night() -> Iterator[Condition]:
    session = _due_session()
    active = Portfolio.objects.filter(is_active=True, deleted_at=None, equity_as_of__lte=session)
    behind = active.filter(Q(results_as_of=None) | Q(results_as_of__lt=session)).count()
    if not behind or nights().filter(status__in=ENDED, target_to__gte=session).exists():
        return
    run = nights().filter(status__in=ACTIVE_STATUSES).first()
    due = _deadline(session)
    if run is None:
        told = "No run over all portfolios has ended for it, and none is at work."
    else:
        done = run.completed_jobs + run.failed_jobs
        told = f"The run is still at work: {done:,} of {run.total_jobs:,} jobs are done."
    yield Condition(
        key=session.isoformat(),
        subject=f"session {session}",
        severity=Severity.CRITICAL if run is None else Severity.WARNING,
        message=f"The night was due by {due:%Y-%m-%d %H:%M} New York. {told} {behind:,} portfolios lack the session's results.",
        as_of=session,
        figures={"portfolios_behind": behind},
        named={"run": run.pk} if run else {},
    )


def _deadline(session: dt.date) -> dt.datetime:
    starts = dt.datetime.combine(session, STARTS, tzinfo=clock.NEW_YORK)
    return starts + dt.timedelta(hours=settings.ALERT_NIGHT_HOURS)


def _due_session() -> dt.date:
    """The newest session whose night must have ended, as far as the source has prices."""
    session = calendar.session_on_or_before(clock.market_today())
    while _deadline(session) > clock.market_now():
        session = calendar.previous_session(session)
    return min(session, newest_session())


def low_coverage() -> Iterator[Condition]:
    floor = coverage_floor()
    for row in SessionCoverage.objects.order_by("-session")[:SESSIONS]:
        if row.marked or row.data_coverage_pct >= floor:
            continue
        missing = ", ".join(row.missing[:MOST_NAMED]) + (", ..." if len(row.missing) > MOST_NAMED else "")
        yield Condition(
            key=row.session.isoformat(),
            subject=f"session {row.session}",
            severity=Severity.CRITICAL,
            message=(
                f"{row.symbols_priced:,} of {row.symbols_held:,} held symbols have a price ({row.data_coverage_pct} %, the floor is "
                f"{floor:.0f} %): the session is not marked and results end before it. Missing: {missing}."
            ),
            as_of=row.session,
            figures={"coverage_pct": float(row.data_coverage_pct), "floor_pct": floor},
            named={"coverage": row.pk},
        )


register(
    Rule(
        name="night-failed",
        title="The night failed",
        check=failed_night,
        meaning=(
            "The last run over all portfolios ended as failed (critical) or partly completed (warning). Readers see the results of the "
            "session before, whole, for every portfolio that was not reached."
        ),
        look="The run: its first errors, the phase it ended in, and whether a provider or a server was away at that time.",
        action=(
            "Remove the cause (provider, database, disk), then start the batch again for all portfolios, on the page of the batch or by "
            "`manage.py run_batch`: it continues where the run ended and writes nothing twice. The page of a run that ended partly "
            "names the portfolios it could not compute, and retries them alone."
        ),
        escalate="To the developers if a second run fails with the same error of the program.",
        place=places.run,
    )
)
register(
    Rule(
        name="night-late",
        title="The night is late",
        check=late_night,
        meaning=(
            "A session has closed and ALERT_NIGHT_HOURS (3) hours after 21:00 New York no run over all portfolios has ended for it: "
            "none was started (critical), or it is still at work (warning)."
        ),
        look="Are worker and beat up (panel Queues and workers)? Is the schedule 'Nightly batch' enabled? Does a run stand still?",
        action=(
            "Start workers and beat if they are down. If no run is at work, start one on the page of the batch. One that stands still is "
            "taken up again by the sweeper after five minutes; cancel it if it does not move, and start again."
        ),
        escalate="If the results are still missing two hours before the market opens (09:30 New York).",
        place=lambda named: places.run(named) if "run" in named else places.schedule(named),
    )
)
register(
    Rule(
        name="coverage-low",
        title="Coverage is under the floor",
        check=low_coverage,
        meaning=(
            "Fewer held symbols than BATCH_COVERAGE_FLOOR (80 %) have a price of the session. Nothing is computed from there on, so that "
            "no book is marked with holes."
        ),
        look="Panel Sources of market data: which source failed? The missing symbols: one exchange, one kind, or all?",
        action=(
            "Once the source answers, run the batch again: it asks for what is missing. If the prices will not come, accept the session "
            "with `manage.py run_batch --accept-coverage`; that is recorded, and the lots without a price carry their last one."
        ),
        escalate="To whoever is responsible for the books before accepting a session with large holdings among the missing.",
        place=places.coverage,
    )
)
