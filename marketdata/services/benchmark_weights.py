"""Sector weights of benchmarks: sets that make a whole."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db.models import Sum

from marketdata.models import SectorBenchmarkWeight
from sigmasight.core.errors import DomainError

# Published weights are rounded, each a little.
TOLERANCE = Decimal("0.01")


def require_whole(benchmark: str, date: dt.date | str) -> None:
    """The weights of a benchmark at a date make 1 together.

    Raises
    ------
    DomainError with what they make.
    """
    rows = SectorBenchmarkWeight.objects.filter(benchmark_code=benchmark, asof_date=date)
    total = rows.aggregate(total=Sum("weight", default=Decimal(0)))["total"]
    if abs(total - 1) > TOLERANCE:
        raise DomainError(
            "weights_not_whole", f"The sector weights of {benchmark} at {date} make {total:.4f} together, not 1."
        )
