"""The standing schedule, kept in django-celery-beat's tables so that staff can see and change it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from sigmasight.core.tasks import evaluate_alerts

NIGHTLY = "Nightly batch"
SWEEP = "Restart of dead runs"
DAILY_METRICS = "Daily figures and cleanup"
ALERTS = "Alerts"
RETENTION = "Dropping of old results"
AUDITS = "Weekly audits"


@dataclass(frozen=True)
class At:
    """A time of New York, every day or on some days of the week ("sun", "mon-fri")."""

    time: dt.time
    days: str = "*"


@dataclass(frozen=True)
class Every:
    """An interval. A start that no worker took before the next one is due is not made up for if it `lapses`."""

    minutes: int
    lapses: bool = False


@dataclass(frozen=True)
class Entry:
    """A task by name, when beat starts it, and what staff read about it."""

    task: str
    when: At | Every
    description: str


# By the name staff see; apps above add theirs in `AppConfig.ready`.
ENTRIES: dict[str, Entry] = {
    NIGHTLY: Entry(
        "analytics.tasks.nightly", At(dt.time(21), "mon-fri"), "Phases 1, 2, 2.5, 3 for every portfolio."
    ),
    SWEEP: Entry("analytics.tasks.sweep", Every(1), "Frees and restarts runs without a heartbeat."),
    ALERTS: Entry(evaluate_alerts.name, Every(5, lapses=True), "Looks at the rules of alerts and tells what is new."),
    DAILY_METRICS: Entry(
        "analytics.tasks.daily_metrics", At(dt.time(20, 30)),
        "Counts yesterday for the operations console and deletes rows that are kept long enough.",
    ),
    RETENTION: Entry(
        "analytics.tasks.retention", At(dt.time(6, 30), "sun"),
        "Drops months of results that are older than KEEP_MONTHS_... says (0: none) and that nothing needs.",
    ),
    AUDITS: Entry(
        "analytics.tasks.audits", At(dt.time(7, 30), "sun"),
        "Holds stored data, prices, answers and results against each other; the page Audits shows what is found.",
    ),
}  # fmt: skip


@transaction.atomic
def schedule_nightly() -> list[str]:
    """Create what is in `ENTRIES` unless it is there; what is there stays as staff have set it.

    Returns
    -------
    The names of the entries that were created.
    """
    created = []
    for name, entry in ENTRIES.items():
        values = {"task": entry.task, "description": entry.description, **_timing(entry.when)}
        _, fresh = PeriodicTask.objects.get_or_create(name=name, defaults=values)
        if fresh:
            created.append(name)
    return created


def _timing(when: At | Every) -> dict[str, object]:
    if isinstance(when, Every):
        interval, _ = IntervalSchedule.objects.get_or_create(every=when.minutes, period=IntervalSchedule.MINUTES)
        return {"interval": interval, "expire_seconds": 60 * when.minutes if when.lapses else None}
    crontab, _ = CrontabSchedule.objects.get_or_create(
        minute=str(when.time.minute), hour=str(when.time.hour), day_of_week=when.days, day_of_month="*", month_of_year="*",
        timezone="America/New_York",
    )  # fmt: skip
    return {"crontab": crontab}
