"""What the ledger closed by itself comes back to the lots."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from portfolios.models import Portfolio, Position, TradeKind
from portfolios.services.corrections import correct_position
from portfolios.services.positions import close_position
from portfolios.services.settlements import Settlement, record_settlements
from sigmasight.core.errors import DomainError
from tests.factories import OptionContractFactory, PositionFactory

pytestmark = pytest.mark.django_db

EXPIRY = dt.date(2026, 2, 20)


@pytest.fixture
def call(portfolio: Portfolio) -> Position:
    contract = OptionContractFactory(expiration=EXPIRY)
    return PositionFactory(
        portfolio=portfolio,
        position_type="LC",
        security=contract.security,
        quantity=Decimal(5),
        entry_price=Decimal("0.8"),
    )


def expiry(position: Position, price: object = 2, realized: object = 600) -> Settlement:
    return Settlement(
        position.id, TradeKind.EXPIRY, EXPIRY, -position.quantity, Decimal(str(price)), Decimal(str(realized))
    )


def test_an_expiry_is_a_trade_that_closes_the_lot(call: Position) -> None:
    assert record_settlements([expiry(call)]) == 2
    call.refresh_from_db()
    trade = call.trades.get(kind=TradeKind.EXPIRY)
    assert (trade.quantity, trade.price, trade.realized_pnl, trade.trade_date) == (-5, 2, 600, EXPIRY)
    assert (call.quantity, call.exit_price, call.exit_date, call.realized_pnl) == (0, 2, EXPIRY, 600)


def test_settling_twice_writes_nothing(call: Position) -> None:
    settlement = expiry(call)
    record_settlements([settlement])
    stamps = list(Position.objects.values_list("updated_at"))
    assert record_settlements([settlement]) == 0
    assert list(Position.objects.values_list("updated_at")) == stamps


def test_a_corrected_price_settles_anew(call: Position) -> None:
    first = expiry(call)
    record_settlements([first])
    assert (
        record_settlements([Settlement(call.id, TradeKind.EXPIRY, EXPIRY, first.quantity, Decimal(3), Decimal(1100))])
        == 2
    )
    call.refresh_from_db()
    assert (call.exit_price, call.realized_pnl) == (3, 1100)
    assert call.trades.count() == 2


def test_an_expiry_adds_to_what_earlier_closings_realized(call: Position) -> None:
    close_position(call.id, exit_price=Decimal("1.8"), close_quantity=Decimal(2), exit_date=dt.date(2026, 2, 2))
    call.refresh_from_db()
    record_settlements([expiry(call, realized=360)])
    call.refresh_from_db()
    assert call.realized_pnl == 560


def test_an_expired_lot_is_closed(call: Position) -> None:
    record_settlements([expiry(call)])
    with pytest.raises(DomainError, match="closed already"):
        close_position(call.id, exit_price=Decimal(1))
    assert correct_position(call.id, entry_price=Decimal(1)).realized_pnl == 500


def test_a_closing_without_a_price_learns_what_it_realized(portfolio: Portfolio) -> None:
    lot = PositionFactory(portfolio=portfolio, quantity=Decimal(10), entry_price=Decimal(50))
    # A Sunday: the session of the closing is the Monday after it.
    close_position(lot.id, exit_price=None, exit_date=dt.date(2026, 2, 1))
    settlement = Settlement(lot.id, TradeKind.CLOSE, dt.date(2026, 2, 2), Decimal(-10), Decimal(55), Decimal(50))
    assert record_settlements([settlement]) == 2
    assert record_settlements([settlement]) == 0
    lot.refresh_from_db()
    closing = lot.trades.get(kind=TradeKind.CLOSE)
    assert (closing.price, closing.realized_pnl) == (None, 50)
    assert (lot.exit_price, lot.exit_date, lot.realized_pnl) == (55, dt.date(2026, 2, 1), 50)


def test_a_partial_closing_without_a_price_leaves_the_exit_open(portfolio: Portfolio) -> None:
    lot = PositionFactory(portfolio=portfolio, quantity=Decimal(10), entry_price=Decimal(50))
    close_position(lot.id, exit_price=None, close_quantity=Decimal(4), exit_date=dt.date(2026, 2, 2))
    record_settlements(
        [Settlement(lot.id, TradeKind.CLOSE, dt.date(2026, 2, 2), Decimal(-4), Decimal(55), Decimal(20))]
    )
    lot.refresh_from_db()
    assert (lot.quantity, lot.exit_price, lot.exit_date, lot.realized_pnl) == (6, None, None, 20)


def test_nothing_to_settle_is_nothing_written() -> None:
    assert record_settlements([]) == 0
