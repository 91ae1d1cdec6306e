"""The demo's lots are worth what its last night booked."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portfolios.models import Portfolio, PortfolioSnapshot, PositionSnapshot
from portfolios.services.valued_lots import valued_lots

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("demo_results")]


def test_books_are_worth_what_their_snapshots_say() -> None:
    books = {book.id: book.results_as_of for book in Portfolio.objects.all()}
    with CaptureQueriesContext(connection) as queries:
        lots = valued_lots(list(books))
    assert len(queries) == 1
    worth: dict[Any, list[Decimal]] = defaultdict(list)
    for lot in lots:
        worth[lot.portfolio_id].append(lot.market_value)
    assert len(worth) == len(books) >= 5
    for book, session in books.items():
        night = PortfolioSnapshot.objects.get(portfolio=book, snapshot_date=session)
        long = sum(value for value in worth[book] if value > 0)
        short = sum(value for value in worth[book] if value < 0)
        # Every lot is rounded to the cent, the snapshot's sums once.
        assert abs(long - night.long_value) <= Decimal("0.005") * len(worth[book])
        assert abs(short - night.short_value) <= Decimal("0.005") * len(worth[book])
        assert len(worth[book]) == night.num_positions


def test_lots_are_worth_what_the_night_booked() -> None:
    booked = {}
    for book in Portfolio.objects.all():
        night = PositionSnapshot.objects.get(portfolio=book, snapshot_date=book.results_as_of)
        rows = zip(
            night.quantity, night.price, night.market_value, night.entry_value, night.unrealized_pnl, strict=True
        )
        booked |= dict(zip(night.position_ids, rows, strict=True))
    lots = valued_lots(list(Portfolio.objects.values_list("id", flat=True)))
    assert {lot.position_id for lot in lots} == set(booked)
    for lot in lots:
        worth = (lot.quantity, lot.price, lot.market_value, lot.cost_basis, lot.unrealized_pnl)
        assert [float(value) for value in worth] == pytest.approx(booked[lot.position_id], abs=0.011), lot.symbol
