"""Celery tasks of the ground floor (the default queue)."""

from __future__ import annotations

from celery import shared_task

from sigmasight.core.alerts import delivery, evaluation


@shared_task(name="core.tasks.evaluate_alerts", ignore_result=True, soft_time_limit=270, time_limit=290)
def evaluate_alerts() -> None:
    if evaluation.evaluate().due:
        send_alerts.delay()


@shared_task(name="core.tasks.send_alerts", ignore_result=True, soft_time_limit=270, time_limit=290)
def send_alerts() -> None:
    delivery.deliver()
