"""Putting right what was entered: the opening trade changes, and history from its day on."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from marketdata.models import Split
from portfolios.models import Portfolio, Position, Trade, TradeKind
from portfolios.services.corrections import correct_position
from portfolios.services.deletions import delete_position
from portfolios.services.positions import close_position
from sigmasight.core.errors import DomainError
from tests.factories import OPENED, PositionFactory
from tests.portfolios.services.conftest import TODAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def position(portfolio: Portfolio) -> Position:
    return PositionFactory(portfolio=portfolio, quantity=Decimal(10), entry_price=Decimal(50))


def opening(position: Position) -> Trade:
    return position.trades.get(kind=TradeKind.OPEN)


def correct(position: Position, **changes: Any) -> Position:
    correct_position(position.id, **changes)
    position.refresh_from_db()
    return position


def test_a_quantity_is_that_of_the_opening_trade(position: Position) -> None:
    correct(position, quantity=Decimal(12))
    assert position.quantity == opening(position).quantity == 12
    assert position.trades.count() == 1


def test_a_quantity_is_what_remains_after_closings(position: Position) -> None:
    close_position(position.id, exit_price=Decimal(60), close_quantity=Decimal(4))
    correct(position, quantity=Decimal(5))
    assert position.quantity == 5
    assert opening(position).quantity == 9


def test_the_type_decides_the_sign(portfolio: Portfolio) -> None:
    short = PositionFactory(portfolio=portfolio, position_type="SHORT", quantity=Decimal(-10))
    correct(short, quantity=Decimal(12))
    assert short.quantity == opening(short).quantity == -12


def test_an_entry_price_changes_what_was_realized(position: Position) -> None:
    close_position(position.id, exit_price=Decimal(60), close_quantity=Decimal(4))
    correct(position, entry_price=Decimal(55))
    assert (position.entry_price, opening(position).price) == (55, 55)
    assert position.realized_pnl == position.trades.get(kind=TradeKind.CLOSE).realized_pnl == 20


def test_the_book_is_rolled_again_from_the_entry(position: Position, portfolio: Portfolio) -> None:
    correct(position, entry_price=Decimal(55))
    portfolio.refresh_from_db()
    assert portfolio.dirty_from == OPENED


def test_notes_alone_roll_nothing_again(position: Position, portfolio: Portfolio) -> None:
    correct(position, notes="core holding")
    correct(position, notes="")
    portfolio.refresh_from_db()
    assert position.notes == ""
    assert portfolio.dirty_from is None


def test_the_side_turns_everything(position: Position) -> None:
    close_position(position.id, exit_price=Decimal(60), close_quantity=Decimal(4))
    correct(position, position_type="SHORT")
    closing = position.trades.get(kind=TradeKind.CLOSE)
    assert (position.quantity, opening(position).quantity, closing.quantity) == (-6, -10, 4)
    assert position.realized_pnl == closing.realized_pnl == -40


def test_the_instrument_cannot_be_changed(position: Position) -> None:
    with pytest.raises(DomainError, match="can become SHORT"):
        correct(position, position_type="LC")


def test_after_a_split_corrections_are_meant_in_the_new_shares(position: Position) -> None:
    Split.objects.create(security=position.security, ex_date=dt.date(2026, 1, 5), ratio=4, source="test")
    correct(position, quantity=Decimal(44))
    trade = opening(position)
    assert (position.quantity, position.entry_price) == (44, Decimal("12.5"))
    assert (trade.quantity, trade.price, trade.units_as_of) == (44, Decimal("12.5"), TODAY)


def test_an_entry_price_after_a_split_restates_the_whole_opening(position: Position) -> None:
    Split.objects.create(security=position.security, ex_date=dt.date(2026, 1, 5), ratio=4, source="test")
    correct(position, entry_price=Decimal(13))
    trade = opening(position)
    assert (trade.quantity, trade.price, trade.units_as_of) == (40, 13, TODAY)
    assert position.quantity == 40


def test_closings_before_a_split_are_realized_in_their_own_shares(position: Position) -> None:
    close_position(position.id, exit_price=Decimal(60), close_quantity=Decimal(4))
    position.trades.filter(kind=TradeKind.CLOSE).update(units_as_of=dt.date(2025, 12, 1))
    Split.objects.create(security=position.security, ex_date=dt.date(2026, 1, 5), ratio=4, source="test")
    correct(position, entry_price=Decimal(14))
    assert position.realized_pnl == 16


def test_an_entry_can_be_moved_to_another_day(position: Position, portfolio: Portfolio) -> None:
    correct(position, entry_date=dt.date(2025, 5, 1))
    portfolio.refresh_from_db()
    assert position.entry_date == opening(position).trade_date == portfolio.dirty_from == dt.date(2025, 5, 1)


def test_an_entry_cannot_be_moved_behind_a_closing(position: Position) -> None:
    close_position(position.id, exit_price=Decimal(60), close_quantity=Decimal(4), exit_date=dt.date(2025, 8, 1))
    with pytest.raises(DomainError) as error:
        correct(position, entry_date=dt.date(2025, 8, 2))
    assert error.value.code == "entry_after_exit"


def test_a_closed_lot_is_not_reopened(position: Position) -> None:
    close_position(position.id, exit_price=Decimal(60))
    with pytest.raises(DomainError) as error:
        correct(position, quantity=Decimal(5))
    assert error.value.code == "position_closed"


def test_the_entry_price_of_a_closed_lot_can_be_put_right(position: Position) -> None:
    close_position(position.id, exit_price=Decimal(60))
    assert correct(position, entry_price=Decimal(40)).realized_pnl == 200


def test_a_deleted_lot_is_not_corrected(position: Position) -> None:
    delete_position(position.id)
    with pytest.raises(DomainError, match="deleted"):
        correct(position, quantity=Decimal(5))


def test_a_refused_correction_leaves_everything(position: Position) -> None:
    with pytest.raises(DomainError):
        correct(position, quantity=Decimal(12), entry_price=Decimal(-1))
    position.refresh_from_db()
    assert position.quantity == opening(position).quantity == 10
