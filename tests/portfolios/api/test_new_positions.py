"""Lots entered over HTTP, one by one and many at once."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketdata.models import InstrumentMark, OptionContract, Security
from portfolios.models import Portfolio, Position, Trade
from tests.analytics.api.callers import answer
from tests.factories import PortfolioFactory, SecurityFactory
from tests.portfolios.api.callers import faults, send
from tests.portfolios.api.conftest import TODAY

pytestmark = pytest.mark.django_db

LOT = {
    "symbol": "msft", "quantity": 10, "avg_cost": 410.5, "position_type": "LONG", "investment_class": "PUBLIC",
    "entry_date": "2026-01-05",
}  # fmt: skip
PUT = {
    "symbol": "SPY", "quantity": 2, "avg_cost": "29.80", "position_type": "SP", "investment_class": "OPTIONS",
    "underlying_symbol": "spy", "strike_price": 560, "expiration_date": "2027-12-17",
}  # fmt: skip


def enter(client: Client, book: Portfolio, **given: Any) -> Any:
    return send(client, "post", "positions", {"portfolio_id": str(book.pk), **LOT, **given})


def enter_many(client: Client, book: Portfolio, *lots: dict[str, Any]) -> Any:
    return send(client, "post", "positions/bulk", {"portfolio_id": str(book.pk), "positions": lots})


def test_a_lot_is_entered_as_the_frontend_does_it(owner: Client, portfolio: Portfolio) -> None:
    answered = enter(owner, portfolio, notes=" first ", investment_subtype="STOCK", whatever=1)
    made = answered.json()
    assert answered.status_code == 201
    expected = {
        "portfolio_id": str(portfolio.pk), "symbol": "MSFT", "quantity": 10, "entry_price": 410.5, "avg_cost": 410.5,
        "entry_date": "2026-01-05", "position_type": "LONG", "investment_class": "PUBLIC", "investment_subtype": "STOCK",
        "notes": "first", "underlying_symbol": None, "strike_price": None, "expiration_date": None, "last_price": None,
        "market_value": 4105, "unrealized_pnl": 0, "realized_pnl": 0, "exit_price": None, "exit_date": None,
        "deleted_at": None,
    }  # fmt: skip
    assert expected.items() <= made.items()
    assert made["created_at"].endswith("Z")
    assert answer(owner, f"positions/{made['id']}") == made
    trade = Trade.objects.get()
    assert (trade.quantity, trade.price, trade.units_as_of) == (10, Decimal("410.5"), TODAY)
    assert trade.created_by == portfolio.user


def test_the_portfolio_may_stand_in_the_query(owner: Client, portfolio: Portfolio) -> None:
    assert send(owner, "post", f"positions/?portfolio_id={portfolio.pk}", LOT).status_code == 201
    assert faults(send(owner, "post", "positions", LOT)) == {("body", "portfolio_id")}


@pytest.mark.parametrize("kind", ["LONG", "SHORT"])
@pytest.mark.parametrize("typed", [50, -50])
def test_the_type_decides_the_sign(owner: Client, portfolio: Portfolio, kind: str, typed: int) -> None:
    made = enter(owner, portfolio, position_type=kind, quantity=typed).json()
    assert made["quantity"] == made["market_value"] / 410.5 == (50 if kind == "LONG" else -50)


@pytest.mark.parametrize(
    ("kind", "option_type", "sign"), [("LC", "CALL", 1), ("LP", "PUT", 1), ("SC", "CALL", -1), ("SP", "PUT", -1)]
)
def test_an_option_brings_its_terms(
    owner: Client, portfolio: Portfolio, kind: str, option_type: str, sign: int
) -> None:
    made = enter(owner, portfolio, **PUT | {"position_type": kind}).json()
    assert made["symbol"] == f"SPY271217{option_type[0]}00560000"
    assert (made["underlying_symbol"], made["strike_price"], made["expiration_date"]) == ("SPY", 560, "2027-12-17")
    assert (made["quantity"], made["market_value"]) == (2 * sign, 5960 * sign)
    contract = OptionContract.objects.get()
    assert (contract.option_type, contract.underlying.symbol, contract.security.symbol) == (
        option_type,
        "SPY",
        made["symbol"],
    )


def test_an_occ_symbol_spells_the_terms(owner: Client, portfolio: Portfolio) -> None:
    terms = {"underlying_symbol": None, "strike_price": None, "expiration_date": None}
    made = enter(owner, portfolio, **PUT | terms | {"symbol": "SPY271217P00560000"}).json()
    assert (made["underlying_symbol"], made["strike_price"]) == ("SPY", 560)


def test_a_private_holding_has_no_security(owner: Client, portfolio: Portfolio) -> None:
    made = enter(
        owner, portfolio, symbol="HOME_EQUITY", investment_class="PRIVATE", quantity=1, avg_cost=500_000
    ).json()
    assert (made["symbol"], made["market_value"], made["last_price"]) == ("HOME_EQUITY", 500_000, None)
    assert not Security.objects.exists()


def test_numbers_are_rounded_to_their_columns(owner: Client, portfolio: Portfolio) -> None:
    made = enter(owner, portfolio, quantity="1.00005", avg_cost="100.1234567").json()
    assert (made["quantity"], made["entry_price"]) == (1.0, 100.1235)
    assert Position.objects.get().entry_price == Decimal("100.123457")


def test_without_a_date_a_lot_is_of_today(owner: Client, portfolio: Portfolio) -> None:
    assert enter(owner, portfolio, entry_date=None).json()["entry_date"] == "2026-02-27"


def test_a_lot_is_valued_at_the_published_session(owner: Client, portfolio: Portfolio) -> None:
    session = TODAY - dt.timedelta(days=1)
    Portfolio.objects.update(results_as_of=session)
    security = SecurityFactory(symbol="MSFT")
    for day, price in ((session, "400"), (TODAY, "500")):
        InstrumentMark.objects.create(
            security=security, session=day, price=Decimal(price), price_date=day, quality="fresh", price_source="file"
        )
    made = enter(owner, portfolio, position_type="SHORT").json()
    assert (made["last_price"], made["market_value"], made["unrealized_pnl"]) == (400, -4000, 105)


def test_several_lots_of_one_symbol_are_normal(owner: Client, portfolio: Portfolio) -> None:
    assert [enter(owner, portfolio).status_code for _ in range(2)] == [201, 201]


def test_a_repeated_create_with_a_key_enters_one_lot(owner: Client, portfolio: Portfolio) -> None:
    given = {"portfolio_id": str(portfolio.pk), **LOT}
    answers = [send(owner, "post", "positions", given, **{"Idempotency-Key": "k"}) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert Position.objects.count() == Trade.objects.count() == 1
    other = send(owner, "post", "positions", given | {"quantity": 11}, **{"Idempotency-Key": "k"})
    assert other.status_code == 422


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"symbol": ""}, "symbol"),
        ({"symbol": "x" * 21}, "symbol"),
        ({"symbol": "<b>"}, "symbol"),
        ({"symbol": "A\nB"}, "symbol"),
        ({"quantity": "many"}, "quantity"),
        ({"quantity": None}, "quantity"),
        ({"avg_cost": 0}, "avg_cost"),
        ({"avg_cost": -1}, "avg_cost"),
        ({"position_type": "long"}, "position_type"),
        ({"entry_date": "yesterday"}, "entry_date"),
        ({"investment_subtype": "x" * 31}, "investment_subtype"),
        ({"portfolio_id": "nonsense"}, "portfolio_id"),
        ({"expiration_date": "2027-02-30"}, "expiration_date"),
    ],
)
def test_what_breaks_the_form_is_422(owner: Client, portfolio: Portfolio, given: dict[str, Any], where: str) -> None:
    assert faults(enter(owner, portfolio, **given)) == {("body", where)}
    assert not Position.objects.exists()


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"quantity": 0}, "must not be 0"),
        ({"quantity": 0.00001}, "must not be 0"),
        ({"quantity": 10**12}, "must be below"),
        ({"avg_cost": 10**8}, "must be below"),
        ({"investment_class": "public"}, "PUBLIC, OPTIONS, PRIVATE"),
        ({"investment_class": "OPTIONS"}, "do not go together"),
        ({"position_type": "LC"}, "do not go together"),
        ({"position_type": "LC", "investment_class": "OPTIONS"}, "needs its underlying"),
        ({"symbol": "SPY271217P00560000"}, "option contract"),
        ({"entry_date": "2026-02-28"}, "after today"),
        (PUT | {"expiration_date": "2025-12-19"}, "expired"),
        (PUT | {"strike_price": -1}, "strike"),
    ],
)
def test_what_breaks_a_rule_is_400_and_says_how(
    owner: Client, portfolio: Portfolio, given: dict[str, Any], word: str
) -> None:
    refused = enter(owner, portfolio, **given)
    assert refused.status_code == 400
    assert word in refused.json()["detail"]
    assert not Position.objects.exists()
    assert not Security.objects.exists()


def test_foreign_and_unknown_portfolios_are_the_same_404(owner: Client, portfolio: Portfolio) -> None:
    foreign = PortfolioFactory()
    answers = [enter(owner, portfolio, portfolio_id=str(one)) for one in (foreign.pk, uuid4())]
    answers += [
        send(owner, "post", "positions/bulk", {"portfolio_id": str(one), "positions": [LOT]})
        for one in (foreign.pk, uuid4())
    ]
    assert {one.status_code for one in answers} == {404}
    assert len({one.content for one in answers}) == 1
    assert not Position.objects.exists()


# -- many at once


def test_many_lots_come_back_in_the_order_they_were_sent(owner: Client, portfolio: Portfolio) -> None:
    lots = [LOT | {"symbol": "ZM"}, PUT, LOT | {"position_type": "SHORT"}, LOT | {"symbol": "AAPL"}]
    answered = enter_many(owner, portfolio, *lots)
    made = answered.json()
    assert (answered.status_code, made["success"], made["count"]) == (201, True, 4)
    assert [lot["symbol"] for lot in made["positions"]] == ["ZM", "SPY271217P00560000", "MSFT", "AAPL"]
    assert [lot["quantity"] for lot in made["positions"]] == [10, -2, -10, 10]


def test_a_repeated_bulk_create_with_a_key_enters_them_once(owner: Client, portfolio: Portfolio) -> None:
    given = {"portfolio_id": str(portfolio.pk), "positions": [LOT, PUT]}
    answers = [send(owner, "post", "positions/bulk", given, **{"Idempotency-Key": "k"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert Position.objects.count() == 2


@pytest.mark.parametrize("wrong", [{"quantity": 0}, {"investment_class": "NONE"}, {"entry_date": "2026-03-01"}])
def test_one_wrong_lot_refuses_all(owner: Client, portfolio: Portfolio, wrong: dict[str, Any]) -> None:
    refused = enter_many(owner, portfolio, LOT, PUT, LOT | wrong, LOT)
    assert refused.status_code == 400
    assert not Position.objects.exists()
    assert not Trade.objects.exists()
    assert not Security.objects.exists()
    portfolio.refresh_from_db()
    assert portfolio.dirty_from is None


def test_faults_name_the_lot(owner: Client, portfolio: Portfolio) -> None:
    refused = enter_many(owner, portfolio, LOT, LOT | {"avg_cost": 0}, {})
    assert ("body", "positions", 1, "avg_cost") in faults(refused)
    assert ("body", "positions", 2, "symbol") in faults(refused)
    assert faults(enter_many(owner, portfolio)) == {("body", "positions")}


def test_a_failure_in_the_middle_changes_nothing(
    owner: Client, portfolio: Portfolio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("portfolios.services.positions.mark_dirty", fail)
    assert enter_many(owner, portfolio, LOT, PUT).status_code == 500
    assert not Position.objects.exists()
    assert not Trade.objects.exists()


def test_many_lots_cost_no_statement_more(owner: Client, portfolio: Portfolio) -> None:
    counts = []
    for number in (2, 40):
        lots = [LOT | {"symbol": f"S{number}X{i}"} for i in range(number)] + [
            PUT | {"strike_price": 100 + number + i} for i in range(number)
        ]
        with CaptureQueriesContext(connection) as asked:
            assert enter_many(owner, portfolio, *lots).status_code == 201
        counts.append(len(asked))
    # The first pair of lots also finds its underlying new.
    assert counts[1] <= counts[0]


# -- what the night has to do


def test_the_book_is_rolled_again_from_the_first_entry(owner: Client, portfolio: Portfolio) -> None:
    enter_many(owner, portfolio, LOT, LOT | {"entry_date": "2025-12-01"}, LOT | {"entry_date": "2026-02-02"})
    portfolio.refresh_from_db()
    assert portfolio.dirty_from == dt.date(2025, 12, 1)


@pytest.mark.parametrize(
    ("entry", "start"),
    [
        ("2025-12-01", dt.date(2025, 12, 1)),
        ("2025-11-29", dt.date(2025, 12, 1)),
        # 252 sessions before the creation.
        ("2015-01-02", dt.date(2025, 2, 26)),
        ("2026-02-27", TODAY),
    ],
)
def test_the_ledger_of_a_new_account_begins_with_its_first_lot(
    owner: Client, evening: dt.date, entry: str, start: dt.date
) -> None:
    made = send(owner, "post", "portfolios", {"name": "New", "account_name": "New", "equity_balance": 1000}).json()
    book = Portfolio.objects.get(pk=made["id"])
    assert enter(owner, book, entry_date="2026-02-02").status_code == 201
    assert enter(owner, book, entry_date=entry).status_code == 201
    book.refresh_from_db()
    assert book.equity_as_of == min(start, dt.date(2026, 2, 2))


def test_the_ledger_of_a_computed_account_keeps_its_beginning(owner: Client, portfolio: Portfolio) -> None:
    Portfolio.objects.update(results_as_of=TODAY)
    enter(owner, portfolio, entry_date="2025-03-03")
    portfolio.refresh_from_db()
    assert portfolio.equity_as_of == dt.date(2025, 6, 30)
    assert portfolio.dirty_from == dt.date(2025, 3, 3)
