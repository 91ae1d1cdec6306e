"""Telling the batch from which day a book has to be rolled again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
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


def claim_dirty(portfolio_ids: Iterable[UUID]) -> dict[UUID, dt.date | None]:
    """Take the marks of these portfolios over for a roll, and clear them.

    To be called first in the transaction that reads the books and stores their ledgers: changes already begun are
    waited for and seen, later ones wait for the roll and mark the book again. If the roll fails, the marks come back.

    Returns
    -------
    The mark each portfolio had; deleted portfolios are left out.
    """
    # One order for everybody, so that two rolls never wait for each other.
    books = Portfolio.objects.filter(pk__in=list(portfolio_ids), deleted_at__isnull=True).order_by("pk")
    marks = dict(books.select_for_update(no_key=True).values_list("pk", "dirty_from"))
    Portfolio.objects.filter(pk__in=marks, dirty_from__isnull=False).update(dirty_from=None)
    return marks
