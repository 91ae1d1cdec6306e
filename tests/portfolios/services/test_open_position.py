"""Entering lots."""

from __future__ import annotations

import dataclasses
import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from marketdata.models import OptionContract
from portfolios.models import Portfolio, Position, Trade, TradeKind
from portfolios.services.new_lots import NewLot, position_type_of
from portfolios.services.positions import open_position, open_positions
from sigmasight.core.errors import Conflict, DomainError, NotFound
from tests.factories import PortfolioFactory
from tests.portfolios.services.conftest import TODAY

pytestmark = pytest.mark.django_db

STOCK = NewLot("AAPL", Decimal(10), Decimal("150.25"), "LONG", "PUBLIC", entry_date=dt.date(2026, 1, 5))
PUT = NewLot(
    "SPY", Decimal(2), Decimal("29.80"), "SP", "OPTIONS", entry_date=dt.date(2026, 1, 5),
    underlying_symbol="SPY", strike_price=Decimal(560), expiration_date=dt.date(2027, 12, 17),
)  # fmt: skip


def stock(**changes: Any) -> NewLot:
    return dataclasses.replace(STOCK, **changes)


def refused(portfolio: Portfolio, lot: NewLot) -> str:
    with pytest.raises(DomainError) as error:
        open_position(portfolio.id, lot)
    assert not Position.objects.exists()
    return error.value.code


def test_a_lot_has_its_opening_trade(portfolio: Portfolio) -> None:
    lot = open_position(portfolio.id, stock(fees=Decimal("1.5")), created_by=portfolio.user)
    trade = lot.trades.get()
    assert (lot.symbol, lot.quantity, lot.entry_price) == ("AAPL", 10, Decimal("150.25"))
    assert (trade.kind, trade.quantity, trade.price, trade.fees) == (
        TradeKind.OPEN,
        10,
        Decimal("150.25"),
        Decimal("1.5"),
    )
    assert (trade.trade_date, trade.units_as_of) == (dt.date(2026, 1, 5), TODAY)
    assert trade.created_by == portfolio.user


def test_the_book_is_rolled_again_from_the_entry(portfolio: Portfolio) -> None:
    open_position(portfolio.id, STOCK)
    open_position(portfolio.id, stock(entry_date=dt.date(2026, 2, 2)))
    portfolio.refresh_from_db()
    assert portfolio.dirty_from == dt.date(2026, 1, 5)


@pytest.mark.parametrize(("position_type", "wanted"), [("LONG", 10), ("SHORT", -10)])
@pytest.mark.parametrize("typed", [10, -10])
def test_the_type_decides_the_sign(portfolio: Portfolio, position_type: str, typed: int, wanted: int) -> None:
    lot = open_position(portfolio.id, stock(quantity=Decimal(typed), position_type=position_type))
    assert lot.quantity == lot.trades.get().quantity == wanted


@pytest.mark.parametrize(
    ("quantity", "kind", "wanted"),
    [(5, "", "LONG"), (-5, "", "SHORT"), (5, "CALL", "LC"), (5, "put", "LP"), (-5, "Call", "SC"), (-5, "PUT", "SP")],
)
def test_a_signed_quantity_means_a_type(quantity: int, kind: str, wanted: str) -> None:
    assert position_type_of(Decimal(quantity), kind) == wanted


def test_an_option_makes_its_contract(portfolio: Portfolio) -> None:
    lot = open_position(portfolio.id, PUT)
    contract = OptionContract.objects.get(security=lot.security)
    assert lot.symbol == "SPY271217P00560000"
    assert lot.quantity == -2
    assert (contract.underlying.symbol, contract.option_type, contract.strike) == ("SPY", "PUT", 560)


def test_an_occ_symbol_spells_its_contract(portfolio: Portfolio) -> None:
    first = open_position(portfolio.id, PUT)
    again = NewLot("spy271217p00560000", Decimal(1), Decimal(30), "LP", "OPTIONS")
    assert open_position(portfolio.id, again).security == first.security


def test_a_private_lot_has_no_security(portfolio: Portfolio) -> None:
    lot = open_position(portfolio.id, stock(symbol="two_sigma_fund", investment_class="PRIVATE"))
    assert lot.security is None
    assert lot.symbol == "TWO_SIGMA_FUND"


def test_share_classes_have_one_spelling(portfolio: Portfolio) -> None:
    lots = open_positions(portfolio.id, [stock(symbol="BRK.B"), stock(symbol="brk-b")])
    assert lots[0].security == lots[1].security
    assert {lot.symbol for lot in lots} == {"BRK-B"}


def test_a_lot_with_an_exit_is_entered_closed(portfolio: Portfolio) -> None:
    lot = open_position(portfolio.id, stock(exit_date=dt.date(2026, 2, 2), exit_price=Decimal(160)))
    lot.refresh_from_db()
    assert (lot.quantity, lot.exit_price, lot.exit_date) == (0, 160, dt.date(2026, 2, 2))
    assert lot.realized_pnl == Decimal("97.50")
    assert lot.trades.get(kind=TradeKind.CLOSE).quantity == -10


