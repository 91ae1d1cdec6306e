"""The books as columns."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest

from marketdata import calendar
from portfolios.models import EquityChange, InvestmentClass, Portfolio, Position, PositionValuation
from portfolios.services.book import CLASSES, NEVER, TYPES, Book, load_book
from portfolios.services.positions import close_position
from portfolios.services.settlements import Settlement, TradeKind, record_settlements
from sigmasight.core.bulk import to_uuids
from sigmasight.core.errors import NotFound
from tests.factories import OptionContractFactory, PortfolioFactory, PositionFactory
from tests.portfolios.services.conftest import TODAY

pytestmark = pytest.mark.django_db

MONDAY = dt.date(2026, 2, 2)


def ordinal(day: dt.date) -> int:
    return calendar.session_ordinal(day)


def lot_row(book: Book, lot: Position) -> int:
    return to_uuids(book.lots.id).index(lot.id)


def test_portfolios_are_sorted_by_id(portfolio: Portfolio) -> None:
    ids = [portfolio.id, *(PortfolioFactory(opening_equity=Decimal("0.25")).id for _ in range(5))]
    book = load_book(ids, TODAY)
    assert to_uuids(book.portfolios.id) == sorted(ids)
    place = sorted(ids).index(portfolio.id)
    assert book.portfolios.opening_equity[place] == 100_000_000_000
    assert book.portfolios.start[place] == ordinal(dt.date(2025, 6, 30))


def test_a_weekend_opening_starts_on_monday() -> None:
    weekend = PortfolioFactory(equity_as_of=dt.date(2026, 1, 31))
    assert load_book([weekend.id], TODAY).portfolios.start.tolist() == [ordinal(MONDAY)]


def test_a_stock_lot_and_its_trades(portfolio: Portfolio) -> None:
    lot = PositionFactory(
        portfolio=portfolio, position_type="SHORT", quantity=Decimal("-10.5"), entry_price=Decimal("50.123456")
    )
    close_position(
        lot.id, exit_price=Decimal(45), close_quantity=Decimal(4), exit_date=dt.date(2026, 1, 31), fees=Decimal("1.25")
    )
    book = load_book([portfolio.id], TODAY)
    assert book.lots.security.tolist() == [lot.security_id]
    assert CLASSES[book.lots.investment_class[0]] == "PUBLIC"
    assert TYPES[book.lots.position_type[0]] == "SHORT"
    assert (book.lots.multiplier[0], book.lots.underlying[0], book.lots.option_sign[0]) == (1, -1, 0)
    assert (book.lots.expiry[0], book.lots.deleted[0]) == (NEVER, NEVER)
    assert book.trades.opening.tolist() == [True, False]
    assert book.trades.quantity.tolist() == [-10.5, 4]
    assert book.trades.price.tolist() == [50.123456, 45]
    assert book.trades.fees.tolist() == [0, 1_250_000]
    # Closed on a Saturday: booked on Monday.
    assert book.trades.session.tolist() == [ordinal(dt.date(2025, 6, 30)), ordinal(MONDAY)]
    assert book.trades.units.tolist() == [ordinal(dt.date(2025, 6, 30)), ordinal(TODAY)]


def test_an_option_brings_its_terms(portfolio: Portfolio) -> None:
    # Good Friday: the contract settles on the Thursday.
    contract = OptionContractFactory(option_type="PUT", expiration=dt.date(2026, 4, 3), strike=Decimal("55.5"))
    PositionFactory(portfolio=portfolio, position_type="LP", security=contract.security)
    lots = load_book([portfolio.id], TODAY).lots
    assert lots.underlying.tolist() == [contract.underlying_id]
    assert (lots.multiplier[0], lots.strike[0], lots.option_sign[0]) == (100, 55.5, -1)
    assert lots.expiry.tolist() == [ordinal(dt.date(2026, 4, 2))]


def test_a_private_lot_has_valuations_and_no_security(portfolio: Portfolio) -> None:
    lot = PositionFactory(
        portfolio=portfolio, investment_class=InvestmentClass.PRIVATE, security=None, symbol="FUND", quantity=Decimal(1)
    )
    for day, price in ((dt.date(2026, 2, 1), 12), (dt.date(2026, 1, 31), 11), (dt.date(2026, 1, 5), 10)):
        PositionValuation.objects.create(position=lot, date=day, price=price)
    book = load_book([portfolio.id], TODAY)
    assert book.lots.security.tolist() == [-1]
    assert np.isnan(book.lots.strike[0])
    # Saturday's and Sunday's values fall on Monday; Sunday's is the last word.
    assert book.valuations.price.tolist() == [10, 11, 12]
    assert book.valuations.session.tolist() == [ordinal(dt.date(2026, 1, 5)), ordinal(MONDAY), ordinal(MONDAY)]


def test_a_closing_without_a_price_has_none(portfolio: Portfolio) -> None:
    close_position(PositionFactory(portfolio=portfolio).id, exit_price=None)
    assert np.isnan(load_book([portfolio.id], TODAY).trades.price[1])


def test_expiries_are_left_to_the_ledger(portfolio: Portfolio) -> None:
    contract = OptionContractFactory(expiration=dt.date(2026, 2, 20))
    lot = PositionFactory(portfolio=portfolio, position_type="LC", security=contract.security)
    record_settlements(
        [Settlement(lot.id, TradeKind.EXPIRY, dt.date(2026, 2, 20), Decimal(-10), Decimal(2), Decimal(1))]
    )
    book = load_book([portfolio.id], TODAY)
    assert book.trades.opening.tolist() == [True]


def test_flows_are_signed_and_deleted_ones_left_out(portfolio: Portfolio) -> None:
    rows = [
        ("WITHDRAWAL", "40.25", dt.date(2026, 2, 10), None),
        ("CONTRIBUTION", "25", dt.date(2026, 1, 31), None),
        ("CONTRIBUTION", "7", MONDAY, dt.datetime(2026, 2, 3, tzinfo=dt.UTC)),
    ]
    for kind, amount, day, deleted in rows:
        EquityChange.objects.create(
            portfolio=portfolio, change_type=kind, amount=Decimal(amount), change_date=day, deleted_at=deleted
        )
    flows = load_book([portfolio.id], TODAY).flows
    assert flows.amount.tolist() == [25_000_000, -40_250_000]
    assert flows.session.tolist() == [ordinal(MONDAY), ordinal(dt.date(2026, 2, 10))]


def test_a_deletion_counts_from_its_day_in_new_york(portfolio: Portfolio) -> None:
    # Half past midnight in London on Saturday is still Friday in New York.
    PositionFactory(portfolio=portfolio, deleted_at=dt.datetime(2026, 2, 14, 0, 30, tzinfo=dt.UTC))
    friday = dt.date(2026, 2, 13)
    assert load_book([portfolio.id], TODAY).lots.deleted.tolist() == [ordinal(friday)]
    assert load_book([portfolio.id], dt.date(2026, 2, 12)).lots.deleted.tolist() == [NEVER]


def test_nothing_after_the_last_day_is_read(portfolio: Portfolio) -> None:
    early = PositionFactory(portfolio=portfolio)
    close_position(early.id, exit_price=Decimal(60), exit_date=dt.date(2026, 2, 20))
    PositionFactory(portfolio=portfolio, entry_date=dt.date(2026, 2, 18))
    EquityChange.objects.create(
        portfolio=portfolio, change_type="CONTRIBUTION", amount=5, change_date=dt.date(2026, 2, 18)
    )
    book = load_book([portfolio.id], dt.date(2026, 2, 17))
    assert to_uuids(book.lots.id) == [early.id]
    assert len(book.trades.lot) == 1
    assert not len(book.flows.amount)


def test_trades_point_at_their_lots() -> None:
    portfolios = [PortfolioFactory() for _ in range(3)]
    lots = [PositionFactory(portfolio=portfolios[number % 3], quantity=Decimal(number + 1)) for number in range(9)]
    for lot in lots[:4]:
        close_position(lot.id, exit_price=Decimal(60), close_quantity=Decimal("0.5"))
    book = load_book([portfolio.id for portfolio in portfolios], TODAY)
    ids, owners = to_uuids(book.lots.id), to_uuids(book.portfolios.id)
    by_id = {lot.id: lot for lot in lots}
    assert [owners[place] for place in book.lots.portfolio] == [by_id[lot].portfolio_id for lot in ids]
    assert (np.diff(book.lots.portfolio) >= 0).all()
    for lot, quantity, opening in zip(book.trades.lot, book.trades.quantity, book.trades.opening, strict=True):
        assert quantity == (by_id[ids[lot]].quantity if opening else -0.5)
    assert len(book.trades.lot) == 13


def same(one: Any, other: Any) -> None:
    for field in fields(one):
        left, right = getattr(one, field.name), getattr(other, field.name)
        if is_dataclass(left):
            same(left, right)
        else:
            np.testing.assert_array_equal(left, right, err_msg=field.name)


def test_the_order_of_the_request_does_not_matter() -> None:
    ids = [PositionFactory().portfolio_id for _ in range(6)]
    same(load_book(ids, TODAY), load_book([*ids[::-1], ids[0]], TODAY))


def test_a_portfolio_alone_has_the_rows_it_has_among_others(portfolio: Portfolio) -> None:
    for number in range(3):
        PositionFactory(portfolio=portfolio, quantity=Decimal(number + 1))
    others: list[UUID] = [PositionFactory().portfolio_id for _ in range(4)]
    alone, among = load_book([portfolio.id], TODAY), load_book([*others, portfolio.id], TODAY)
    place = to_uuids(among.portfolios.id).index(portfolio.id)
    own = among.lots.portfolio == place
    assert among.lots.id[own].tolist() == alone.lots.id.tolist()
    assert among.trades.quantity[own[among.trades.lot]].tolist() == alone.trades.quantity.tolist()


def test_an_empty_portfolio_is_a_book_without_lots(portfolio: Portfolio) -> None:
    book = load_book([portfolio.id], TODAY)
    assert len(book.lots.id) == len(book.trades.lot) == len(book.held_securities()) == 0


def test_held_securities_include_underlyings(portfolio: Portfolio) -> None:
    contract = OptionContractFactory()
    PositionFactory(portfolio=portfolio, position_type="LC", security=contract.security)
    stock = PositionFactory(portfolio=portfolio)
    held = load_book([portfolio.id], TODAY).held_securities()
    assert held.tolist() == sorted([contract.security_id, contract.underlying_id, stock.security_id])


def test_any_number_of_portfolios_takes_the_same_queries(django_assert_max_num_queries: Any) -> None:
    ids = [PositionFactory().portfolio_id for _ in range(12)]
    # Each answer is described once before it is copied.
    with django_assert_max_num_queries(4):
        load_book(ids, TODAY)


def test_an_unknown_portfolio_is_not_found(portfolio: Portfolio) -> None:
    with pytest.raises(NotFound):
        load_book([portfolio.id, uuid4()], TODAY)
