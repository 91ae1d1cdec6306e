from __future__ import annotations

from celery import shared_task

from assistant.services.departures import forget_the_gone as _forget_the_gone


@shared_task(name="assistant.tasks.forget_the_gone", ignore_result=True)
def forget_the_gone() -> int:
    """Once a day: delete what is kept of people and portfolios that are gone."""
    return _forget_the_gone()
