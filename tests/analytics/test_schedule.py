from __future__ import annotations

import pytest
from celery import current_app
from django_celery_beat.models import PeriodicTask

import assistant.tasks  # noqa: F401 - a worker loads them
from analytics import tasks
from analytics.services.admin_day import close_yesterday
from analytics.services.schedule import ALERTS, DAILY_METRICS, ENTRIES, NIGHTLY, RETENTION, schedule_nightly
from assistant.schedule import CLEANUP

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


def test_alerts_are_looked_at_every_five_minutes_and_missed_looks_are_forgotten() -> None:
    schedule_nightly()
    entry = PeriodicTask.objects.get(name=ALERTS)
    assert entry.task in current_app.tasks
    assert (entry.interval.every, entry.interval.period, entry.expire_seconds) == (5, "minutes", 300)


def test_scheduling_twice_keeps_what_staff_changed() -> None:
    schedule_nightly()
    PeriodicTask.objects.filter(name=NIGHTLY).update(enabled=False)
    assert schedule_nightly() == []
    assert not PeriodicTask.objects.get(name=NIGHTLY).enabled


def test_every_task_of_the_schedule_exists_also_those_of_floors_above() -> None:
    schedule_nightly()
    entries = {entry.name: entry for entry in PeriodicTask.objects.select_related("crontab")}
    assert {name: entries[name].task for name in ENTRIES} == {name: entry.task for name, entry in ENTRIES.items()}
    assert {entry.task for entry in ENTRIES.values()} <= set(current_app.tasks)
    at = entries[CLEANUP].crontab
    assert (at.hour, at.minute, at.day_of_week, str(at.timezone)) == ("20", "15", "*", "America/New_York")


def test_old_results_are_dropped_on_sundays() -> None:
    schedule_nightly()
    entry = PeriodicTask.objects.get(name=RETENTION)
    assert entry.task == tasks.retention.name
    assert (entry.crontab.hour, entry.crontab.minute, entry.crontab.day_of_week) == ("6", "30", "sun")
