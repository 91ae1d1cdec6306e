"""The standing schedule of the batch, kept in django-celery-beat's tables so that staff can see and change it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from sigmasight.core.tasks import evaluate_alerts

NIGHTLY = "Nightly batch"
SWEEP = "Restart of dead runs"
DAILY_METRICS = "Daily figures and cleanup"
ALERTS = "Alerts"
ALERT_MINUTES = 5


@dataclass(frozen=True)
class Daily:
    """A task that runs once a day at a time of New York, or on some days of the week ("sun", "mon-fri")."""

    task: str
    hour: int
    minute: int
    description: str
    days: str = "*"


# By the name staff see; apps above register theirs in `AppConfig.ready`.
DAILY: dict[str, Daily] = {}
RETENTION = "Dropping of old results"
DAILY[RETENTION] = Daily(
    task="analytics.tasks.retention",
    hour=6,
    minute=30,
    days="sun",
    description="Drops months of results that are older than KEEP_MONTHS_... says (0: none) and that nothing needs.",
)
AUDITS = "Weekly audits"
DAILY[AUDITS] = Daily(
    task="analytics.tasks.audits",
    hour=7,
    minute=30,
    days="sun",
    description="Holds stored data, prices, answers and results against each other; the page Audits shows what is found.",
)


@transaction.atomic
def schedule_nightly() -> list[str]:
    """Create the nightly run (21:00 New York, Monday to Friday), the sweeper (every minute), the look at the rules of alerts (every
    five minutes), the daily figures with the deleting of old rows (20:30 New York) and what is in `DAILY` unless they are there.

    Entries that exist are left as staff have set them.

    Returns
    -------
    The names of the entries that were created.
    """
    evening, _ = CrontabSchedule.objects.get_or_create(
        minute="0", hour="21", day_of_week="mon-fri", day_of_month="*", month_of_year="*", timezone="America/New_York"
    )
    before_it, _ = CrontabSchedule.objects.get_or_create(
        minute="30", hour="20", day_of_week="*", day_of_month="*", month_of_year="*", timezone="America/New_York"
    )
    minute, _ = IntervalSchedule.objects.get_or_create(every=1, period=IntervalSchedule.MINUTES)
    minutes, _ = IntervalSchedule.objects.get_or_create(every=ALERT_MINUTES, period=IntervalSchedule.MINUTES)
    created = []
    for name, values in {
        NIGHTLY: {
            "task": "analytics.tasks.nightly",
            "crontab": evening,
            "description": "Phases 1, 2, 2.5, 3 for every portfolio.",
        },
        SWEEP: {
            "task": "analytics.tasks.sweep",
            "interval": minute,
            "description": "Frees and restarts runs without a heartbeat.",
        },
        ALERTS: {
            "task": evaluate_alerts.name,
            "interval": minutes,
            # Looks that no worker came to are not made up for.
            "expire_seconds": 60 * ALERT_MINUTES,
            "description": "Looks at the rules of alerts and tells what is new.",
        },
        DAILY_METRICS: {
            "task": "analytics.tasks.daily_metrics",
            "crontab": before_it,
            "description": "Counts yesterday for the operations console and deletes rows that are kept long enough.",
        },
    }.items():
        _, fresh = PeriodicTask.objects.get_or_create(name=name, defaults=values)
        if fresh:
            created.append(name)
    for name, daily in DAILY.items():
        at, _ = CrontabSchedule.objects.get_or_create(
            minute=str(daily.minute), hour=str(daily.hour), day_of_week=daily.days, day_of_month="*", month_of_year="*",
            timezone="America/New_York",
        )  # fmt: skip
        values = {"task": daily.task, "crontab": at, "description": daily.description}
        _, fresh = PeriodicTask.objects.get_or_create(name=name, defaults=values)
        if fresh:
            created.append(name)
    return created
