"""The same run spread over workers: phase 1, then a group of shards for each phase, chained by chords.

The step and run rows are the truth; the chords are only the fast path. If a link is lost, the run's heartbeat stands still,
the sweeper closes the run and starts another, which finds from the data what is left.
"""

from __future__ import annotations

import datetime as dt
import time
from typing import Any
from uuid import UUID

from celery import chord, current_app, group
from django.conf import settings
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from analytics.batch import books, ledger, phases, positions
from analytics.batch.night import Outcome, Request, begin, prepare
from analytics.batch.progress import Silent
from analytics.batch.runs import RunCancelled, advance, close_dead_runs, finish_run, in_words, log, sign_of_life
from analytics.batch.scope import Need, Plan
from analytics.models import BatchRun, BatchStep, Phase, RunStatus, RunTrigger, StepStatus
from marketdata import calendar
from marketdata.services.collection import record_request_rows
from marketdata.services.source import open_source
from sigmasight.core import clock
from sigmasight.core.errors import Conflict, DomainError

WORK = {Phase.SNAPSHOTS: ledger.roll_shard, Phase.MARKET_VALUES: positions.value_shard, Phase.RISK: books.analyse_shard}
NEXT = {Phase.SNAPSHOTS: Phase.MARKET_VALUES, Phase.MARKET_VALUES: Phase.RISK}
MOST_RESTARTS = 3


def _packed(need: Need) -> dict[str, str | None]:
    return {
        "id": str(need.portfolio_id), "name": need.name, "inception": need.inception.isoformat(), "first": need.first.isoformat(),
        "dirty": need.dirty_seen.isoformat() if need.dirty_seen else None, "stamp": need.stamp.isoformat(),
    }  # fmt: skip


def _need(packed: dict[str, Any]) -> Need:
    dirty = packed["dirty"]
    return Need(
        UUID(packed["id"]), packed["name"], dt.date.fromisoformat(packed["inception"]), dt.date.fromisoformat(packed["first"]),
        dt.date.fromisoformat(dirty) if dirty else None, dt.datetime.fromisoformat(packed["stamp"]),
    )  # fmt: skip


def start(request: Request) -> Outcome:
    """Record a run and hand it to the workers.

    Raises
    ------
    DomainError as `run_night` does, Conflict if a run is active or the broker cannot be reached.
    """
    source, plan = prepare(request)
    outcome = Outcome(plan)
    if request.dry_run or not plan.needs:
        return outcome
    outcome.run = begin(request, source, plan)
    send_first("market_data", outcome.run)
    return outcome


def send_first(name: str, run: BatchRun) -> None:
    """Queue the first task of a run that was just recorded; without a broker the run is closed as failed.

    Raises
    ------
    Conflict if the broker cannot be reached.
    """
    try:
        _send(name, str(run.id))
    except (OperationalError, RedisError) as error:
        finish_run(run, RunStatus.FAILED, errors=["broker_unreachable: the run could not be handed to the workers"])
        raise Conflict(
            "broker_unreachable",
            "The queue of the workers cannot be reached, so that nothing was started. Try again in a minute; if it stays, start "
            "Redis and the workers.",
        ) from error


def workers_answer(seconds: float = 2.0) -> bool:
    """Whether a worker listens."""
    return bool(current_app.control.ping(timeout=seconds))


def _send(name: str, *arguments: Any) -> None:
    # Nobody reads what these tasks return; asking the result store to tell would wait long where it is down.
    current_app.signature(f"analytics.tasks.{name}", args=arguments).apply_async(ignore_result=True)


def _running(run_id: str) -> BatchRun | None:
    return BatchRun.objects.filter(pk=run_id, status=RunStatus.RUNNING).first()


def market_data(run_id: str) -> None:
    """Phase 1 on one worker, then the shards of phase 2."""
    run = _running(run_id)
    if run is None:
        return
    params = run.params
    request = Request(
        source=params["source"], trigger=run.trigger, portfolio_id=run.scope_portfolio_id,
        session=dt.date.fromisoformat(params["session"]) if params["session"] else None,
        recompute_from=dt.date.fromisoformat(params["recompute_from"]) if params["recompute_from"] else None,
        accept_coverage=params["accept_coverage"], prices_again=params.get("prices_again", False), executor="celery",
    )  # fmt: skip
    source = open_source(request.source, record_request_rows(run.id))
    context = phases.Context(run, source, request, Silent())
    with sign_of_life(run, lock=False):
        try:
            _, plan = prepare(request)
            with context.timed(Phase.MARKET_DATA):
                plan = context.market_data(plan)
        except RunCancelled:
            finish_run(run, RunStatus.CANCELLED, errors=["cancelled: on request"])
            return
        except DomainError as error:
            log(run, error.message, level="error")
            finish_run(run, RunStatus.FAILED, errors=[f"{error.code}: {error.message}"])
            return
        except Exception as error:
            log(run, in_words(error), level="error")
            finish_run(run, RunStatus.FAILED, errors=[f"{type(error).__name__}: {error}"])
            raise
    BatchRun.objects.filter(pk=run.pk).update(
        params=params | {"errors": context.errors},
        phase_durations={k: round(v, 3) for k, v in context.durations.items()},
    )
    shards = [[_packed(need) for need in shard] for shard in plan.shards(phases.shard_size(plan))]
    send_phase(run_id, Phase.SNAPSHOTS, plan.target.isoformat(), shards)


