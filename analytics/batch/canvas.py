"""The same run spread over workers: phase 1 on one, then the shards of each phase on all.

The rows are the truth, messages only the fast path. Who counts the last shard of a phase sends the next one; if a message is
lost, the run's heartbeat stands still and the sweeper sends what is open once more.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from analytics.batch import books, ledger, phases, positions, shards
from analytics.batch.night import Outcome, Request, begin, prepare
from analytics.batch.progress import Silent
from analytics.batch.runs import (
    SHARED_OF_PHASE,
    close_dead_runs,
    finish_run,
    in_words,
    log,
    refuse_if_closed,
    shared_steps,
    sign_of_life,
)
from analytics.batch.stopping import RunCancelled
from analytics.models import BatchRun, BatchStep, Phase, RunStatus, RunTrigger, StepStatus
from marketdata import calendar
from marketdata.services.collection import record_request_rows
from marketdata.services.source import open_source
from sigmasight.core import clock
from sigmasight.core.errors import Conflict, DomainError
from sigmasight.core.observability.context import observed
from sigmasight.core.outages import is_outage

logger = logging.getLogger("analytics.batch")
WORK = {Phase.SNAPSHOTS: ledger.roll_shard, Phase.MARKET_VALUES: positions.value_shard, Phase.RISK: books.analyse_shard}
# A run that stood still is taken up again so often; one that no worker has begun may only be waiting for its turn.
MOST_REVIVALS = 3
MOST_REVIVALS_WAITING = 12
# A shard or step that was begun so often without an end is what kills its worker.
MOST_DEATHS = 10
# Between two tasks of a run a broker may restart; whoever starts a run waits for an answer and is told sooner.
PATIENT = {"max_retries": 12, "interval_start": 0.1, "interval_step": 0.3, "interval_max": 3}


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
    return bool(current_app.control.ping(timeout=seconds, limit=1))


def _send(name: str, *arguments: Any, **options: Any) -> None:
    # Nobody reads what these tasks return; asking the result store to tell would wait long where it is down.
    current_app.signature(f"analytics.tasks.{name}", args=arguments).apply_async(ignore_result=True, **options)


def _running(run_id: str) -> BatchRun | None:
    return BatchRun.objects.filter(pk=run_id, status=RunStatus.RUNNING).first()


def _request(run: BatchRun) -> Request:
    """What was asked for, from the run's record."""
    params = run.params
    return Request(
        source=params["source"], trigger=run.trigger, portfolio_id=run.scope_portfolio_id,
        session=dt.date.fromisoformat(params["session"]) if params["session"] else None,
        recompute_from=dt.date.fromisoformat(params["recompute_from"]) if params["recompute_from"] else None,
        accept_coverage=params["accept_coverage"], prices_again=params.get("prices_again", False), executor="celery",
        phase=params.get("phase"), retry_of=UUID(params["retry_of"]) if "retry_of" in params else None,
    )  # fmt: skip


@contextmanager
def _at_work(run: BatchRun) -> Iterator[None]:
    """Keep the run alive meanwhile, and close it where the work inside ends it. A server that went away does not: the task is
    tried again."""
    with sign_of_life(run, lock=False):
        try:
            yield
        except RunCancelled:
            finish_run(run, RunStatus.CANCELLED, errors=["cancelled: on request"])
        except DomainError as error:
            log(run, error.message, level="error")
            finish_run(run, RunStatus.FAILED, errors=[f"{error.code}: {error.message}"])
        except Exception as error:
            if not is_outage(error):
                log(run, in_words(error), level="error")
                finish_run(run, RunStatus.FAILED, errors=[f"{type(error).__name__}: {error}"])
            raise


def market_data(run_id: str) -> None:
    """Phase 1 on one worker, then the shards of phase 2."""
    run = _running(run_id)
    if run is None:
        return
    if not shards.are_laid_out(run):
        with _at_work(run):
            _refuse_what_kills(run, Phase.MARKET_DATA)
            _collect(run)
    go_on(run)


def _collect(run: BatchRun) -> None:
    request = _request(run)
    source = open_source(request.source, record_request_rows(run.id))
    context = phases.Context(run, source, request, Silent())
    # The steps of somebody who died here are done again, and counted again.
    BatchRun.objects.filter(pk=run.pk).update(completed_jobs=0)
    _, plan = prepare(request)
    if plan.needs and request.phase in (None, Phase.MARKET_DATA):
        with context.timed(Phase.MARKET_DATA):
            plan = context.market_data(plan)
    shards.lay_out(run, plan, errors=context.errors, durations=context.durations)


def _refuse_what_kills(run: BatchRun, phase: str) -> None:
    deaths = BatchStep.objects.filter(run=run, phase=phase).aggregate(most=Max("attempts"))["most"] or 0
    if deaths >= MOST_DEATHS:
        raise DomainError("worker_lost", f"Phase {phase} was begun {deaths} times and its worker died every time.")


def go_on(run: BatchRun) -> None:
    """Queue what is open of a run's present phase, or end the run. Doing it twice does no harm: a shard is counted once."""
    if _running(str(run.id)) is None:
        return
    left = list(shards.open_shards(run).values_list("phase", "shard_no").order_by("shard_no"))
    present = next((phase for phase in shards.PHASES if any(phase == of for of, _ in left)), None)
    if present is None:
        _end(run)
    elif present == Phase.RISK and not _symbols_are_done(run):
        _send("symbol_numbers", str(run.id), retry_policy=PATIENT)
    else:
        for phase, number in left:
            if phase == present:
                _send("shard", str(run.id), phase, number, retry_policy=PATIENT)


