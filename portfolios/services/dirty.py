"""Telling the batch from which day a book has to be rolled again."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.db.models import F, Value
from django.db.models.functions import Coalesce, Least

from portfolios.models import Portfolio
from sigmasight.core.errors import NotFound


def lock_portfolio(portfolio_id: UUID) -> Portfolio:
    """Load a portfolio for a change of its book; to be called first, inside the transaction of the change.

    The row stays locked until that transaction ends. A roll that takes the same lock before it reads the book and
    clears `dirty_from` therefore either sees the whole change or is told of it.

    Raises
    ------
    NotFound if there is no such portfolio or it was deleted.
    """
    book = Portfolio.objects.select_for_update(no_key=True).filter(pk=portfolio_id, deleted_at__isnull=True).first()
    if book is None:
        raise NotFound("portfolio_not_found", "Portfolio not found.")
    return book


def mark_dirty(portfolio_id: UUID, day: dt.date) -> None:
    """Have the book rolled again from `day` on, or from an earlier day if it is marked so already."""
    first = Value(day)
    Portfolio.objects.filter(pk=portfolio_id).update(dirty_from=Least(Coalesce(F("dirty_from"), first), first))
