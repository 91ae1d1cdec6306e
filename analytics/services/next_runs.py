"""When beat will start a scheduled task next."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from sigmasight.core.clock import NEW_YORK


def next_run(task: PeriodicTask) -> dt.datetime | None:
    """The next start in UTC, by the wall clock that beat goes by; None for a task that is switched off or has run its single time."""
    if not task.enabled or (task.one_off and task.total_run_count):
        return None
    now = timezone.now()
    # A time of day comes round whenever it last ran; an interval counts from there.
    since = now if task.crontab_id else task.last_run_at or now
    remaining = task.schedule.remaining_estimate(since)
    # The schedule counted from its own clock, read a moment after ours: without rounding 21:00:00 becomes 20:59:59.
    return (max(now, now + remaining) + dt.timedelta(milliseconds=500)).astimezone(dt.UTC).replace(microsecond=0)


def in_both_zones(moment: dt.datetime | None) -> str:
    """2026-11-30 21:00 New York, 2026-12-01 02:00 UTC; a dash for None."""
    if moment is None:
        return "–"
    return f"{moment.astimezone(NEW_YORK):%Y-%m-%d %H:%M} New York, {moment.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"
