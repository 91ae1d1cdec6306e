"""What lots are worth, by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from marketdata.models import InstrumentMark, MarkQuality, MarkSource
from portfolios.models import (
    InvestmentClass,
    Portfolio,
    Position,
    PositionValuation,
)
from portfolios.services.positions import close_position
from portfolios.services.valued_lots import BookValue, ValuedLot, book_values, valued_lots, valued_lots_with_ids
from tests.factories import PortfolioFactory, PositionFactory
from tests.portfolios.services.conftest import TODAY

pytestmark = pytest.mark.django_db

THURSDAY = TODAY - dt.timedelta(days=1)


@pytest.fixture
def published(portfolio: Portfolio) -> Portfolio:
    Portfolio.objects.update(results_as_of=THURSDAY)
    return portfolio


def mark(lot: Position, session: dt.date, price: str, **more: Any) -> None:
    InstrumentMark.objects.create(
        security=lot.security,
        session=session,
        price=Decimal(price),
        price_date=more.pop("price_date", session),
        quality=more.pop("quality", MarkQuality.FRESH),
        price_source=MarkSource.FILE,
    )


def only(portfolio: Portfolio, **options: Any) -> ValuedLot:
    (lot,) = valued_lots([portfolio.id], **options)
    return lot


@pytest.mark.parametrize(
    ("kind", "quantity", "entry", "price", "expected"),
    [
        ("LONG", 100, 150, 164, (16400, 15000, 1400, "9.3333")),
        ("SHORT", -50, 60, 74, (-3700, -3000, -700, "-23.3333")),
        ("LC", 2, 4, 10, (2000, 800, 1200, "150")),
        ("SP", -3, 2, 5, (-1500, -600, -900, "-150")),
    ],
)
def test_values_of_every_side(
    published: Portfolio, kind: str, quantity: int, entry: int, price: int, expected: tuple[int, int, int, str]
) -> None:
    lot = PositionFactory(portfolio=published, position_type=kind, quantity=quantity, entry_price=entry)
    mark(lot, THURSDAY, str(price))
    valued = only(published)
    assert (valued.position_id, valued.portfolio_id) == (lot.id, published.id)
    assert (valued.market_value, valued.cost_basis, valued.unrealized_pnl) == expected[:3]
    assert valued.unrealized_pnl_percent == Decimal(expected[3])


def test_terms_of_an_option(published: Portfolio) -> None:
    lot = PositionFactory(portfolio=published, position_type="LP")
    valued, terms = only(published), lot.security.option_contract
    assert (valued.underlying, valued.strike, valued.expiration, valued.multiplier) == (
        terms.underlying.symbol, terms.strike, terms.expiration, 100,
    )  # fmt: skip


def test_the_price_is_the_newest_that_is_published(published: Portfolio) -> None:
    lot = PositionFactory(portfolio=published)
    wednesday = THURSDAY - dt.timedelta(days=1)
    mark(lot, wednesday, "49", price_date=wednesday - dt.timedelta(days=5), quality=MarkQuality.STALE)
    mark(lot, TODAY, "99")
    valued = only(published)
    assert (valued.price, valued.price_date) == (49, wednesday - dt.timedelta(days=5))
    assert (valued.quality, valued.price_source) == ("stale", "file")


def test_without_a_price_it_stands_at_entry(published: Portfolio) -> None:
    PositionFactory(portfolio=published)
    valued = only(published)
    assert (valued.price, valued.price_date, valued.unrealized_pnl) == (50, valued.entry_date, 0)
    assert (valued.quality, valued.price_source) == ("entry", "entry")


def test_a_book_without_results_stands_at_entry(portfolio: Portfolio) -> None:
    mark(PositionFactory(portfolio=portfolio), THURSDAY, "70")
    assert only(portfolio).price_source == "entry"


def test_a_private_lot_is_worth_what_its_owner_says(published: Portfolio) -> None:
    fund = PositionFactory(
        portfolio=published, investment_class=InvestmentClass.PRIVATE, security=None, symbol="FUND", quantity=2
    )
    assert only(published).quality == "entry"
    for day, price in ((THURSDAY - dt.timedelta(days=30), 61), (TODAY, 99)):
        PositionValuation.objects.create(position=fund, date=day, price=price)
    valued = only(published)
    assert (valued.market_value, valued.unrealized_pnl) == (122, 22)
    assert (valued.quality, valued.price_source, valued.security_id) == ("valuation", "valuation", None)


def test_closed_lots_come_only_when_asked_for(published: Portfolio) -> None:
    lot = PositionFactory(portfolio=published)
    close_position(lot.id, exit_price=Decimal(60))
    assert valued_lots([published.id]) == []
    valued = only(published, include_closed=True)
    assert (valued.exit_date, valued.exit_price, valued.realized_pnl) == (TODAY, 60, 100)
    assert (valued.market_value, valued.cost_basis, valued.unrealized_pnl_percent) == (0, 0, None)


def test_deleted_lots_and_other_books_are_left_out(published: Portfolio) -> None:
    PositionFactory(portfolio=published, deleted_at=dt.datetime(2026, 2, 1, tzinfo=dt.UTC))
    PositionFactory(portfolio=PortfolioFactory())
    assert valued_lots([published.id], include_closed=True) == []
    assert valued_lots([]) == []


def test_the_order_is_symbol_then_entry(published: Portfolio) -> None:
    later = PositionFactory(portfolio=published, entry_date=dt.date(2025, 9, 1))
    PositionFactory(portfolio=published, symbol="AAA", entry_date=dt.date(2025, 10, 1))
    earlier = PositionFactory(portfolio=published, symbol=later.symbol, security=later.security)
    assert [lot.position_id for lot in valued_lots([published.id])][1:] == [earlier.id, later.id]


def test_books_are_the_sums_of_their_lots_to_the_cent(published: Portfolio) -> None:
    # Half cents: each is rounded to the even cent, as the lots are.
    for quantity, price in (("1.5", "10.01"), ("0.5", "10.03"), ("2.5", "0.01"), ("3", "7.006")):
        mark(PositionFactory(portfolio=published, quantity=Decimal(quantity)), THURSDAY, price)
    mark(PositionFactory(portfolio=published, position_type="SHORT", quantity=Decimal("-1.5")), THURSDAY, "10.01")
    mark(PositionFactory(portfolio=published, position_type="SC", quantity=Decimal(-2)), THURSDAY, "4.25")
    PositionFactory(portfolio=published, investment_class=InvestmentClass.PRIVATE, security=None)
    closed = PositionFactory(portfolio=published)
    close_position(closed.pk, exit_price=Decimal(1), exit_date=THURSDAY)
    empty = PortfolioFactory()
    lots = valued_lots([published.id])
    values = book_values([published.id, empty.id])
    assert values == {published.id: BookValue(7, sum((lot.market_value for lot in lots), Decimal(0)))}
    assert [lot.position_id for lot in valued_lots_with_ids([closed.pk, lots[0].position_id])] == [
        lot.position_id for lot in valued_lots([published.id], include_closed=True)
        if lot.position_id in (closed.pk, lots[0].position_id)
    ]  # fmt: skip
