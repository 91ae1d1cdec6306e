"""Contributions and withdrawals as their owner reads them: pages, totals, a file."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet, Sum

from portfolios.models import EquityChange, EquityChangeType
from sigmasight.core import clock
from sigmasight.core.csv_export import csv_text

PERIOD_DAYS = (30, 90)
EXPORT_HEADER = (
    "id", "portfolio_id", "change_type", "amount", "change_date", "notes", "created_at", "updated_at",
)  # fmt: skip


@dataclass(frozen=True)
class ChangePage:
    """One page of changes, newest first, and how many there are on all pages."""

    items: list[EquityChange]
    page: int
    page_size: int
    total_items: int

    @property
    def total_pages(self) -> int:
        return -(-self.total_items // self.page_size)


@dataclass(frozen=True)
class Flow:
    """Dollars paid in and taken out, both positive."""

    contributions: Decimal
    withdrawals: Decimal

    @property
    def net_flow(self) -> Decimal:
        return self.contributions - self.withdrawals


@dataclass(frozen=True)
class FlowSummary:
    """Flows inside the dates asked for, the newest change of all, and flows of the last days by their number."""

    total: Flow
    last_change: EquityChange | None
    periods: dict[int, Flow]


def page_of_changes(
    portfolio_id: UUID,
    *,
    page: int,
    page_size: int,
    start: dt.date | None = None,
    end: dt.date | None = None,
    include_deleted: bool = False,
) -> ChangePage:
    """Changes dated from `start` to `end`, both included, the newest first. Past the last page there are none."""
    changes = _changes(portfolio_id, include_deleted=include_deleted).filter(_dated(start, end))
    first = (page - 1) * page_size
    listed = changes.order_by("-change_date", "-created_at", "id")[first : first + page_size]
    return ChangePage(list(listed), page, page_size, changes.count())


def summarize_changes(portfolio_id: UUID, *, start: dt.date | None = None, end: dt.date | None = None) -> FlowSummary:
    """Totals from `start` to `end`; the newest change and the flows of the last 30 and 90 days know no such bounds."""
    changes = _changes(portfolio_id)
    today = clock.market_today()
    windows: dict[str, Q] = {"total": _dated(start, end)}
    windows |= {str(days): _dated(today - dt.timedelta(days=days), today) for days in PERIOD_DAYS}
    sums = changes.aggregate(
        **{
            f"{name}_{kind.lower()}": Sum("amount", filter=window & Q(change_type=kind))
            for name, window in windows.items()
            for kind in EquityChangeType.values
        }
    )
    flows = {name: _flow(sums, name) for name in windows}
    return FlowSummary(
        total=flows["total"],
        last_change=changes.order_by("-change_date", "-created_at", "id").first(),
        periods={days: flows[str(days)] for days in PERIOD_DAYS},
    )


def changes_as_csv(portfolio_id: UUID, *, start: dt.date | None = None, end: dt.date | None = None) -> str:
    """Undeleted changes from `start` to `end`, the oldest first."""
    changes = _changes(portfolio_id).filter(_dated(start, end)).order_by("change_date", "created_at", "id")
    rows = changes.values_list(*EXPORT_HEADER)
    return csv_text(EXPORT_HEADER, ([_plain(cell) for cell in row] for row in rows))


def _changes(portfolio_id: UUID, *, include_deleted: bool = False) -> QuerySet[EquityChange]:
    changes = EquityChange.objects.filter(portfolio_id=portfolio_id)
    return changes if include_deleted else changes.filter(deleted_at__isnull=True)


def _dated(start: dt.date | None, end: dt.date | None) -> Q:
    asked = Q()
    if start is not None:
        asked &= Q(change_date__gte=start)
    if end is not None:
        asked &= Q(change_date__lte=end)
    return asked


def _flow(sums: dict[str, Any], name: str) -> Flow:
    zero = Decimal(0)
    return Flow(sums[f"{name}_contribution"] or zero, sums[f"{name}_withdrawal"] or zero)


def _plain(cell: Any) -> Any:
    return cell.isoformat().replace("+00:00", "Z") if isinstance(cell, dt.datetime) else cell
