"""Telling the batch from which day a book has to be rolled again."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.db.models import F, Value
from django.db.models.functions import Coalesce, Least
from django.utils import timezone

from portfolios.models import Portfolio
from sigmasight.core.errors import NotFound


def lock_portfolio(portfolio_id: UUID) -> Portfolio:
    """Load a portfolio for a change of its book; to be called first, inside the transaction of the change.

    The row stays locked until that transaction ends, so that two changes of one book follow each other. Rows that only
    point at the portfolio do not wait.

    Raises
    ------
    NotFound if there is no such portfolio or it was deleted.
    """
    book = Portfolio.objects.select_for_update(no_key=True).filter(pk=portfolio_id, deleted_at__isnull=True).first()
    if book is None:
        raise NotFound("portfolio_not_found", "Portfolio not found.")
    return book


def mark_dirty(portfolio_id: UUID, day: dt.date) -> None:
    """Have the book rolled again from `day` on, or from an earlier day if it is marked so already.

    The stamp moves even where the day stays: a roll that is under way must not take back a mark that was set after it
    read the book.
    """
    first = Value(day)
    Portfolio.objects.filter(pk=portfolio_id).update(
        dirty_from=Least(Coalesce(F("dirty_from"), first), first), updated_at=timezone.now()
    )


def clear_dirty(portfolio_id: UUID, day: dt.date, stamp: dt.datetime) -> bool:
    """Take back the mark a roll has answered: `day` and `stamp` (`updated_at`) as they were before it read the book.

    Returns
    -------
    False if the book was changed since; the mark stays then, for the next roll.
    """
    mark = Portfolio.objects.filter(pk=portfolio_id, dirty_from=day, updated_at=stamp)
    return mark.update(dirty_from=None) == 1
