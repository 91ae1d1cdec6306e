"""Lots as the night stored them and as they are valued now are the same, until somebody changes the book."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from analytics.services.held_lots import HeldLot, held_lots, sectors_of
from portfolios.models import Portfolio, Position
from portfolios.services.deletions import delete_position
from portfolios.services.valued_lots import valued_lots
from tests.factories import OptionContractFactory, PositionFactory, SecurityFactory

pytestmark = pytest.mark.django_db


def test_stored_values_are_those_of_today_to_the_cent(demo_book: Portfolio) -> None:
    stored, live = (held_lots([demo_book.id], current=current) for current in (True, False))
    assert stored == live
    assert [(lot.symbol, Decimal(str(lot.market_value))) for lot in stored] == [
        (lot.symbol, lot.market_value) for lot in valued_lots([demo_book.id])
    ]


def test_one_query_each_way(demo_book: Portfolio, django_assert_num_queries: Any) -> None:
    for current in (True, False):
        with django_assert_num_queries(1):
            held_lots([demo_book.id], current=current)


def test_a_deleted_lot_is_gone_each_way(demo_book: Portfolio) -> None:
    lot = Position.objects.filter(portfolio=demo_book).first()
    assert lot is not None
    delete_position(lot.pk)
    for current in (True, False):
        assert lot.symbol not in {held.symbol for held in held_lots([demo_book.id], current=current)}


def held(security: Any = None, kind: str = "PUBLIC", position_type: str = "LONG", value: float = 1.0) -> HeldLot:
    book = PositionFactory().portfolio_id
    return HeldLot(book, "X", security.pk if security else None, kind, position_type, value, 0.0)


@pytest.mark.parametrize(
    ("kind", "sector", "expected"),
    [
        ("stock", "Financial Services", "Financials"),
        ("stock", "Consumer Cyclical", "Consumer Discretionary"),
        ("stock", "Consumer Defensive", "Consumer Staples"),
        ("stock", "Basic Materials", "Materials"),
        ("stock", "Energy", "Energy"),
        ("stock", "", "Unclassified"),
        ("etf", "Technology", "ETFs"),
        ("etn", "", "ETFs"),
        ("mutual_fund", "", "Unclassified"),
    ],
)
def test_sectors_bear_the_names_of_the_benchmark(kind: str, sector: str, expected: str) -> None:
    assert sectors_of([held(SecurityFactory(security_type=kind, sector=sector))]) == [expected]


def test_options_and_private_holdings_are_unclassified() -> None:
    option = OptionContractFactory().security
    assert sectors_of([held(option, "OPTIONS", "LC"), held(None, "PRIVATE")]) == ["Unclassified", "Unclassified"]


@pytest.mark.parametrize(
    ("position_type", "value", "short", "option"),
    [("LONG", 5.0, False, False), ("SHORT", 0.0, True, False), ("SP", -5.0, True, True), ("LP", 5.0, False, True)],
)
def test_sides(position_type: str, value: float, short: bool, option: bool) -> None:
    lot = held(position_type=position_type, value=value)
    assert (lot.is_short, lot.is_option) == (short, option)
