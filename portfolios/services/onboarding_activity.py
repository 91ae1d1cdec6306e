"""How people get from registering to a first portfolio, counted from what they did."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Q
from django.db.models.functions import TruncDate

from portfolios.models import UserActivityEvent
from sigmasight.core import clock

CATEGORY = "onboarding"
# The way in, step by step.
STEPS = ("register_start", "register_complete", "login_success", "portfolio_start", "portfolio_complete")
MOST_SAMPLES = 3


@dataclass(frozen=True, slots=True)
class Window:
    """The last days, from `start` to `end`, which is now."""

    start: dt.datetime
    end: dt.datetime

    @classmethod
    def of_days(cls, days: int) -> Window:
        end = clock.now()
        return cls(end - dt.timedelta(days=days), end)

    @property
    def days(self) -> list[dt.date]:
        """The days in UTC it touches, ascending."""
        first = self.start.date()
        return [first + dt.timedelta(days=n) for n in range((self.end.date() - first).days + 1)]

    @property
    def events(self) -> Q:
        return Q(created_at__gte=self.start, created_at__lte=self.end)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way. Percent: `of_first` of the attempts to register, 0 without any; `of_previous` of those who took the step
    before and `lost`, what is missing there to 100, both None on the first step and where nobody took the one before."""

    name: str
    event_type: str
    count: int
    of_first: float
    of_previous: float | None
    lost: float | None


@dataclass(frozen=True, slots=True)
class ErrorCount:
    """How often an error happened; `share` in percent of all, and some of its messages."""

    error_code: str
    event_type: str
    count: int
    share: float
    messages: list[str]


def funnel(window: Window) -> list[Step]:
    """The steps with how many took them, in one query: attempts to register, then the people who registered in the window, each
    counted once however often he came back."""
    types = [f"{CATEGORY}.{name}" for name in STEPS]
    events = UserActivityEvent.objects.filter(window.events).order_by()
    newcomers = events.filter(event_type=types[1], user__isnull=False).values("user")
    rows = events.filter(Q(event_type=types[0]) | Q(event_type__in=types[1:], user__in=newcomers))
    counted = rows.values_list("event_type").annotate(Count("pk"), Count("user", distinct=True))
    counts = {kind: attempts if kind == types[0] else people for kind, attempts, people in counted}
    steps: list[Step] = []
    for name, event_type in zip(STEPS, types, strict=True):
        count = counts.get(event_type, 0)
        before = steps[-1].count if steps else 0
        kept = round(100 * count / before, 2) if before else None
        steps.append(
            Step(
                name,
                event_type,
                count,
                of_first=percent(count, steps[0].count if steps else count),
                of_previous=kept,
                lost=None if kept is None else round(max(0.0, 100 - kept), 2),
            )
        )
    return steps


def errors(window: Window) -> list[ErrorCount]:
    """What went wrong on the way, the most frequent first, in one query."""
    rows = (
        UserActivityEvent.objects.filter(window.events, event_category=CATEGORY)
        .exclude(error_code="")
        .order_by()
        .values_list("error_code", "event_type")
        .annotate(
            times=Count("pk"),
            messages=ArrayAgg("error_message", distinct=True, filter=~Q(error_message=""), default=[]),
        )
        .order_by("-times", "error_code", "event_type")
    )
    found = list(rows)
    total = sum(times for _, _, times, _ in found)
    return [
        ErrorCount(code, event_type, times, percent(times, total), sorted(messages)[:MOST_SAMPLES])
        for code, event_type, times, messages in found
    ]


def events_by_day(window: Window) -> dict[dt.date, Mapping[str, int]]:
    """Numbers of events of every kind for every day in UTC, ascending, in one query; days without any have none."""
    rows = (
        UserActivityEvent.objects.filter(window.events)
        .annotate(day=TruncDate("created_at", tzinfo=dt.UTC))
        .order_by("event_type")
        .values_list("day", "event_type")
        .annotate(Count("pk"))
    )
    counted: dict[dt.date, dict[str, int]] = defaultdict(dict)
    for day, event_type, count in rows:
        counted[day][event_type] = count
    return {day: counted.get(day, {}) for day in window.days}


def latest_events(limit: int, *, event_type: str = "", error_only: bool = False) -> list[UserActivityEvent]:
    """The newest events of all kinds, or of one, or only failures."""
    events = UserActivityEvent.objects.order_by("-created_at", "id")
    if event_type:
        events = events.filter(event_type=event_type)
    if error_only:
        events = events.exclude(error_code="")
    return list(events[:limit])


def percent(part: int, whole: int) -> float:
    """Of the whole, to two decimals; 0 of nothing."""
    return round(100 * part / whole, 2) if whole else 0.0
