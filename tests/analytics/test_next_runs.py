"""When the schedule starts what next, in New York and UTC."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django_celery_beat.models import PeriodicTask

from analytics.services.next_runs import in_both_zones, next_run
from analytics.services.schedule import NIGHTLY, SWEEP, schedule_nightly

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _scheduled() -> None:
    schedule_nightly()


def task(name: str, **fields: object) -> PeriodicTask:
    PeriodicTask.objects.filter(name=name).update(**fields)
    return PeriodicTask.objects.get(name=name)


@pytest.mark.parametrize(
    ("now", "told"),
    [
        # A Friday evening before nine; a Saturday; the day after the clocks went forward.
        ("2026-11-27T20:00:00-05:00", "2026-11-27 21:00 New York, 2026-11-28 02:00 UTC"),
        ("2026-11-28T09:00:00-05:00", "2026-11-30 21:00 New York, 2026-12-01 02:00 UTC"),
        ("2026-03-09T09:00:00-04:00", "2026-03-09 21:00 New York, 2026-03-10 01:00 UTC"),
    ],
)
def test_the_nightly_run(now: str, told: str) -> None:
    with time_machine.travel(dt.datetime.fromisoformat(now), tick=False):
        assert in_both_zones(next_run(task(NIGHTLY))) == told


def test_an_interval_counts_from_the_last_start() -> None:
    now = dt.datetime(2026, 11, 27, 12, 0, 30, tzinfo=dt.UTC)
    with time_machine.travel(now, tick=False):
        due = next_run(task(SWEEP, last_run_at=now - dt.timedelta(seconds=20)))
        assert due == now + dt.timedelta(seconds=40)
        assert next_run(task(SWEEP, last_run_at=now - dt.timedelta(hours=2))) == now


def test_what_is_switched_off_has_no_next_start() -> None:
    assert next_run(task(NIGHTLY, enabled=False)) is None
    assert in_both_zones(None) == "–"
