"""How old results are, seen from today."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sigmasight.core import clock

STALE_HOURS = 72
WEEKEND_GRACE = 2
SATURDAY = 5


@dataclass(frozen=True)
class Staleness:
    """Age of results of `date`: whole days times 24; stale beyond 72 hours.

    `is_current` : of today, or at a weekend at most two days old. `should_recalculate` : stale on a weekday.
    """

    date: dt.date
    age_hours: int
    is_stale: bool
    is_current: bool
    should_recalculate: bool


def staleness_of(date: dt.date) -> Staleness:
    """How old results of a session are today, in New York."""
    today = clock.market_today()
    days = max(0, (today - date).days)
    weekend = today.weekday() >= SATURDAY
    stale = days * 24 > STALE_HOURS
    current = days == 0 or (weekend and days <= WEEKEND_GRACE)
    return Staleness(date, days * 24, stale, current, stale and not weekend)
