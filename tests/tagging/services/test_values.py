"""Dollars under a tag: of open lots, with the signs of the book, once under each tag of a lot."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from sigmasight.core import clock
from tagging.models import PositionTag, Tag
from tagging.services.values import tag_values
from tests.factories import PortfolioFactory, PositionFactory

pytestmark = pytest.mark.django_db


def test_values_are_summed_by_tag() -> None:
    book = PortfolioFactory()
    both, shorts = (Tag.objects.create(user=book.user, name=name) for name in ("both", "shorts"))
    long = PositionFactory(portfolio=book, symbol="B", quantity=Decimal(10), entry_price=Decimal(50))
    short = PositionFactory(
        portfolio=book, symbol="A", position_type="SHORT", quantity=Decimal(-4), entry_price=Decimal(25)
    )
    closed = PositionFactory(portfolio=book, exit_date=clock.market_today(), exit_price=Decimal(1))
    PositionFactory(portfolio=book)
    for tag, lots in ((both, (long, short, closed)), (shorts, (short,))):
        for lot in lots:
            PositionTag.objects.create(position=lot, tag=tag)
    with CaptureQueriesContext(connection) as statements:
        found = tag_values(book.pk)
    assert len(statements) == 2
    assert set(found) == {both.pk, shorts.pk}
    assert (found[both.pk].symbols, found[both.pk].net, found[both.pk].gross) == (
        ("A", "B"),
        Decimal(400),
        Decimal(600),
    )
    assert (found[shorts.pk].net, found[shorts.pk].gross) == (Decimal(-100), Decimal(100))
    assert found[both.pk].unrealized_pnl == 0
