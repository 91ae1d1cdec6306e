"""Celery tasks of the batch: names on the wire for the functions of `analytics.batch.canvas`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from celery import Task, shared_task
from celery.signals import worker_shutdown

from analytics.audits import runs
from analytics.batch import canvas, refresh
from analytics.services import repairs
from analytics.services.admin_day import close_yesterday
from analytics.services.result_retention import retain_and_tell
from sigmasight.core.errors import Conflict
from sigmasight.core.observability.context import note
from sigmasight.core.outages import DATABASE, is_outage

logger = logging.getLogger("analytics.batch")
MOST_RETRIES = 8


@worker_shutdown.connect
def worker_stops(**kwargs: object) -> None:
    try:
        canvas.say_what_remains()
    except DATABASE as error:
        logger.warning("what remains of the runs could not be noted: %s", error)


@shared_task(name="analytics.tasks.nightly")
def nightly() -> str:
    try:
        return canvas.nightly()
    except Conflict as error:
        return error.message


@shared_task(name="analytics.tasks.sweep")
def sweep() -> list[str]:
    return canvas.sweep()


def _tried_again(task: Task, work: Callable[..., None], *arguments: Any) -> None:
    """Do the work; where PostgreSQL or the broker went away meanwhile, do it again a little later."""
    note(run_id=arguments[0])
    try:
        work(*arguments)
    except Exception as error:
        if not is_outage(error):
            raise
        raise task.retry(exc=error, countdown=min(2**task.request.retries, 30), max_retries=MOST_RETRIES) from error


@shared_task(name="analytics.tasks.market_data", bind=True)
def market_data(self: Task, run_id: str) -> None:
    _tried_again(self, canvas.market_data, run_id)


@shared_task(name="analytics.tasks.shard", bind=True)
def shard(self: Task, run_id: str, phase: str, number: int) -> None:
    note(phase=phase, shard=number)
    _tried_again(self, canvas.work_shard, run_id, phase, number)


@shared_task(name="analytics.tasks.symbol_numbers", bind=True)
def symbol_numbers(self: Task, run_id: str) -> None:
    _tried_again(self, canvas.symbol_numbers, run_id)


@shared_task(name="analytics.tasks.daily_metrics")
def daily_metrics() -> str:
    return close_yesterday()


@shared_task(name="analytics.tasks.retention")
def retention() -> str:
    return retain_and_tell()


@shared_task(name="analytics.tasks.audit")
def audit(run_id: str) -> None:
    runs.perform(run_id)


@shared_task(name="analytics.tasks.audits")
def audits() -> list[str]:
    return runs.start_all()


@shared_task(name="analytics.tasks.refresh")
def refresh_held(run_id: str) -> None:
    note(run_id=run_id)
    refresh.refresh(run_id)


@shared_task(name="analytics.tasks.repair")
def repair(run_id: str) -> None:
    note(run_id=run_id)
    repairs.work(run_id)
