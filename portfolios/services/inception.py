"""The day the ledger of a portfolio begins."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.db.models import Min
from django.utils import timezone

from marketdata import calendar
from portfolios.models import Portfolio, Position
from sigmasight.core import clock

LONGEST_PAST_SESSIONS = 252


def ledger_start(first_entry: dt.date | None, created_on: dt.date) -> dt.date:
    """The first session of the ledger of a portfolio made on `created_on` whose oldest lot was entered on `first_entry`.

    That is the session of the first entry, at most 252 sessions before the creation: older lots are taken over at that
    session's close. Without lots, or with later ones only, it is the session of the creation.
    """
    created = calendar.session_on_or_before(created_on)
    if first_entry is None or first_entry >= created:
        return created
    oldest = calendar.shift(created, -LONGEST_PAST_SESSIONS)
    # What was entered before the calendar begins is older than that.
    return oldest if first_entry <= oldest else calendar.session_on_or_after(first_entry)


def begin_with_the_first_lot(book: Portfolio) -> None:
    """Let a ledger that was never rolled begin with the oldest lot, as if all lots had been there at the creation.

    To be called with the portfolio locked. Once there is a snapshot the beginning stays.
    """
    if book.results_as_of is not None or book.snapshots.exists():
        return
    start = ledger_start(
        _first_entry(book.pk), min(book.created_at.astimezone(clock.NEW_YORK).date(), clock.market_today())
    )
    if start < book.equity_as_of:
        Portfolio.objects.filter(pk=book.pk).update(equity_as_of=start, updated_at=timezone.now())


def _first_entry(portfolio_id: UUID) -> dt.date | None:
    lots = Position.objects.filter(portfolio_id=portfolio_id, deleted_at__isnull=True)
    first: dt.date | None = lots.aggregate(first=Min("entry_date"))["first"]
    return first
