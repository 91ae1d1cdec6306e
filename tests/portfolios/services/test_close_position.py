"""Closing lots: amounts, signs, realised P&L."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from uuid import uuid4

import pytest

from marketdata.models import Split, SplitKind
from portfolios.models import Portfolio, Position, TradeKind
from portfolios.services.deletions import delete_position
from portfolios.services.positions import close_position
from sigmasight.core.errors import DomainError, NotFound
from tests.factories import OptionContractFactory, PositionFactory
from tests.portfolios.services.conftest import TODAY

pytestmark = pytest.mark.django_db


def lot(portfolio: Portfolio, quantity: object, price: object, position_type: str = "LONG") -> Position:
    return PositionFactory(
        portfolio=portfolio,
        position_type=position_type,
        quantity=Decimal(str(quantity)),
        entry_price=Decimal(str(price)),
    )


def close(position: Position, amount: object, price: object, **terms: object) -> Position:
    wanted = None if amount is None else Decimal(str(amount))
    close_position(position.id, exit_price=Decimal(str(price)), close_quantity=wanted, **terms)  # type: ignore[arg-type]
    position.refresh_from_db()
    return position


@pytest.mark.parametrize(
    ("position_type", "quantity", "entry", "closings", "realized"),
    [
        ("LONG", 90, 150, [(40, 160), (10, 170), (40, 170)], [400, 600, 1400]),
        ("SHORT", -50, "60.5", [(20, 50), (30, 70)], [210, -75]),
        ("LC", 2, 4, [(1, 6)], [200]),
        ("SP", -2, 4, [(2, 1)], [600]),
    ],
)
def test_closings_realize_from_the_entry_price(
    portfolio: Portfolio,
    position_type: str,
    quantity: int,
    entry: object,
    closings: list[tuple[int, int]],
    realized: list[int],
) -> None:
    position = lot(portfolio, quantity, entry, position_type)
    left = abs(quantity)
    for (amount, price), total in zip(closings, realized, strict=True):
        close(position, amount, price)
        left -= amount
        assert position.realized_pnl == total
        assert abs(position.quantity) == left


def test_a_partial_closing_leaves_the_exit_open(portfolio: Portfolio) -> None:
    position = close(lot(portfolio, 10, 50), 4, 60)
    assert (position.exit_price, position.exit_date) == (None, None)


def test_the_last_closing_sets_the_exit(portfolio: Portfolio) -> None:
    position = close(lot(portfolio, -10, 50, "SHORT"), None, 60, exit_date=dt.date(2026, 2, 2))
    assert (position.quantity, position.exit_price, position.exit_date) == (0, 60, dt.date(2026, 2, 2))


def test_a_closing_is_a_trade_of_the_other_sign(portfolio: Portfolio) -> None:
    position = close(lot(portfolio, -10, 50, "SHORT"), 4, 45, fees=Decimal(2))
    trade = position.trades.get(kind=TradeKind.CLOSE)
    assert (trade.quantity, trade.price, trade.fees, trade.realized_pnl) == (4, 45, 2, 20)
    assert (trade.trade_date, trade.units_as_of) == (TODAY, TODAY)


def test_the_book_is_rolled_again_from_the_exit(portfolio: Portfolio) -> None:
    close(lot(portfolio, 10, 50), 4, 60, exit_date=dt.date(2026, 2, 2))
    portfolio.refresh_from_db()
    assert portfolio.dirty_from == dt.date(2026, 2, 2)


def test_what_is_to_remain_says_what_to_close(portfolio: Portfolio) -> None:
    position = lot(portfolio, -10, 50, "SHORT")
    close_position(position.id, exit_price=Decimal(45), remaining=Decimal(-7))
    position.refresh_from_db()
    assert position.quantity == -7


def test_a_closing_without_a_price_waits_for_the_close(portfolio: Portfolio) -> None:
    position = lot(portfolio, 10, 50)
    trade = close_position(position.id, exit_price=None)
    position.refresh_from_db()
    assert (trade.price, trade.realized_pnl) == (None, None)
    assert (position.quantity, position.exit_price, position.exit_date) == (0, None, TODAY)


def test_an_option_may_be_closed_worthless(portfolio: Portfolio) -> None:
    assert close(lot(portfolio, 1, 4, "LP"), None, 0).realized_pnl == -400


def test_a_closing_after_a_split_counts_in_the_new_shares(portfolio: Portfolio) -> None:
    position = lot(portfolio, 10, 400)
    Split.objects.create(security=position.security, ex_date=dt.date(2026, 1, 5), ratio=4, source="test")
    close(position, 15, 110)
    assert (position.quantity, position.entry_price) == (25, 100)
    assert position.realized_pnl == 150


def test_a_spin_off_changes_no_quantity(portfolio: Portfolio) -> None:
    position = lot(portfolio, 10, 400)
    Split.objects.create(
        security=position.security,
        ex_date=dt.date(2026, 1, 5),
        ratio=2,
        kind=SplitKind.SPIN_OFF_ADJUSTMENT,
        source="test",
    )
    assert close(position, 4, 410).quantity == 6


def test_a_lot_of_odd_shares_can_be_closed_after_a_reverse_split(portfolio: Portfolio) -> None:
    position = lot(portfolio, 100, 10)
    Split.objects.create(
        security=position.security, ex_date=dt.date(2026, 1, 5), ratio=Decimal("0.333333333333"), source="test"
    )
    close(position, None, 30)
    assert position.quantity == 0
    assert position.trades.get(kind=TradeKind.CLOSE).quantity == Decimal("-33.3333")


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"close_quantity": Decimal(11)}, "close_exceeds_position"),
        ({"close_quantity": Decimal(-1)}, "close_quantity_not_positive"),
        ({"close_quantity": Decimal(0)}, "close_quantity_is_zero"),
        ({"remaining": Decimal(12)}, "close_quantity_not_positive"),
        ({"remaining": Decimal(5), "close_quantity": Decimal(4)}, "remaining_does_not_fit"),
        ({"exit_date": dt.date(2025, 6, 29)}, "exit_before_entry"),
        ({"exit_date": TODAY + dt.timedelta(days=1)}, "exit_date_in_future"),
        ({"exit_price": Decimal(-1)}, "exit_price_not_positive"),
    ],
)
def test_what_cannot_be_closed_is_refused(portfolio: Portfolio, terms: dict[str, object], code: str) -> None:
    position = lot(portfolio, 10, 50)
    with pytest.raises(DomainError) as error:
        close_position(position.id, **{"exit_price": Decimal(60)} | terms)  # type: ignore[arg-type]
    assert error.value.code == code
    position.refresh_from_db()
    assert position.quantity == 10
    assert position.trades.count() == 1


def test_a_closed_lot_is_not_closed_again(portfolio: Portfolio) -> None:
    position = close(lot(portfolio, 10, 50), None, 60)
    with pytest.raises(DomainError, match="closed already"):
        close(position, 1, 60)


def test_a_deleted_lot_is_not_closed(portfolio: Portfolio) -> None:
    position = lot(portfolio, 10, 50)
    delete_position(position.id)
    with pytest.raises(DomainError, match="deleted"):
        close(position, 1, 60)


def test_an_expired_contract_is_not_closed(portfolio: Portfolio) -> None:
    contract = OptionContractFactory(expiration=dt.date(2026, 2, 20))
    position = PositionFactory(portfolio=portfolio, position_type="LC", security=contract.security, quantity=Decimal(1))
    close(position, None, 6, exit_date=dt.date(2026, 2, 20))
    other = PositionFactory(portfolio=portfolio, position_type="LC", security=contract.security, quantity=Decimal(1))
    with pytest.raises(DomainError) as error:
        close(other, None, 6, exit_date=dt.date(2026, 2, 23))
    assert error.value.code == "contract_expired"


def test_an_unknown_lot_is_not_found() -> None:
    with pytest.raises(NotFound):
        close_position(uuid4(), exit_price=Decimal(1))
