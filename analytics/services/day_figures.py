"""The figures counted of every day, and the registry of those who count them.

Apps above register a collector of their own in `AppConfig.ready`; its category comes before the dot of a figure's name.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, Q, Sum
from django.db.models.functions import Coalesce

from analytics.models import BatchRun, RunKind, RunStatus
from portfolios.models import UserActivityEvent
from sigmasight.core.clock import NEW_YORK

MINUTE = dt.timedelta(minutes=1)


@dataclass(frozen=True)
class Day:
    """A calendar day of New York, with its first instant and that of the day after it."""

    date: dt.date

    @property
    def start(self) -> dt.datetime:
        return dt.datetime.combine(self.date, dt.time(), NEW_YORK)

    @property
    def end(self) -> dt.datetime:
        return dt.datetime.combine(self.date + dt.timedelta(days=1), dt.time(), NEW_YORK)


@dataclass(frozen=True)
class Figure:
    """One counted figure, e.g. `user_logins`; `dimensions` split it, e.g. by model. What is unknown is left out, not 0."""

    name: str
    value: Decimal | float
    dimensions: dict[str, str] = field(default_factory=dict)


Collector = Callable[[Day], Iterable[Figure]]
COLLECTORS: dict[str, Collector] = {}


def collector(category: str) -> Callable[[Collector], Collector]:
    """Register what counts the figures of a category."""

    def register(function: Collector) -> Collector:
        COLLECTORS[category] = function
        return function

    return register


EVENTS = {
    "user_registrations": "onboarding.register_complete",
    "user_logins": "onboarding.login_success",
    "portfolios_created": "onboarding.portfolio_complete",
    "chat_sessions": "chat.session_start",
    "feedback_given": "chat.feedback_given",
    "registration_errors": "onboarding.register_error",
    "login_errors": "onboarding.login_error",
}


@collector("user_activity")
def user_activity(day: Day) -> list[Figure]:
    """What people did, in one query; `unique_users` are those of them who are known."""
    counts = {name: Count("id", filter=Q(event_type=event_type)) for name, event_type in EVENTS.items()}
    row = UserActivityEvent.objects.filter(created_at__gte=day.start, created_at__lt=day.end).aggregate(
        **counts, total_activity_events=Count("id"), unique_users=Count("user", distinct=True)
    )
    return [Figure(name, value) for name, value in row.items()]


@collector("batch")
def batch(day: Day) -> list[Figure]:
    """The runs begun on the day, repairs aside, in one query; `avg_duration_minutes` of those that ended."""
    ended = {"completed": RunStatus.COMPLETED, "failed": RunStatus.FAILED, "partial": RunStatus.PARTIAL}
    begun = Coalesce("started_at", "created_at")
    row = (
        BatchRun.objects.annotate(begun=begun)
        .filter(begun__gte=day.start, begun__lt=day.end)
        .exclude(kind=RunKind.FIX)
        .aggregate(
            batch_runs=Count("id"),
            **{f"batch_{name}": Count("id", filter=Q(status=status)) for name, status in ended.items()},
            total_jobs=Coalesce(Sum("total_jobs"), 0),
            total_completed_jobs=Coalesce(Sum("completed_jobs"), 0),
            total_failed_jobs=Coalesce(Sum("failed_jobs"), 0),
            duration=Avg(ExpressionWrapper(F("completed_at") - F("begun"), output_field=DurationField())),
        )
    )
    duration: dt.timedelta | None = row.pop("duration")
    figures = [Figure(name, value) for name, value in row.items()]
    return figures if duration is None else [*figures, Figure("avg_duration_minutes", duration / MINUTE)]