def send_phase(run_id: str, phase: str, target: str, shards: list[list[dict[str, Any]]]) -> None:
    """Queue one phase of all shards, and what follows when they are done."""
    arguments = (run_id, phase, target, shards, time.time())
    if not shards:
        _send("after_phase", [], *arguments)
        return
    follow = current_app.signature("analytics.tasks.after_phase", args=arguments)
    header = group(
        current_app.signature("analytics.tasks.shard", args=(run_id, phase, number, target, shard))
        for number, shard in enumerate(shards)
    )
    chord(header)(follow)


def work_shard(run_id: str, phase: str, number: int, target: str, packed: list[dict[str, Any]]) -> list[str]:
    """One phase of one shard. Returns the ids of portfolios that failed; they are left out from here on."""
    run = _running(run_id)
    if run is None:
        return []
    needs = tuple(_need(p) for p in packed)
    plan = Plan(dt.date.fromisoformat(target), needs)
    with sign_of_life(run, lock=False):
        failed = phases.run_shard(run, plan, needs, phase, number, WORK[Phase(phase)], run.source)
    last = phase == Phase.RISK
    lost = {str(need.portfolio_id) for need, _ in failed}
    done = [need for need in needs if str(need.portfolio_id) not in lost]
    try:
        advance(
            run, jobs=sum(phases.plan_sessions(plan, need) for need in done) if last else 0,
            failed=sum(phases.plan_sessions(plan, need) for need, _ in failed), job=f"phase {phase}", portfolio=needs[-1].name,
        )  # fmt: skip
    except RunCancelled:
        finish_run(run, RunStatus.CANCELLED, errors=["cancelled: on request"])
    return sorted(lost)


def after_phase(
    lost: list[list[str]], run_id: str, phase: str, target: str, shards: list[list[dict[str, Any]]], started: float
) -> None:
    """When all shards of a phase are done: start the next phase without the portfolios that failed, or end the run."""
    run = _running(run_id)
    if run is None:
        return
    key = f"phase_{phase.replace('.', '_')}"
    durations = run.phase_durations | {key: round(time.time() - started, 3)}
    BatchRun.objects.filter(pk=run.pk).update(phase_durations=durations)
    gone = {portfolio for part in lost for portfolio in part}
    left = [kept for shard in shards if (kept := [need for need in shard if need["id"] not in gone])]
    if phase != Phase.RISK:
        following = NEXT[Phase(phase)]
        if following == Phase.RISK:
            _send("symbol_numbers", run_id, target, left)
        else:
            send_phase(run_id, following, target, left)
        return
    errors = list(run.params.get("errors", []))
    errors += list(BatchStep.objects.filter(run=run, status=StepStatus.FAILED, total=1).values_list("error", flat=True))
    begun = run.started_at or run.created_at
    durations["total_duration"] = round((timezone.now() - begun).total_seconds(), 3)
    if run.failed_jobs and not errors:
        # A shard that was refused as a whole has one failed step for all its portfolios.
        failed = BatchStep.objects.filter(run=run, status=StepStatus.FAILED)
        errors += list(failed.values_list("error", flat=True)) or [f"{run.failed_jobs} portfolio-sessions failed"]
    finish_run(run, RunStatus.PARTIAL if errors else RunStatus.COMPLETED, errors=errors, durations=durations)


def symbol_numbers(run_id: str, target: str, shards: list[list[dict[str, Any]]]) -> None:
    """The shared part of phase 3 on one worker, then its shards."""
    run = _running(run_id)
    if run is None:
        return
    plan = Plan(dt.date.fromisoformat(target), tuple(_need(p) for shard in shards for p in shard))
    request = Request(source=run.params["source"])
    context = phases.Context(run, open_source(request.source, record_request_rows(run.id)), request, Silent())
    with sign_of_life(run, lock=False):
        try:
            context.symbol_numbers(plan)
        except RunCancelled:
            finish_run(run, RunStatus.CANCELLED, errors=["cancelled: on request"])
            return
        except Exception as error:
            finish_run(run, RunStatus.FAILED, errors=[f"{type(error).__name__}: {error}"])
            raise
    send_phase(run_id, Phase.RISK, target, shards)


def nightly() -> str:
    """What beat calls at 21:00 New York: a full run, unless today is no session or a run is on."""
    if not calendar.is_session(clock.market_today()):
        return "not_a_session"
    outcome = start(Request(source=settings.MARKETDATA_SOURCE, trigger=RunTrigger.BEAT, executor="celery"))
    return str(outcome.run.id) if outcome.run else "up_to_date"


def sweep() -> list[str]:
    """Close dead runs and start again what they left, a few times at most. Returns the ids of the runs closed."""
    closed = close_dead_runs()
    for run in BatchRun.objects.filter(id__in=closed):
        restarts = int(run.params.get("restarts", 0))
        if run.params.get("executor") != "celery" or restarts >= MOST_RESTARTS:
            continue
        request = Request(
            source=run.params["source"], trigger=run.trigger, portfolio_id=run.scope_portfolio_id,
            accept_coverage=run.params["accept_coverage"], prices_again=run.params.get("prices_again", False),
            executor="celery",
            recompute_from=dt.date.fromisoformat(run.params["recompute_from"]) if run.params["recompute_from"] else None,
        )  # fmt: skip
        outcome = start(request)
        if outcome.run is not None:
            outcome.run.params["restarts"] = restarts + 1
            outcome.run.save(update_fields=["params"])
    return [str(run_id) for run_id in closed]
