"""Whether the tables of operations are looked after: counted daily, cleaned daily."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Max

from analytics.models import BatchRun, DailyMetric
from analytics.services.daily_metrics import ONE_DAY, yesterday
from analytics.services.retention import AI_REQUESTS, Holding, holdings
from portfolios.models import UserActivityEvent
from sigmasight.core.clock import NEW_YORK

EVENTS, RUNS, METRICS = UserActivityEvent._meta.db_table, BatchRun._meta.db_table, DailyMetric._meta.db_table


@dataclass(frozen=True)
class AdminHealth:
    """`tables`: what has a rule of retention. `metrics`: rows of daily figures. `status`: healthy; needs_cleanup if something is
    kept a day longer than it should be; degraded if the figures of whole days are missing."""

    status: str
    tables: dict[str, Holding]
    metrics: int

    @property
    def compliant(self) -> bool:
        return all(holding.compliant for holding in self.tables.values())

    @property
    def rows(self) -> dict[str, int]:
        return {name: self.tables[name].total for name in (EVENTS, AI_REQUESTS, RUNS)} | {METRICS: self.metrics}


def admin_health() -> AdminHealth:
    """The state of operations' own tables, in two queries."""
    tables = holdings()
    metrics = DailyMetric.objects.aggregate(rows=Count("id"), newest=Max("date"))
    behind = _is_behind(metrics["newest"], [tables[EVENTS].oldest, tables[RUNS].oldest])
    late = not all(holding.compliant for holding in tables.values())
    return AdminHealth("needs_cleanup" if late else "degraded" if behind else "healthy", tables, metrics["rows"])


def _is_behind(newest: dt.date | None, oldest: list[dt.datetime | None]) -> bool:
    """Yesterday is counted this evening, the day before yesterday must be, if there was anything then."""
    due = yesterday() - ONE_DAY
    something = any(at is not None and at.astimezone(NEW_YORK).date() <= due for at in oldest)
    return something and (newest is None or newest < due)
