"""The database itself refuses books that cannot be."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from portfolios.models import (
    EquityChange,
    NavQuality,
    Portfolio,
    PortfolioSnapshot,
    Position,
    PositionSnapshot,
    TargetPrice,
    Trade,
    User,
)
from tests.factories import OPENED, PortfolioFactory, PositionFactory, SecurityFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_an_address_is_one_account_in_any_spelling() -> None:
    UserFactory(email="Ada@Example.com")
    with pytest.raises(IntegrityError, match="email"), transaction.atomic():
        UserFactory(email="ADA@example.COM")


def test_an_account_is_found_by_any_spelling_of_its_address() -> None:
    user = UserFactory(email="Ada@Example.com")
    assert User.objects.get_by_natural_key("ADA@EXAMPLE.COM") == user


def test_an_upper_case_address_cannot_be_stored_past_the_model() -> None:
    user = UserFactory()
    with (
        pytest.raises(IntegrityError, match="user_email_lower_case"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE users SET email = 'ADA@example.com' WHERE id = %s", [user.id])


def test_a_superuser_has_every_right() -> None:
    user = User.objects.create_superuser("root@example.com", "secret-enough-1")
    assert user.is_staff
    assert user.has_perm("portfolios.delete_portfolio")


def test_an_account_needs_an_address() -> None:
    with pytest.raises(ValueError, match="address"):
        User.objects.create_user("  ")


def test_an_account_name_is_given_once_per_user() -> None:
    portfolio = PortfolioFactory()
    PortfolioFactory(account_name=portfolio.account_name)
    with pytest.raises(IntegrityError, match="portfolio_account_name_unique"), transaction.atomic():
        PortfolioFactory(user=portfolio.user, account_name=portfolio.account_name)


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"opening_equity": Decimal("-0.01")}, "portfolio_opening_equity_not_negative"),
        ({"account_type": "offshore"}, "portfolio_account_type_valid"),
        ({"account_name": ""}, "portfolio_account_name_given"),
        ({"deleted_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}, "portfolio_deleted_is_inactive"),
    ],
)
def test_impossible_portfolios_are_refused(changes: dict[str, object], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        PortfolioFactory(**changes)


@pytest.mark.parametrize("position_type", ["LONG", "SHORT", "LC", "LP", "SC", "SP"])
def test_every_position_type_has_one_sign(position_type: str) -> None:
    lot = PositionFactory(position_type=position_type)
    with pytest.raises(IntegrityError, match="position_sign_fits_type"), transaction.atomic():
        Position.objects.filter(pk=lot.pk).update(quantity=-lot.quantity)


def test_a_closed_lot_has_quantity_zero_on_either_side() -> None:
    for position_type in ("LONG", "SP"):
        lot = PositionFactory(position_type=position_type)
        assert Position.objects.filter(pk=lot.pk).update(quantity=0, exit_price=0, exit_date=OPENED) == 1


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"position_type": "COVER"}, "position_"),
        ({"investment_class": "BONDS"}, "position_"),
        ({"investment_class": "OPTIONS"}, "position_class_fits_type"),
        ({"position_type": "LC"}, "position_class_fits_type"),
        ({"security": None}, "position_security_unless_private"),
        ({"investment_class": "PRIVATE"}, "position_security_unless_private"),
        ({"entry_price": Decimal(0)}, "position_entry_price_positive"),
        ({"exit_price": Decimal("-0.01")}, "position_exit_price_valid"),
        ({"exit_date": dt.date(2025, 6, 29)}, "position_exit_after_entry"),
        ({"symbol": ""}, "position_symbol_given"),
    ],
)
def test_impossible_lots_are_refused(changes: dict[str, object], constraint: str) -> None:
    lot = PositionFactory()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Position.objects.filter(pk=lot.pk).update(**changes)


def test_a_private_holding_has_no_security() -> None:
    lot = PositionFactory(investment_class="PRIVATE", security=None)
    assert lot.symbol == "PRIVATE_FUND"


def test_a_held_security_cannot_be_deleted() -> None:
    lot = PositionFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        lot.security.delete()


def test_a_lot_opens_once() -> None:
    lot = PositionFactory()
    with pytest.raises(IntegrityError, match="trade_one_opening"), transaction.atomic():
        Trade.objects.create(
            position=lot, kind="open", trade_date=OPENED, quantity=1, price=Decimal(1), units_as_of=OPENED
        )


@pytest.mark.parametrize(
    ("trade", "constraint"),
    [
        ({"kind": "split"}, "trade_kind_valid"),
        ({"quantity": 0}, "trade_quantity_not_zero"),
        ({"price": Decimal(-1)}, "trade_price_valid"),
        ({"fees": Decimal(-1)}, "trade_fees_not_negative"),
        ({"realized_pnl": None}, "trade_closing_realizes"),
    ],
)
def test_impossible_trades_are_refused(trade: dict[str, object], constraint: str) -> None:
    lot = PositionFactory()
    values = {"kind": "close", "quantity": -5, "price": Decimal(60), "realized_pnl": Decimal(50)} | trade
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Trade.objects.create(position=lot, trade_date=OPENED, units_as_of=OPENED, **values)


def test_an_option_may_expire_at_nothing() -> None:
    lot = PositionFactory(position_type="LP")
    trade = Trade.objects.create(
        position=lot,
        kind="expiry",
        trade_date=dt.date(2027, 12, 17),
        quantity=-10,
        price=0,
        realized_pnl=Decimal(-50000),
        units_as_of=dt.date(2027, 12, 17),
    )
    assert trade.fees == 0


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"amount": Decimal(0)}, "equity_change_amount_positive"),
        ({"amount": Decimal(-5)}, "equity_change_amount_positive"),
        ({"change_type": "GIFT"}, "equity_change_type_valid"),
    ],
)
def test_impossible_flows_are_refused(change: dict[str, object], constraint: str) -> None:
    values = {"change_type": "CONTRIBUTION", "amount": Decimal(5)} | change
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        EquityChange.objects.create(portfolio=PortfolioFactory(), change_date=OPENED, **values)


def snapshot(portfolio: Portfolio, **changes: object) -> PortfolioSnapshot:
    money = (
        "net_asset_value cash_value long_value short_value gross_exposure net_exposure daily_pnl daily_unrealized_pnl "
        "daily_realized_pnl daily_income daily_capital_flow "
        "cumulative_pnl cumulative_realized_pnl cumulative_capital_flow"
    )
    values = dict.fromkeys(money.split(), Decimal(0)) | {"snapshot_date": OPENED, "twr_index": 1.0} | changes
    return PortfolioSnapshot.objects.create(portfolio=portfolio, **values)


def test_a_session_has_one_snapshot() -> None:
    portfolio = PortfolioFactory()
    snapshot(portfolio)
    with pytest.raises(IntegrityError, match="portfolio_snapshot_unique"), transaction.atomic():
        snapshot(portfolio)


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"long_value": Decimal(-1)}, "snapshot_long_not_negative"),
        ({"short_value": Decimal(1)}, "snapshot_short_not_positive"),
        ({"drawdown": 0.1}, "snapshot_drawdown_not_positive"),
        ({"nav_quality": "good"}, "snapshot_nav_quality_valid"),
    ],
)
def test_impossible_snapshots_are_refused(changes: dict[str, object], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        snapshot(PortfolioFactory(), **changes)


def test_equity_may_be_negative() -> None:
    assert snapshot(PortfolioFactory(), net_asset_value=Decimal(-40000)).nav_quality == NavQuality.OK


def test_lot_arrays_are_of_one_length() -> None:
    lot = PositionFactory()
    names = ("quantity", "price", "market_value", "entry_value", "unrealized_pnl", "daily_pnl")
    arrays = {name: [1.0] for name in names}
    row = PositionSnapshot(
        portfolio=lot.portfolio, snapshot_date=OPENED, position_ids=[lot.id], quality=["F"], cost_micro=[1], **arrays
    )
    row.save()
    assert PositionSnapshot.objects.get().quality == ["F"]
    row.market_value = [1.0, 2.0]
    with pytest.raises(IntegrityError, match="position_snapshot_arrays_aligned"), transaction.atomic():
        row.save()


def test_a_target_is_given_once_per_side() -> None:
    target = TargetPrice.objects.create(portfolio=PortfolioFactory(), symbol="AAPL", current_price=200)
    TargetPrice.objects.create(portfolio=target.portfolio, symbol="AAPL", position_type="SHORT", current_price=200)
    with pytest.raises(IntegrityError, match="target_price_unique"), transaction.atomic():
        TargetPrice.objects.create(portfolio=target.portfolio, symbol="AAPL", current_price=200)


def test_a_falling_price_is_the_gain_of_a_short_target() -> None:
    target = TargetPrice(
        symbol="F", position_type="SHORT", target_price_eoy=Decimal("9.00"), downside_target_price=Decimal("12.00")
    )
    target.settle(Decimal("10.00"), Decimal(-300), dt.datetime(2025, 6, 30, 20, tzinfo=dt.UTC))
    assert (target.expected_return_eoy, target.target_upside_eoy_value) == (Decimal(10), Decimal(300))
    assert (target.downside_return, target.target_downside_value) == (Decimal(-20), Decimal(-600))
    assert target.expected_return_next_year is None


def test_deleting_a_user_deletes_the_books_and_keeps_the_securities() -> None:
    lot = PositionFactory()
    security = SecurityFactory(symbol=lot.symbol)
    lot.portfolio.user.delete()
    assert not Position.objects.filter(pk=lot.pk).exists()
    assert not Trade.objects.filter(position_id=lot.pk).exists()
    security.refresh_from_db()
