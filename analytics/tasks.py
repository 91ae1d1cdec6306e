"""Celery tasks of the batch: names on the wire for the functions of `analytics.batch.canvas`."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from analytics.batch import canvas, refresh
from analytics.services import repairs
from analytics.services.admin_day import close_yesterday
from sigmasight.core.errors import Conflict


@shared_task(name="analytics.tasks.nightly")
def nightly() -> str:
    try:
        return canvas.nightly()
    except Conflict as error:
        return error.message


@shared_task(name="analytics.tasks.sweep")
def sweep() -> list[str]:
    return canvas.sweep()


@shared_task(name="analytics.tasks.market_data")
def market_data(run_id: str) -> None:
    canvas.market_data(run_id)


@shared_task(name="analytics.tasks.shard")
def shard(run_id: str, phase: str, number: int, target: str, needs: list[dict[str, Any]]) -> list[str]:
    return canvas.work_shard(run_id, phase, number, target, needs)


@shared_task(name="analytics.tasks.after_phase")
def after_phase(
    lost: list[list[str]], run_id: str, phase: str, target: str, shards: list[list[dict[str, Any]]], started: float
) -> None:
    canvas.after_phase(lost, run_id, phase, target, shards, started)


@shared_task(name="analytics.tasks.symbol_numbers")
def symbol_numbers(run_id: str, target: str, shards: list[list[dict[str, Any]]]) -> None:
    canvas.symbol_numbers(run_id, target, shards)


@shared_task(name="analytics.tasks.daily_metrics")
def daily_metrics() -> str:
    return close_yesterday()


@shared_task(name="analytics.tasks.refresh")
def refresh_held(run_id: str) -> None:
    refresh.refresh(run_id)


@shared_task(name="analytics.tasks.repair")
def repair(run_id: str) -> None:
    repairs.work(run_id)
