"""Collecting from outside without computing anything: prices and all that comes with them, or profiles alone.

A refresh is a run like a night, so that no two collect at once; what it changes of past prices, the next night computes again.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.conf import settings

from analytics.batch import market
from analytics.batch.canvas import send_first
from analytics.batch.progress import Silent
from analytics.batch.runs import RunCancelled, advance, finish_run, in_words, log, set_total, sign_of_life, start_run
from analytics.batch.scope import Plan, plan_run, resolve_target
from analytics.batch.steps import step
from analytics.models import BatchRun, Phase, RunKind, RunStatus, RunTrigger
from marketdata import calendar
from marketdata.models import Security
from marketdata.services.collection import record_request_rows
from marketdata.services.family import adopt_family
from marketdata.services.reference_collection import collect_profiles
from marketdata.services.refetching import fetch_again
from marketdata.services.source import OpenSource, open_source
from portfolios.models import User
from sigmasight.core.errors import DomainError


class Collected(StrEnum):
    MARKET_DATA = "market data"
    PROFILES = "company profiles"
    SYMBOLS = "prices of single symbols"


def start_refetch(securities: Sequence[Security], since: dt.date, *, requested_by: User) -> BatchRun:
    """Record that the source is to be asked again for these securities from a day on, and hand it to a worker.

    Raises
    ------
    DomainError as `start_refresh`.
    """
    return start_refresh(
        Collected.SYMBOLS,
        requested_by=requested_by,
        asked={
            "securities": [one.pk for one in securities],
            "symbols": [one.symbol for one in securities],
            "since": since.isoformat(),
        },
    )


def start_refresh(
    what: Collected, *, requested_by: User, portfolio_id: UUID | None = None, asked: dict[str, Any] | None = None
) -> BatchRun:
    """Record the refresh of what one portfolio holds, or all, and hand it to a worker.

    Parameters
    ----------
    asked : more that the worker has to know, kept with the run.

    Raises
    ------
    DomainError if the source cannot be used, Conflict if a run is active or the broker cannot be reached.
    """
    source = open_source(settings.MARKETDATA_SOURCE, record_request_rows(None))
    target = resolve_target(None, last_available=source.last_date)
    adopt_family(source.family, source.directory)
    run = start_run(
        kind=RunKind.FIX, trigger=RunTrigger.ADMIN, source=source.family, target_from=target, target_to=target,
        portfolio_id=portfolio_id, requested_by=requested_by,
        # Another executor than a night's: the sweeper would start a night in the place of a dead refresh.
        params={"executor": "refresh", "source": settings.MARKETDATA_SOURCE, "collects": what} | (asked or {}),
    )  # fmt: skip
    set_total(run, 1)
    log(run, f"refreshing {what} up to {target}, prices: {source.family}")
    send_first("refresh", run)
    return run


def refresh(run_id: str) -> None:
    """The work of a refresh, on a worker."""
    run = BatchRun.objects.filter(pk=run_id, status=RunStatus.RUNNING).first()
    if run is None or run.target_to is None:
        return
    started = time.monotonic()
    source = open_source(run.params["source"], record_request_rows(run.id))
    scope = None if run.scope_portfolio_id is None else [run.scope_portfolio_id]
    with sign_of_life(run, lock=False):
        try:
            # The target counts as to be done again, so that the plan names every portfolio.
            plan = plan_run(run.target_to, portfolio_ids=scope, recompute_from=run.target_to)
            what = Collected(run.params["collects"])
            errors = WORK[what](run, plan, source) if plan.needs or what == Collected.SYMBOLS else []
            advance(run, jobs=1, job=what)
        except RunCancelled:
            finish_run(run, RunStatus.CANCELLED, errors=["cancelled: on request"])
        except DomainError as error:
            log(run, error.message, level="error")
            finish_run(run, RunStatus.FAILED, errors=[f"{error.code}: {error.message}"])
        except Exception as error:
            log(run, in_words(error), level="error")
            finish_run(run, RunStatus.FAILED, errors=[f"{type(error).__name__}: {error}"])
            raise
        else:
            seconds = round(time.monotonic() - started, 3)
            finish_run(
                run, RunStatus.PARTIAL if errors else RunStatus.COMPLETED, errors=errors,
                durations={"phase_1": seconds, "total_duration": seconds},
            )  # fmt: skip


def _market_data(run: BatchRun, plan: Plan, source: OpenSource) -> list[str]:
    collected = market.collect(run, plan, source, Silent())
    for note in collected.notes:
        log(run, note)
    return collected.errors


def _profiles(run: BatchRun, plan: Plan, source: OpenSource) -> list[str]:
    held = Security.objects.filter(id__in=market.held_securities(plan))
    with step(run, Phase.MARKET_DATA, "profiles", total=len(held), unit="symbols"):
        stored, missing = collect_profiles(source.provider, held, plan.target)
    log(run, f"{stored} profiles stored, {len(held) - stored - len(missing)} were current or not needed")
    if missing:
        log(run, f"no profile of {', '.join(sorted(missing)[:12])}", level="warning")
    return []


def _symbols(run: BatchRun, plan: Plan, source: OpenSource) -> list[str]:
    asked = list(Security.objects.filter(id__in=run.params["securities"]).order_by("symbol"))
    since = dt.date.fromisoformat(run.params["since"])
    first = min(since, calendar.shift(plan.target, -settings.BATCH_HISTORY_SESSIONS))
    with step(run, Phase.MARKET_DATA, "prices", sessions_from=since, total=len(asked), unit="symbols"):
        report, quotes = fetch_again(source.provider, asked, since, first, plan.target, by=run.requested_by_id)
    names = ", ".join(one.symbol for one in asked)
    told = [f"{report.rows.inserted} sessions new", f"{report.rows.updated} different"]
    told += [f"{sum(report.rejected.values())} refused"] if report.rejected else []
    told += [f"{report.suspect} suspect"] if report.suspect else []
    told += [f"{quotes} quotes"] if quotes else []
    log(run, f"{names} from {since} on: {', '.join(told)}.")
    for symbol, (outcome, reason) in sorted(report.failures.items()):
        log(run, f"{symbol}: {reason} ({outcome.value.replace('_', ' ')})", level="warning")
    return [f"{outcome}: {symbol}: {reason}" for symbol, (outcome, reason) in sorted(report.failures.items())]


WORK: dict[Collected, Callable[[BatchRun, Plan, OpenSource], list[str]]] = {
    Collected.MARKET_DATA: _market_data,
    Collected.PROFILES: _profiles,
    Collected.SYMBOLS: _symbols,
}