def _symbols_are_done(run: BatchRun) -> bool:
    return BatchStep.objects.filter(
        run=run, phase=Phase.RISK, name="symbol metrics", status=StepStatus.COMPLETED
    ).exists()


def _end(run: BatchRun) -> None:
    run.refresh_from_db()
    # Who died between a shared step and its count left the count short; the shards are counted exactly.
    BatchRun.objects.filter(pk=run.pk).update(completed_jobs=run.total_jobs - run.failed_jobs)
    failed = BatchStep.objects.filter(run=run, status=StepStatus.FAILED)
    errors = list(run.params.get("errors", [])) + list(failed.filter(total=1).values_list("error", flat=True))
    if run.failed_jobs and not errors:
        errors = list(failed.values_list("error", flat=True)) or ["failed: some portfolios could not be computed"]
    begun = run.started_at or run.created_at
    durations = run.phase_durations | {"total_duration": round((timezone.now() - begun).total_seconds(), 3)}
    finish_run(run, RunStatus.PARTIAL if errors else RunStatus.COMPLETED, errors=errors, durations=durations)


def work_shard(run_id: str, phase: str, number: int) -> None:
    """One phase of one shard; the worker that counts the last one sends the next phase."""
    run = _running(run_id)
    shard = shards.find(run, phase, number) if run is not None else None
    if run is None:
        return
    if shard is None:
        # Counted by somebody who died before he sent what follows, or by somebody else who goes on.
        if not shards.open_shards(run).filter(phase=phase).exists() and _stands_between_phases(run):
            go_on(run)
        return
    if phase == Phase.RISK and not _symbols_are_done(run):
        # The message outlived what it rests on: a database that was killed may have lost its last moment.
        go_on(run)
        return
    plan = shards.plan_of(shard)
    if shard.attempts >= MOST_DEATHS:
        log(run, f"phase {phase}: shard {number} is given up: its worker died {shard.attempts} times", level="error")
        BatchStep.objects.filter(pk=shard.pk).update(error=f"worker_lost: its worker died {shard.attempts} times")
        lost = {need.portfolio_id for need in plan.needs}
    else:
        with _at_work(run):
            failed = phases.run_shard(run, plan, plan.needs, phase, number, WORK[Phase(phase)], run.source)
            refuse_if_closed(run)
            lost = {need.portfolio_id for need, _ in failed}
        if not run.is_active:
            return
    if shards.settle(run, shard, lost):
        go_on(run)


def _stands_between_phases(run: BatchRun) -> bool:
    return not shards.open_shards(run).exclude(status=StepStatus.PENDING).exists()


def symbol_numbers(run_id: str) -> None:
    """The shared part of phase 3 on one worker, then its shards."""
    run = _running(run_id)
    if run is None:
        return
    if not _symbols_are_done(run):
        request = _request(run)
        context = phases.Context(run, open_source(request.source, record_request_rows(run.id)), request, Silent())
        with _at_work(run):
            _refuse_what_kills(run, Phase.RISK)
            BatchRun.objects.filter(pk=run.pk).update(completed_jobs=shared_steps(run) - SHARED_OF_PHASE[Phase.RISK])
            context.symbol_numbers(shards.remaining_plan(run))
    go_on(run)


def say_what_remains() -> None:
    """A worker that was told to stop has finished the shard it was at: the runs it leaves say what is left."""
    for run in BatchRun.objects.filter(status=RunStatus.RUNNING, params__executor="celery"):
        left = max(run.total_jobs - run.completed_jobs - run.failed_jobs, 0)
        log(
            run,
            f"A worker was told to stop after the shard it was at: {left} of {run.total_jobs} jobs remain, for the other workers "
            "or the next that starts.",
            level="warning",
        )


def nightly() -> str:
    """What beat calls at 21:00 New York: a full run, unless today is no session or a run is on."""
    if not calendar.is_session(clock.market_today()):
        return "not_a_session"
    outcome = start(Request(source=settings.MARKETDATA_SOURCE, trigger=RunTrigger.BEAT, executor="celery"))
    return str(outcome.run.id) if outcome.run else "up_to_date"


def sweep() -> list[str]:
    """Take up runs on workers that stand still, a few times at most; close what is dead for good.

    Returns
    -------
    The ids of the runs taken up and closed.
    """
    revived = _standing_still()
    for run in revived:
        try:
            if shards.are_laid_out(run):
                go_on(run)
            else:
                # A repair begins with steps of its own and notes which of them are done.
                _send("repair" if "job_type" in run.params else "market_data", str(run.id), retry_policy=PATIENT)
        except (OperationalError, RedisError):
            with observed(run_id=run.id):
                logger.warning("The run could not be taken up: the broker cannot be reached")
    return [str(run.id) for run in revived] + [str(run_id) for run_id in close_dead_runs()]


@transaction.atomic
def _standing_still() -> list[BatchRun]:
    """Runs without a sign of life that are worth another try; they are given one now."""
    stale = timezone.now() - dt.timedelta(seconds=settings.BATCH_STALE_SECONDS)
    found = []
    for run in BatchRun.objects.filter(
        status=RunStatus.RUNNING, params__executor="celery", heartbeat_at__lte=stale, cancel_requested=False
    ).select_for_update(skip_locked=True):
        revivals = int(run.params.get("revivals", 0))
        begun = BatchStep.objects.filter(run=run).exists()
        if revivals >= (MOST_REVIVALS if begun else MOST_REVIVALS_WAITING):
            continue
        run.params["revivals"] = revivals + 1
        run.heartbeat_at = timezone.now()
        run.save(update_fields=["params", "heartbeat_at"])
        log(run, "No sign of life from the workers for too long: what is left is handed out again.", level="warning")
        found.append(run)
    return found
