"""Who has to be rolled again where the prices of a security changed."""

from __future__ import annotations

import datetime as dt

from django.db.models import F, Q, QuerySet, Value
from django.db.models.functions import Coalesce, Least
from django.utils import timezone

from marketdata.services.securities import PROXIES, VOLATILITY_INDEX
from portfolios.models import Portfolio


def resting_on(security_id: int, symbol: str) -> QuerySet[Portfolio]:
    """The portfolios whose numbers a security's prices change: its holders, those of options on it and of private holdings that it
    stands for; for the funds behind factors, sectors and scenarios everybody. Nothing is computed from the volatility index."""
    if symbol in PROXIES and symbol != VOLATILITY_INDEX:
        return Portfolio.objects.all()
    held = (
        Q(positions__security_id=security_id)
        | Q(positions__security__option_contract__underlying_id=security_id)
        | Q(positions__proxy_symbol=symbol)
    )
    return Portfolio.objects.filter(id__in=Portfolio.objects.filter(held).values("id"))


def roll_again(books: QuerySet[Portfolio], day: dt.date) -> int:
    """Have these portfolios rolled again from a day on, or from an earlier one where they are marked so. Returns how many."""
    return books.update(dirty_from=Least(Coalesce(F("dirty_from"), Value(day)), Value(day)), updated_at=timezone.now())
