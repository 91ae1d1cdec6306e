from __future__ import annotations

import pytest
from django_celery_beat.models import PeriodicTask

from analytics import tasks
from analytics.services.admin_day import close_yesterday
from analytics.services.schedule import DAILY_METRICS, NIGHTLY, schedule_nightly

pytestmark = pytest.mark.django_db


def test_nightly_runs_at_nine_in_new_york_on_weekdays() -> None:
    schedule_nightly()
    entry = PeriodicTask.objects.get(name=NIGHTLY)
    assert entry.task == "analytics.tasks.nightly"
    assert (entry.crontab.hour, entry.crontab.minute, entry.crontab.day_of_week) == ("21", "0", "mon-fri")
    assert str(entry.crontab.timezone) == "America/New_York"


def test_figures_are_counted_every_evening_before_the_night() -> None:
    schedule_nightly()
    entry = PeriodicTask.objects.get(name=DAILY_METRICS)
    assert entry.task == tasks.daily_metrics.name
    assert tasks.daily_metrics() == close_yesterday()
    assert (entry.crontab.hour, entry.crontab.minute, entry.crontab.day_of_week) == ("20", "30", "*")
    assert str(entry.crontab.timezone) == "America/New_York"


def test_scheduling_twice_keeps_what_staff_changed() -> None:
    schedule_nightly()
    PeriodicTask.objects.filter(name=NIGHTLY).update(enabled=False)
    assert schedule_nightly() == []
    assert not PeriodicTask.objects.get(name=NIGHTLY).enabled