def test_an_exit_without_a_price_waits_for_the_close(portfolio: Portfolio) -> None:
    lot = open_position(portfolio.id, stock(exit_date=dt.date(2026, 2, 2)))
    closing = lot.trades.get(kind=TradeKind.CLOSE)
    assert (closing.price, closing.realized_pnl) == (None, None)
    assert (lot.quantity, lot.exit_price) == (0, None)


def test_many_lots_are_entered_together_or_not_at_all(portfolio: Portfolio) -> None:
    with pytest.raises(DomainError):
        open_positions(portfolio.id, [STOCK, stock(quantity=Decimal(0))])
    assert not Position.objects.exists()
    assert not Trade.objects.exists()


def test_many_lots_take_a_few_queries(portfolio: Portfolio, django_assert_max_num_queries: Any) -> None:
    lots = [stock(symbol=f"S{number}") for number in range(40)] + [PUT] * 10
    with django_assert_max_num_queries(20):
        open_positions(portfolio.id, lots)
    assert Position.objects.count() == Trade.objects.count() == 50


def test_a_given_id_is_taken_once(portfolio: Portfolio) -> None:
    lot = stock(id=uuid4())
    assert open_position(portfolio.id, lot).id == lot.id
    with pytest.raises(Conflict):
        open_position(portfolio.id, lot)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"quantity": Decimal(0)}, "quantity_is_zero"),
        ({"quantity": Decimal("0.00004")}, "quantity_is_zero"),
        ({"quantity": Decimal("1e12")}, "quantity_too_large"),
        ({"quantity": Decimal("NaN")}, "quantity_invalid"),
        ({"quantity": Decimal("1e11"), "entry_price": Decimal(1000)}, "value_too_large"),
        ({"entry_price": Decimal(0)}, "entry_price_not_positive"),
        ({"entry_price": Decimal("1e8")}, "entry_price_too_large"),
        ({"entry_date": TODAY + dt.timedelta(days=1)}, "entry_date_in_future"),
        ({"entry_date": dt.date(1900, 1, 1)}, "entry_date_too_old"),
        ({"exit_date": dt.date(2026, 1, 4)}, "exit_before_entry"),
        ({"exit_date": TODAY + dt.timedelta(days=1)}, "exit_date_in_future"),
        ({"investment_class": "public"}, "investment_class_unknown"),
        ({"position_type": "BUY"}, "position_type_unknown"),
        ({"position_type": "LC"}, "class_does_not_fit_type"),
        ({"investment_class": "OPTIONS"}, "class_does_not_fit_type"),
        ({"symbol": " "}, "symbol_missing"),
        ({"symbol": "A" * 33}, "symbol_too_long"),
        ({"symbol": "SPY271217P00560000"}, "symbol_is_an_option"),
        ({"investment_subtype": "x" * 31}, "investment_subtype_too_long"),
        ({"fees": Decimal(-1)}, "fees_negative"),
    ],
)
def test_what_cannot_be_is_refused(portfolio: Portfolio, changes: dict[str, Any], code: str) -> None:
    assert refused(portfolio, stock(**changes)) == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"strike_price": None}, "option_terms_missing"),
        ({"strike_price": Decimal("12.3456")}, "invalid_strike"),
        ({"strike_price": Decimal(0)}, "invalid_strike"),
        ({"expiration_date": dt.date(2026, 1, 2)}, "contract_expired"),
        ({"expiration_date": dt.date(2090, 1, 2)}, "expiration_out_of_range"),
        ({"symbol": "SPY271217C00560000", "strike_price": None, "underlying_symbol": ""}, "class_does_not_fit_type"),
    ],
)
def test_what_is_no_contract_is_refused(portfolio: Portfolio, changes: dict[str, Any], code: str) -> None:
    assert refused(portfolio, dataclasses.replace(PUT, **changes)) == code


def test_a_contract_can_be_traded_on_the_holiday_it_expires_on_but_not_later(portfolio: Portfolio) -> None:
    # Good Friday 2025: the contract settles on the Thursday.
    friday = dataclasses.replace(PUT, entry_date=dt.date(2025, 4, 17), expiration_date=dt.date(2025, 4, 18))
    assert open_position(portfolio.id, friday)
    with pytest.raises(DomainError, match="expired"):
        open_position(portfolio.id, dataclasses.replace(friday, entry_date=dt.date(2025, 4, 18)))


def test_an_entry_before_the_calendar_is_taken(portfolio: Portfolio) -> None:
    assert open_position(portfolio.id, stock(entry_date=dt.date(1987, 10, 19))).entry_date.year == 1987


def test_there_is_no_lot_without_a_portfolio() -> None:
    with pytest.raises(NotFound):
        open_position(uuid4(), STOCK)


def test_a_deleted_portfolio_takes_no_lots() -> None:
    gone = PortfolioFactory(is_active=False, deleted_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    with pytest.raises(NotFound):
        open_position(gone.id, STOCK)
