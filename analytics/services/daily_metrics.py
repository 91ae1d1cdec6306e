"""Daily figures of the operations console: counted once a day, kept for ever, read by day."""

from __future__ import annotations

import datetime as dt
import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import Count, Max
from django.utils import timezone

from analytics.batch.runs import in_words
from analytics.models import DailyMetric
from analytics.services.day_figures import COLLECTORS, Day, Figure
from analytics.services.retention import RETENTION_DAYS
from sigmasight.core import clock

log = logging.getLogger(__name__)
ONE_DAY = dt.timedelta(days=1)
MOST_CAUGHT_UP = 7


@dataclass(frozen=True)
class Counted:
    """What was counted of a day: the number of figures by category, and what could not be counted, in words."""

    date: dt.date
    categories: dict[str, int]
    errors: list[str]

    @property
    def saved(self) -> int:
        return sum(self.categories.values())


@dataclass(frozen=True)
class Coverage:
    """Which of the last days have figures, ascending, and how many rows those have."""

    days: list[dt.date]
    counted: list[dt.date]
    rows: int

    @property
    def missing(self) -> list[dt.date]:
        have = set(self.counted)
        return [day for day in self.days if day not in have]

    @property
    def percent(self) -> float:
        return round(100 * len(self.counted) / len(self.days), 1)


def yesterday() -> dt.date:
    """The last whole day in New York."""
    return clock.market_today() - ONE_DAY


def oldest_countable() -> dt.date:
    """The first day of which every event is still there: counting an older one anew would write too little over it."""
    return clock.market_today() - (RETENTION_DAYS - 1) * ONE_DAY


def count_days(last: dt.date, days: int = 1) -> list[Counted]:
    """Count `days` days up to and with `last`, oldest first; days of which events were deleted already are left out."""
    wanted = (last - n * ONE_DAY for n in reversed(range(days)))
    return [_count(day) for day in wanted if day >= oldest_countable()]


def count_yesterday() -> list[Counted]:
    """Count yesterday, and the days since the last one counted, a week of them at most: the schedule may have stood still."""
    newest = DailyMetric.objects.filter(date__lt=yesterday()).aggregate(newest=Max("date"))["newest"]
    days = 1 if newest is None else max(1, min((yesterday() - newest).days, MOST_CAUGHT_UP))
    return count_days(yesterday(), days)


def _count(day: dt.date) -> Counted:
    categories, errors = {}, []
    for category, collect in COLLECTORS.items():
        try:
            with transaction.atomic():
                categories[category] = _store(day, category, collect(Day(day)))
        except SoftTimeLimitExceeded:
            raise
        except Exception as error:
            # The edge of a collector: the others' figures and the cleanup do not wait for its repair.
            log.exception("%s of %s was not counted", category, day)
            errors.append(f"{category} of {day}: {in_words(error)}")
    return Counted(day, categories, errors)


def _store(day: dt.date, category: str, figures: Iterable[Figure]) -> int:
    now = timezone.now()
    rows = [
        DailyMetric(
            date=day,
            metric_type=f"{category}.{figure.name}",
            metric_value=round(Decimal(figure.value), 4),
            dimensions=figure.dimensions,
        )
        for figure in figures
    ]
    DailyMetric.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["date", "metric_type", "dimensions"],
        update_fields=["metric_value", "updated_at"],
    )
    # What an earlier count found and this one did not is no figure of the day any more.
    DailyMetric.objects.filter(date=day, metric_type__startswith=f"{category}.", updated_at__lt=now).delete()
    return len(rows)


def coverage(days: int) -> Coverage:
    """The last whole `days` days, in one query."""
    last = yesterday()
    wanted = [last - n * ONE_DAY for n in reversed(range(days))]
    rows = DailyMetric.objects.filter(date__range=(wanted[0], last)).order_by("date").values_list("date")
    counts = dict(rows.annotate(Count("id")))
    return Coverage(wanted, list(counts), sum(counts.values()))


def figures_by_day(days: int, prefix: str = "") -> dict[dt.date, dict[str, Decimal]]:
    """Figures of the last `days` days and today, newest day first: of one category or all, `name` or `name:dimension` each."""
    found: dict[dt.date, dict[str, Decimal]] = defaultdict(dict)
    rows = (
        DailyMetric.objects.filter(date__gte=clock.market_today() - days * ONE_DAY, metric_type__startswith=prefix)
        .order_by("-date", "metric_type", "id")
        .values_list("date", "metric_type", "dimensions", "metric_value")
    )
    for day, name, dimensions, value in rows:
        key = ":".join([name, *(str(dimensions[part]) for part in sorted(dimensions))])
        found[day][key] = value
    return dict(found)
