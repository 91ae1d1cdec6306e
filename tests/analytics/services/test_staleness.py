"""How old results are, seen from a day of the week."""

from __future__ import annotations

import datetime as dt

import pytest

from analytics.services.staleness import staleness_of

THURSDAY = dt.date(2025, 11, 20)


@pytest.mark.parametrize(
    ("today", "hours", "stale", "current", "again"),
    [
        ("2025-11-20T22:00:00-05:00", 0, False, True, False),
        ("2025-11-21T09:00:00-05:00", 24, False, False, False),
        ("2025-11-22T09:00:00-05:00", 48, False, True, False),
        ("2025-11-23T09:00:00-05:00", 72, False, False, False),
        ("2025-11-24T09:00:00-05:00", 96, True, False, True),
        ("2025-11-29T09:00:00-05:00", 216, True, False, False),
    ],
)
def test_age(monkeypatch: pytest.MonkeyPatch, today: str, hours: int, stale: bool, current: bool, again: bool) -> None:
    monkeypatch.setenv("SIGMASIGHT_NOW", today)
    age = staleness_of(THURSDAY)
    assert (age.age_hours, age.is_stale, age.is_current, age.should_recalculate) == (hours, stale, current, again)
