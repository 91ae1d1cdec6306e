"""Books edited in their tables: what staff enter, correct and delete goes the way of the services."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from portfolios.models import EquityChange, Portfolio, Position, PositionValuation, TargetPrice, User
from sigmasight.core.models import ManualChange
from tagging.models import Tag
from tests.factories import OPENED, PortfolioFactory, PositionFactory, UserFactory

pytestmark = pytest.mark.django_db
NO_TRADES = {"trades-TOTAL_FORMS": "0", "trades-INITIAL_FORMS": "0", "position_tags-TOTAL_FORMS": "0",
             "position_tags-INITIAL_FORMS": "0"}  # fmt: skip
NO_ROWS = {"positions-TOTAL_FORMS": "0", "positions-INITIAL_FORMS": "0", "equity_changes-TOTAL_FORMS": "0",
           "equity_changes-INITIAL_FORMS": "0"}  # fmt: skip


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root@example.com", "secret-enough-1"))
    return client


def address(name: str, verb: str, *args: object) -> str:
    return reverse(f"admin:portfolios_{name}_{verb}", args=args)


def lot_form(lot: Position, **changed: object) -> dict[str, Any]:
    shown = {
        "quantity": lot.quantity, "entry_price": lot.entry_price, "position_type": lot.position_type,
        "entry_date": lot.entry_date, "notes": "", "investment_subtype": "", "proxy_symbol": "", "proxy_multiple": "",
    }  # fmt: skip
    return shown | changed | NO_TRADES


def test_a_corrected_quantity_reaches_the_opening_trade_and_the_next_roll(staff: Client) -> None:
    lot = PositionFactory(quantity=100)
    answer = staff.post(address("position", "change", lot.pk), lot_form(lot, quantity="60"))
    assert answer.status_code == 302, answer.context["errors"]
    assert lot.trades.get().quantity == 60
    assert Portfolio.objects.get().dirty_from == lot.entry_date
    assert ManualChange.objects.get().get_change_message() == "Changed Quantity (100.0000 → 60)."


def test_what_a_service_refuses_stands_on_the_form_and_changes_nothing(staff: Client) -> None:
    lot = PositionFactory(quantity=100)
    answer = staff.post(address("position", "change", lot.pk), lot_form(lot, quantity="60", entry_date="2199-01-01"))
    assert answer.status_code == 200
    assert "2199-01-01" in str(answer.context["errors"])
    assert "60" in answer.content.decode()
    lot.refresh_from_db()
    assert (lot.quantity, Portfolio.objects.get().dirty_from) == (100, None)
    assert not ManualChange.objects.exists()


def test_a_lot_is_entered_with_its_trade_and_the_sign_of_its_side(staff: Client) -> None:
    book = PortfolioFactory()
    given = {
        "portfolio": book.pk, "symbol": "aapl", "investment_class": "PUBLIC", "position_type": "SHORT", "quantity": "5",
        "entry_price": "100", "entry_date": OPENED,
    }  # fmt: skip
    answer = staff.post(address("position", "add"), given | NO_TRADES)
    assert answer.status_code == 302, answer.context["errors"]
    lot = Position.objects.get()
    assert (lot.symbol, lot.quantity, lot.trades.get().quantity) == ("AAPL", -5, -5)
    assert lot.trades.get().created_by == User.objects.get(email="root@example.com")


@pytest.mark.parametrize(
    ("table", "given", "said"),
    [
        ("position", {"symbol": "<script>", "investment_class": "PUBLIC", "position_type": "LONG", "quantity": "1",
                      "entry_price": "1", "entry_date": OPENED, **NO_TRADES}, "a symbol consists of"),
        ("portfolio", {"name": "N", "account_name": "A", "account_type": "ira", "currency": "<b>", "opening_equity": "1",
                       **NO_ROWS}, "three letters"),
    ],
)  # fmt: skip
def test_what_is_no_symbol_and_no_currency_is_refused(
    staff: Client, table: str, given: dict[str, Any], said: str
) -> None:
    book = PortfolioFactory()
    answer = staff.post(address(table, "add"), {"portfolio": book.pk, "user": book.user_id} | given)
    assert said in str(answer.context["errors"])
    assert (Position.objects.count(), Portfolio.objects.count()) == (0, 1)


def test_a_deleted_lot_keeps_its_past_and_is_then_read_only(staff: Client) -> None:
    lot = PositionFactory()
    staff.post(address("position", "delete", lot.pk), {"post": "yes"})
    assert Position.objects.get().deleted_at is not None
    assert staff.post(address("position", "change", lot.pk), lot_form(lot)).status_code == 403


def test_selected_lots_are_deleted_all_or_none(staff: Client) -> None:
    fresh, gone = PositionFactory(), PositionFactory()
    Position.objects.filter(pk=gone.pk).update(deleted_at=dt.datetime(2025, 7, 1, tzinfo=dt.UTC))
    chosen = {"action": "delete_selected", "_selected_action": [fresh.pk, gone.pk], "post": "yes"}
    answer = staff.post(address("position", "changelist"), chosen, follow=True)
    assert "This lot was deleted." in answer.content.decode()
    assert Position.objects.get(pk=fresh.pk).deleted_at is None
    assert not ManualChange.objects.exists()


def test_money_is_booked_and_taken_back_by_its_rules(staff: Client) -> None:
    book = PortfolioFactory()
    given = {"portfolio": book.pk, "change_type": "WITHDRAWAL", "amount": "100000.01", "change_date": OPENED}
    answer = staff.post(address("equitychange", "add"), given)
    assert "exceeds the equity" in str(answer.context["errors"])
    assert staff.post(address("equitychange", "add"), given | {"amount": "10"}).status_code == 302
    change = EquityChange.objects.get()
    staff.post(address("equitychange", "delete", change.pk), {"post": "yes"})
    change.refresh_from_db()
    assert change.deleted_at is not None
    assert Portfolio.objects.get().dirty_from == OPENED


def test_staff_put_money_right_long_after_it_was_entered(staff: Client) -> None:
    change = EquityChange.objects.create(
        portfolio=PortfolioFactory(), change_type="CONTRIBUTION", amount=10, change_date=OPENED
    )
    EquityChange.objects.update(created_at=dt.datetime(2025, 7, 1, tzinfo=dt.UTC))
    given = {"amount": "11", "change_date": OPENED, "notes": "as the bank says"}
    answer = staff.post(address("equitychange", "change", change.pk), given)
    assert answer.status_code == 302, answer.context["errors"]
    staff.post(address("equitychange", "delete", change.pk), {"post": "yes"})
    change.refresh_from_db()
    assert (change.amount, change.deleted_at is None) == (11, False)


def test_a_corrected_opening_equity_rolls_the_whole_ledger(staff: Client) -> None:
    book = PortfolioFactory(account_type="taxable")
    given = {"name": "New name", "account_name": book.account_name, "account_type": "taxable", "currency": "USD",
             "description": "", "opening_equity": "5", "is_active": "on"}  # fmt: skip
    answer = staff.post(address("portfolio", "change", book.pk), given | NO_ROWS)
    assert answer.status_code == 302, answer.context["errors"]
    book.refresh_from_db()
    assert (book.name, book.opening_equity, book.dirty_from) == ("New name", 5, book.equity_as_of)


def test_a_portfolio_is_opened_and_closed_as_its_owner_would(staff: Client) -> None:
    first = PortfolioFactory()
    given = {"user": first.user_id, "name": "Second", "account_name": "Second", "account_type": "ira", "currency": "usd",
             "opening_equity": "7", "is_active": "on"}  # fmt: skip
    answer = staff.post(address("portfolio", "add"), given | NO_ROWS)
    assert answer.status_code == 302, answer.context["errors"]
    staff.post(address("portfolio", "delete", first.pk), {"post": "yes"})
    answer = staff.post(
        address("portfolio", "delete", Portfolio.objects.get(name="Second").pk), {"post": "yes"}, follow=True
    )
    assert "only active portfolio" in answer.content.decode()
    assert [book.deleted_at is None for book in Portfolio.objects.order_by("created_at")] == [False, True]


def test_values_of_private_holdings_mark_their_book(staff: Client) -> None:
    lot = PositionFactory(investment_class="PRIVATE", security=None, symbol="BARN")
    given = {"position": lot.pk, "date": OPENED, "price": "12"}
    answer = staff.post(address("positionvaluation", "add"), given)
    assert answer.status_code == 302, answer.context["errors"]
    value = PositionValuation.objects.get()
    staff.post(address("positionvaluation", "change", value.pk), {"price": "13"})
    assert PositionValuation.objects.get().price == 13
    Portfolio.objects.update(dirty_from=None)
    staff.post(address("positionvaluation", "delete", value.pk), {"post": "yes"})
    assert Portfolio.objects.get().dirty_from == OPENED


def test_the_returns_of_a_target_follow_its_prices(staff: Client) -> None:
    book = PortfolioFactory()
    given = {
        "portfolio": book.pk,
        "symbol": "AAPL",
        "position_type": "LONG",
        "target_price_eoy": "150",
        "current_price": "100",
    }
    answer = staff.post(address("targetprice", "add"), given)
    assert answer.status_code == 302, answer.context["errors"]
    target = TargetPrice.objects.get()
    staff.post(address("targetprice", "change", target.pk), {"target_price_eoy": "200", "current_price": "100"})
    target.refresh_from_db()
    assert target.expected_return_eoy == Decimal(100)


def test_trades_are_read_only(staff: Client) -> None:
    trade = PositionFactory().trades.get()
    assert staff.post(address("trade", "change", trade.pk), {"quantity": "1"}).status_code == 403


def test_portfolios_are_found_by_the_class_of_what_they_hold(staff: Client) -> None:
    private = PositionFactory(investment_class="PRIVATE", security=None, symbol="BARN").portfolio
    sold = PositionFactory()
    Position.objects.filter(pk=sold.pk).update(exit_date=sold.entry_date)
    for held, found in (("PRIVATE", {private}), ("PUBLIC", set()), ("none", {private, sold.portfolio})):
        assert set(staff.get(address("portfolio", "changelist"), {"class": held}).context["cl"].result_list) == found


def test_a_lot_carries_tags_of_its_owner_alone(staff: Client) -> None:
    lot = PositionFactory()
    own = Tag.objects.create(user=lot.portfolio.user, name="Own")
    foreign = Tag.objects.create(user=UserFactory(), name="Foreign")
    for tag, links in ((foreign, 0), (own, 1)):
        given = {"position_tags-TOTAL_FORMS": "1", "position_tags-0-tag": tag.pk, "position_tags-0-position": lot.pk}
        answer = staff.post(address("position", "change", lot.pk), lot_form(lot) | given)
        assert ("This tag is of" in answer.content.decode()) == (tag == foreign)
        assert lot.position_tags.count() == links


def test_symbols_are_not_renamed_in_the_table_of_securities(staff: Client) -> None:
    security = PositionFactory().security
    page = reverse("admin:marketdata_security_change", args=[security.pk])
    staff.post(page, {"symbol": "OTHER", "name": "New name", "price_status": security.price_status, "is_active": "on"})
    security.refresh_from_db()
    assert (security.symbol == "OTHER", security.name) == (False, "New name")
