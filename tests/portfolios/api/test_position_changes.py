"""Lots corrected and closed over HTTP."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from marketdata.models import Split
from portfolios.models import Portfolio, Position, TradeKind
from tests.analytics.api.callers import answer
from tests.factories import OPENED, PositionFactory
from tests.portfolios.api.callers import faults, send

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 2, 27, 22, tzinfo=dt.UTC)


def lot(book: Portfolio, quantity: object = 10, price: object = 50, kind: str = "LONG", **more: Any) -> Position:
    return PositionFactory(
        portfolio=book, position_type=kind, quantity=Decimal(str(quantity)), entry_price=Decimal(str(price)), **more
    )


def put(client: Client, position: Position, query: str = "", **given: Any) -> Any:
    return send(client, "put", f"positions/{position.pk}{query}", given)


def dirty(book: Portfolio) -> dt.date | None:
    book.refresh_from_db()
    return book.dirty_from


# -- closing


@pytest.mark.parametrize(
    ("kind", "quantity", "entry", "closings"),
    [
        (
            "LONG", 90, 150,
            [({"exit_price": 160, "close_quantity": 40}, 50, 400), ({"exit_price": 170, "quantity": 40}, 40, 600),
             ({"exit_price": 170}, 0, 1400)],
        ),
        (
            "SHORT", -50, "60.5",
            [({"exit_price": 50, "close_quantity": 20, "quantity": -30}, -30, 210),
             ({"exit_price": 70, "close_quantity": 30, "quantity": 0}, 0, -75)],
        ),
        ("LC", 2, 4, [({"exit_price": 6, "close_quantity": 1}, 1, 200)]),
        ("SP", -2, 4, [({"exit_price": 1, "close_quantity": 2}, 0, 600)]),
    ],
)  # fmt: skip
def test_closings_add_up(
    owner: Client, portfolio: Portfolio, kind: str, quantity: int, entry: object,
    closings: list[tuple[dict[str, Any], int, int]],
) -> None:  # fmt: skip
    position = lot(portfolio, quantity, entry, kind)
    for given, left, realized in closings:
        answered = put(owner, position, **given)
        assert answered.status_code == 200, answered.content
        assert (answered.json()["quantity"], answered.json()["realized_pnl"]) == (left, realized)
        closed = left == 0
        assert answered.json()["exit_price"] == (given["exit_price"] if closed else None)
        assert answered.json()["exit_date"] == ("2026-02-27" if closed else None)
    assert position.trades.filter(kind=TradeKind.CLOSE).count() == len(closings)


def test_a_sale_is_dated_and_the_book_rolled_again_from_there(owner: Client, portfolio: Portfolio) -> None:
    position = lot(portfolio)
    given = {"exit_price": 62.5, "exit_date": "2026-02-02", "close_quantity": 4, "quantity": 6}
    assert put(owner, position, **given).json()["realized_pnl"] == 50
    trade = position.trades.get(kind=TradeKind.CLOSE)
    assert (trade.trade_date, trade.quantity, trade.price) == (dt.date(2026, 2, 2), -4, Decimal("62.5"))
    assert trade.created_by == portfolio.user
    assert dirty(portfolio) == dt.date(2026, 2, 2)


def test_what_remains_may_be_subtracted_in_binary(owner: Client, portfolio: Portfolio) -> None:
    position = lot(portfolio, "0.3")
    answered = put(owner, position, exit_price=60, close_quantity=0.1, quantity=0.3 - 0.1)
    assert (0.3 - 0.1, answered.json()["quantity"]) == (0.19999999999999998, 0.2)


def test_a_closed_lot_is_worth_nothing_and_shown_by_its_id(owner: Client, portfolio: Portfolio) -> None:
    position = lot(portfolio)
    put(owner, position, exit_price=60)
    shown = answer(owner, f"positions/{position.pk}")
    assert (shown["quantity"], shown["market_value"], shown["unrealized_pnl"]) == (0, 0, 0)
    assert answer(owner, "data/portfolios")[0]["position_count"] == 0


def test_an_option_may_end_worthless(owner: Client, portfolio: Portfolio) -> None:
    position = lot(portfolio, 2, 4, "LP")
    assert put(owner, position, exit_price=0).json()["realized_pnl"] == -800


def test_corrections_in_the_same_call_come_first(owner: Client, portfolio: Portfolio) -> None:
    position = lot(portfolio)
    answered = put(owner, position, exit_price=60, close_quantity=5, avg_cost=40, notes="half").json()
    assert (answered["entry_price"], answered["realized_pnl"], answered["notes"]) == (40, 100, "half")


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"exit_price": 60, "close_quantity": 0}, "must not be 0"),
        ({"exit_price": 60, "close_quantity": -1}, "above 0"),
        ({"exit_price": 60, "close_quantity": 11}, "Only 10 are held"),
        ({"exit_price": 60, "close_quantity": 4, "quantity": 5}, "does not leave 5"),
        ({"exit_price": 60, "quantity": 10}, "above 0"),
        ({"exit_price": 60, "exit_date": "2025-06-29"}, "before the entry date"),
        ({"close_quantity": 4}, "exit_price"),
        ({"quantity": 0}, "must not be 0"),
    ],
)
def test_what_cannot_be_closed_is_400_and_changes_nothing(
    owner: Client, portfolio: Portfolio, given: dict[str, Any], word: str
) -> None:
    position = lot(portfolio)
    refused = put(owner, position, notes="changed", avg_cost=40, **given)
    assert refused.status_code == 400
    assert word in refused.json()["detail"]
    position.refresh_from_db()
    assert (position.quantity, position.entry_price, position.notes) == (10, 50, "")
    assert dirty(portfolio) is None


def test_a_closed_lot_is_neither_closed_again_nor_reopened(owner: Client, portfolio: Portfolio) -> None:
    position = lot(portfolio)
    put(owner, position, exit_price=60)
    assert put(owner, position, exit_price=60).status_code == 400
    refused = put(owner, position, quantity=5)
    assert refused.status_code == 400
    assert "a purchase is a new lot" in refused.json()["detail"]
    # The form sends back what it was shown.
    assert put(owner, position, quantity=0, avg_cost=50, notes="sold").json()["notes"] == "sold"


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"exit_price": -1}, "exit_price"),
        ({"exit_price": 60, "exit_date": "2026-02-28"}, "exit_date"),
        ({"exit_date": "2026-02-28"}, "exit_date"),
        ({"avg_cost": 0}, "avg_cost"),
        ({"entry_price": -1}, "entry_price"),
        ({"quantity": "some"}, "quantity"),
        ({"position_type": "BOTH"}, "position_type"),
        ({"symbol": "x" * 21}, "symbol"),
    ],
)
def test_what_breaks_the_form_is_422(owner: Client, portfolio: Portfolio, given: dict[str, Any], where: str) -> None:
    assert faults(put(owner, lot(portfolio), **given)) == {("body", where)}


# -- correcting


def test_a_correction_rewrites_the_opening_trade(owner: Client, portfolio: Portfolio) -> None:
    position = lot(portfolio)
    answered = put(
        owner, position, quantity=12, avg_cost=51.25, notes="counted again", investment_class="OPTIONS"
    ).json()
    expected = {
        "quantity": 12,
        "entry_price": 51.25,
        "avg_cost": 51.25,
        "notes": "counted again",
        "investment_class": "PUBLIC",
    }
    assert expected.items() <= answered.items()
    trade = position.trades.get()
    assert (trade.quantity, trade.price, trade.trade_date) == (12, Decimal("51.25"), OPENED)
    assert dirty(portfolio) == OPENED


def test_the_entry_price_wins_over_the_average_cost(owner: Client, portfolio: Portfolio) -> None:
    assert put(owner, lot(portfolio), avg_cost=40, entry_price=41).json()["avg_cost"] == 41


@pytest.mark.parametrize("typed", [7, -7])
def test_a_short_stays_short_whatever_the_sign(owner: Client, portfolio: Portfolio, typed: int) -> None:
    assert put(owner, lot(portfolio, -10, 50, "SHORT"), quantity=typed).json()["quantity"] == -7


def test_a_lot_can_change_sides_but_not_its_instrument(owner: Client, portfolio: Portfolio) -> None:
    position = lot(portfolio)
    assert put(owner, position, position_type="SHORT").json()["quantity"] == -10
    refused = put(owner, position, position_type="LC")
    assert refused.status_code == 400
    assert "enter a new one" in refused.json()["detail"]


def test_an_earlier_entry_rolls_more_of_the_book(owner: Client, portfolio: Portfolio) -> None:
    position = lot(portfolio)
    assert put(owner, position, entry_date="2025-05-01").json()["entry_date"] == "2025-05-01"
    assert dirty(portfolio) == dt.date(2025, 5, 1)


def test_null_and_silence_leave_a_field_and_empty_notes_clear(owner: Client, portfolio: Portfolio) -> None:
    position = lot(portfolio, notes="old")
    empty = dict.fromkeys(("quantity", "avg_cost", "notes", "symbol", "exit_price", "close_quantity", "entry_date"))
    assert put(owner, position, **empty).json()["notes"] == "old"
    assert put(owner, position, notes="").json()["notes"] is None
    assert dirty(portfolio) is None


def test_a_form_that_was_only_looked_at_changes_nothing(owner: Client, portfolio: Portfolio) -> None:
    position = lot(portfolio, -10, "50.123456", "SHORT")
    shown = answer(owner, f"positions/{position.pk}")
    sent = {key: shown[key] for key in ("quantity", "avg_cost", "notes", "position_type", "entry_date", "symbol")}
    assert put(owner, position, **sent).status_code == 200
    position.refresh_from_db()
    assert position.entry_price == Decimal("50.123456")
    assert dirty(portfolio) is None


def test_a_quantity_after_a_split_is_meant_in_the_new_shares(owner: Client, portfolio: Portfolio) -> None:
    position = lot(portfolio, 10, 400)
    Split.objects.create(security=position.security, ex_date=dt.date(2026, 1, 5), ratio=4, source="test")
    answered = put(owner, position, exit_price=110, close_quantity=15).json()
    assert (answered["quantity"], answered["entry_price"], answered["realized_pnl"]) == (25, 100, 150)


# -- the symbol


def age(position: Position, seconds: int) -> None:
    Position.objects.filter(pk=position.pk).update(created_at=NOW - dt.timedelta(seconds=seconds))


def test_a_fresh_lot_gets_the_symbol_that_was_meant(owner: Client, portfolio: Portfolio) -> None:
    position = lot(portfolio)
    age(position, 299)
    for query, given in (
        ("?allow_symbol_edit=true", {"symbol": "brk.b"}),
        ("", {"symbol": "zm", "allow_symbol_edit": True}),
    ):
        answered = put(owner, position, query, **given)
        assert answered.status_code == 200, answered.content
    assert answered.json()["symbol"] == "ZM"
    position.refresh_from_db()
    assert position.security is not None
    assert position.security.symbol == "ZM"
    assert dirty(portfolio) == OPENED


def test_a_symbol_is_fixed_without_leave_or_after_five_minutes(owner: Client, portfolio: Portfolio) -> None:
    position = lot(portfolio)
    age(position, 10)
    assert put(owner, position, symbol="ZM").status_code == 400
    age(position, 300)
    refused = put(owner, position, symbol="ZM", allow_symbol_edit=True, notes="changed")
    assert refused.status_code == 400
    assert "five minutes" in refused.json()["detail"]
    position.refresh_from_db()
    assert (position.symbol == "ZM", position.notes) == (False, "")


def test_the_same_symbol_in_another_case_is_no_change(owner: Client, portfolio: Portfolio) -> None:
    position = lot(portfolio)
    assert put(owner, position, symbol=position.symbol.lower()).status_code == 200


def test_the_contract_of_an_option_does_not_change(owner: Client, portfolio: Portfolio) -> None:
    position = lot(portfolio, 2, 4, "LC")
    age(position, 10)
    assert put(owner, position, symbol="ZM", allow_symbol_edit=True).status_code == 400
    stock = lot(portfolio)
    age(stock, 10)
    assert put(owner, stock, symbol="SPY271217P00560000", allow_symbol_edit=True).status_code == 400


def test_a_private_holding_can_be_renamed(owner: Client, portfolio: Portfolio) -> None:
    position = lot(portfolio, investment_class="PRIVATE", security=None)
    age(position, 10)
    assert put(owner, position, symbol="my_fund", allow_symbol_edit=True).json()["symbol"] == "MY_FUND"


# -- whose


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_foreign_unknown_and_deleted_lots_are_the_same_404(owner: Client, portfolio: Portfolio, method: str) -> None:
    foreign, deleted = PositionFactory(), lot(portfolio, deleted_at=NOW)
    answers = [
        send(owner, method, f"positions/{one}{rest}", {"notes": "mine"})
        for one in (foreign.pk, uuid4(), deleted.pk)
        for rest in (("", "/hard") if method == "delete" else ("",))
    ]
    assert {one.status_code for one in answers} == {404}
    assert len({one.content for one in answers}) == 1
    foreign.refresh_from_db()
    assert (foreign.notes, foreign.deleted_at) == ("", None)
    assert send(owner, method, "positions/nonsense", {}).status_code == 422
