from __future__ import annotations

import pytest
from django_celery_beat.models import PeriodicTask

from analytics.services.schedule import NIGHTLY, schedule_nightly

pytestmark = pytest.mark.django_db


def test_nightly_runs_at_nine_in_new_york_on_weekdays() -> None:
    schedule_nightly()
    entry = PeriodicTask.objects.get(name=NIGHTLY)
    assert entry.task == "analytics.tasks.nightly"
    assert (entry.crontab.hour, entry.crontab.minute, entry.crontab.day_of_week) == ("21", "0", "mon-fri")
    assert str(entry.crontab.timezone) == "America/New_York"


def test_scheduling_twice_keeps_what_staff_changed() -> None:
    schedule_nightly()
    PeriodicTask.objects.filter(name=NIGHTLY).update(enabled=False)
    assert schedule_nightly() == []
    assert not PeriodicTask.objects.get(name=NIGHTLY).enabled
