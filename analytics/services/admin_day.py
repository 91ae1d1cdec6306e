"""The daily chores of operations: yesterday's figures, and the deleting of what is kept long enough."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils import timezone

from analytics.services.daily_metrics import Counted, count_days, count_yesterday, yesterday
from analytics.services.retention import clean_up


@dataclass(frozen=True)
class Chores:
    """What was done and when; `cleanup` holds rows deleted by table, None if it was not asked for."""

    started_at: dt.datetime
    completed_at: dt.datetime
    counted: list[Counted]
    cleanup: dict[str, int] | None

    @property
    def errors(self) -> list[str]:
        return [error for day in self.counted for error in day.errors]

    @property
    def seconds(self) -> float:
        return round((self.completed_at - self.started_at).total_seconds(), 3)


def close_days(days: int, *, cleanup: bool = True) -> Chores:
    """Count the last `days` whole days, then delete what is too old."""
    started = timezone.now()
    counted = count_days(yesterday(), days)
    deleted = clean_up() if cleanup else None
    return Chores(started, timezone.now(), counted, deleted)


def close_yesterday() -> str:
    """What beat calls at 20:30 New York. Returns what was done, in words."""
    counted = count_yesterday()
    deleted = clean_up()
    days = ", ".join(f"{day.date}: {day.saved} figures" for day in counted)
    gone = ", ".join(f"{rows} of {table}" for table, rows in deleted.items() if rows)
    faults = "".join(f"; {error}" for day in counted for error in day.errors)
    return f"{days}; deleted: {gone or 'nothing'}{faults}"
