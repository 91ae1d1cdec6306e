"""What was repaired lately, and what waits for the next run."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Min
from django.db.models.functions import Greatest

from analytics.models import BatchRun, RunKind
from analytics.services.run_names import purpose
from marketdata.models import PriceCorrection
from portfolios.models import Portfolio

SHOWN = 12


@dataclass(frozen=True)
class PastRepair:
    """A repair and the last that its log says."""

    run: BatchRun
    said: str

    @property
    def name(self) -> str:
        return purpose(self.run)


@dataclass(frozen=True)
class Marked:
    """What the next run rolls again: portfolios from their first marked day on, and changes of prices not yet taken up."""

    portfolios: int
    first: dt.date | None
    corrections: int


def last_repairs() -> list[PastRepair]:
    """The last repairs, newest first, in two queries."""
    runs = BatchRun.objects.filter(kind=RunKind.FIX, params__has_key="job_type").select_related("requested_by")
    found = list(runs.prefetch_related("log")[:SHOWN])
    return [PastRepair(run, next((entry.message for entry in reversed(run.log.all())), "")) for run in found]


def marked_portfolios() -> Marked:
    """In two queries."""
    books = Portfolio.objects.filter(dirty_from__isnull=False, deleted_at=None, is_active=True)
    found = books.aggregate(count=Count("pk"), first=Min(Greatest("dirty_from", "equity_as_of")))
    pending = PriceCorrection.objects.filter(processed_at=None).count()
    return Marked(found["count"], found["first"], pending)
