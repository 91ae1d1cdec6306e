"""Targets over HTTP: what is measured against which price, many at once, and as files."""

from __future__ import annotations

import csv
import datetime as dt
import io
import time
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client

from marketdata.models import DailyPrice, InstrumentMark, Security, Split
from portfolios.models import Portfolio, Position, TargetPrice
from portfolios.services.tokens import issue_user_token
from tests.factories import PortfolioFactory, PositionFactory, SecurityFactory

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 2, 27)
PATH = "/api/v1/target-prices"


@pytest.fixture(autouse=True)
def _friday_evening(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setenv("SIGMASIGHT_NOW", f"{TODAY}T17:00:00-05:00")


@pytest.fixture
def book() -> Portfolio:
    return PortfolioFactory(results_as_of=TODAY)


@pytest.fixture
def client(book: Portfolio) -> Client:
    return Client(headers={"Authorization": f"Bearer {issue_user_token(book.user)[0]}"})


def send(client: Client, method: str, where: object, given: object = None, **headers: str) -> Any:
    return getattr(client, method)(f"{PATH}/{where}", given, content_type="application/json", headers=headers)


def create(client: Client, book: Portfolio, **given: Any) -> Any:
    return send(client, "post", book.pk, {"symbol": "AAPL", "current_price": 100, "target_price_eoy": 120} | given)


def made(client: Client, book: Portfolio, **given: Any) -> dict[str, Any]:
    answer = create(client, book, **given)
    assert answer.status_code == 200, answer.json()
    return answer.json()


def hold(book: Portfolio, symbol: str = "AAPL", side: str = "LONG", quantity: object = 10, **terms: Any) -> Position:
    if "security" not in terms:
        terms["security"] = SecurityFactory(symbol=symbol)
    return PositionFactory(portfolio=book, position_type=side, quantity=Decimal(str(quantity)), symbol=symbol, **terms)


def close(security: Security, price: object, day: dt.date = TODAY) -> None:
    DailyPrice.objects.create(
        security=security, date=day, open=price, high=price, low=price, close=price, volume=1, source="file"
    )


def mark(security: Security, price: object, day: dt.date = TODAY) -> None:
    InstrumentMark.objects.create(
        security=security, session=day, price=price, price_date=day, quality="fresh", price_source="file"
    )


RETURNS = ("expected_return_eoy", "expected_return_next_year", "downside_return")
VALUES = ("target_upside_eoy_value", "target_upside_next_year_value", "target_downside_value")


def test_a_target_is_measured_against_the_price_given(client: Client, book: Portfolio) -> None:
    target = made(client, book, symbol=" aapl ", target_price_next_year=150, downside_target_price=80)
    assert (target["symbol"], target["position_type"], target["position_id"]) == ("AAPL", "LONG", None)
    assert (target["current_price"], target["price_updated_at"]) == (100, "2026-02-27T22:00:00Z")
    assert [target[name] for name in RETURNS] == [20, 50, -20]
    assert [target[name] for name in VALUES] == [None] * 3
    assert target["created_by"] == str(book.user_id)
    assert (target["position_weight"], target["contribution_to_portfolio_risk"]) == (None, None)
    assert client.get(f"{PATH}/target/{target['id']}").json() == target
    assert client.get(f"{PATH}/{book.pk}").json() == [target]


def test_a_short_gains_by_a_fall(client: Client, book: Portfolio) -> None:
    held = hold(book, side="SHORT", quantity=-30)
    target = made(client, book, target_price_eoy=90, downside_target_price=125)
    assert (target["position_type"], target["position_id"]) == ("SHORT", str(held.pk))
    assert [target[name] for name in RETURNS] == [10, None, -25]
    assert [target[name] for name in VALUES] == [300, None, -750]


def test_zero_is_a_target(client: Client, book: Portfolio) -> None:
    hold(book)
    target = made(client, book, target_price_eoy=100, downside_target_price=0)
    assert [target[name] for name in RETURNS] == [0, None, -100]
    assert [target[name] for name in VALUES] == [0, None, -1000]


def test_a_fresh_market_price_wins_over_the_one_given(client: Client, book: Portfolio) -> None:
    close(SecurityFactory(symbol="AAPL"), 80)
    close(SecurityFactory(symbol="MSFT"), 80, dt.date(2026, 2, 26))
    close(SecurityFactory(symbol="OLD"), 80, dt.date(2026, 2, 25))
    prices = [made(client, book, symbol=symbol)["current_price"] for symbol in ("AAPL", "MSFT", "OLD", "NEW")]
    assert prices == [80, 80, 100, 100]


def test_a_close_of_before_a_split_counts_in_todays_shares(client: Client, book: Portfolio) -> None:
    security = SecurityFactory(symbol="NFLX")
    close(security, 1000, dt.date(2026, 2, 26))
    Split.objects.create(security=security, ex_date=TODAY, ratio=10, kind="split", source="file")
    assert made(client, book, symbol="NFLX")["current_price"] == 100


def test_an_option_has_the_price_of_the_option(client: Client, book: Portfolio) -> None:
    held = PositionFactory(portfolio=book, position_type="SP", quantity=Decimal(-2))
    close(held.security.option_contract.underlying, 500)
    mark(held.security, 4)
    target = made(client, book, symbol=held.symbol, target_price_eoy=1, current_price=12)
    assert (target["position_type"], target["current_price"]) == ("SP", 4)
    assert (target["expected_return_eoy"], target["target_upside_eoy_value"]) == (75, 600)


def test_a_private_holding_has_the_owners_price(client: Client, book: Portfolio) -> None:
    close(SecurityFactory(symbol="HOME.CO"), 5)
    held = hold(book, "HOME.CO", investment_class="PRIVATE", security=None)
    target = made(client, book, symbol="home.co")
    assert (target["symbol"], target["position_id"], target["current_price"]) == ("HOME.CO", str(held.pk), 100)


def test_share_classes_have_one_spelling(client: Client, book: Portfolio) -> None:
    held = hold(book, "BRK-B")
    assert made(client, book, symbol="BRK.B")["position_id"] == str(held.pk)
    assert len(client.get(f"{PATH}/{book.pk}?symbol=brk.b&position_type=long").json()) == 1
    assert client.get(f"{PATH}/{book.pk}?position_type=BOUGHT").json() == []


def test_the_stock_comes_before_the_option_unless_the_type_is_given(client: Client, book: Portfolio) -> None:
    put = PositionFactory(portfolio=book, position_type="LP", symbol="SPY", quantity=Decimal(1))
    stock = hold(book, "SPY")
    assert made(client, book, symbol="SPY")["position_id"] == str(stock.pk)
    assert made(client, book, symbol="SPY", position_type="LP")["position_id"] == str(put.pk)
    assert made(client, book, symbol="SPY", position_type="SHORT")["position_id"] is None


def test_closed_and_deleted_lots_are_not_held(client: Client, book: Portfolio) -> None:
    hold(book, exit_date=TODAY, exit_price=Decimal(1))
    hold(book, deleted_at=dt.datetime(2026, 2, 1, tzinfo=dt.UTC))
    assert made(client, book)["position_id"] is None


def test_a_named_lot_must_be_an_open_one_of_this_portfolio(client: Client, book: Portfolio) -> None:
    elsewhere = hold(PortfolioFactory(user=book.user))
    sold = hold(book, exit_date=TODAY)
    foreign = hold(PortfolioFactory())
    short = hold(book, side="SHORT", quantity=-1)
    for lot_id, status in (
        (elsewhere.pk, 400), (sold.pk, 400), (foreign.pk, 404), (uuid4(), 404),
    ):  # fmt: skip
        assert create(client, book, position_id=str(lot_id)).status_code == status
    assert create(client, book, position_id=str(short.pk), position_type="LONG").status_code == 400
    assert made(client, book, position_id=str(short.pk))["position_type"] == "SHORT"


def test_a_second_target_for_a_side_is_refused(client: Client, book: Portfolio) -> None:
    made(client, book)
    assert create(client, book, symbol="aapl").status_code == 400
    assert made(client, book, position_type="SHORT")["position_type"] == "SHORT"


def test_a_repeated_create_with_a_key_gives_the_first_answer(client: Client, book: Portfolio) -> None:
    given = {"symbol": "AAPL", "current_price": 100}
    answers = [send(client, "post", book.pk, given, **{"Idempotency-Key": "k"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize(
    "given",
    [
        {"symbol": ""}, {"symbol": "A" * 33}, {"symbol": "=1+1"}, {"symbol": "a b"}, {"symbol": None},
        {"current_price": 0}, {"current_price": -1}, {"current_price": None}, {"current_price": 0.00001}, {"current_price": 1e8},
        {"target_price_eoy": -1}, {"target_price_eoy": "x"}, {"downside_target_price": 1e9}, {"position_type": "BUY"},
        {"position_id": "x"},
    ],
)  # fmt: skip
def test_what_breaks_the_form_is_422(client: Client, book: Portfolio, given: dict[str, Any]) -> None:
    answer = create(client, book, **given)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", next(iter(given))]


def test_a_target_too_far_from_any_price_is_refused(client: Client, book: Portfolio) -> None:
    hold(book, "MANY", quantity="99999999999")
    for given in (
        {"target_price_eoy": 99_999_999, "current_price": 0.01},
        {"symbol": "MANY", "target_price_eoy": 5000},
    ):
        answer = create(client, book, **given)
        assert answer.status_code == 400
        assert "too far" in answer.json()["detail"]
    assert not TargetPrice.objects.exists()


def test_an_update_writes_what_is_given_and_settles_again(client: Client, book: Portfolio) -> None:
    held = hold(book)
    target = made(client, book, downside_target_price=80)
    held.quantity = Decimal(20)
    held.save()
    after = send(client, "put", f"target/{target['id']}", {"target_price_eoy": 130, "symbol": "X"}).json()
    assert [after[name] for name in RETURNS] == [30, None, -20]
    assert [after[name] for name in VALUES] == [600, None, -400]
    assert (after["symbol"], after["current_price"]) == ("AAPL", 100)
    cleared = send(client, "put", f"target/{target['id']}", {"target_price_eoy": None}).json()
    assert [cleared[name] for name in (*RETURNS, *VALUES)] == [None, None, -20, None, None, -400]
    priced = send(client, "put", f"target/{target['id']}", {"current_price": 160}).json()
    assert (priced["current_price"], priced["downside_return"]) == (160, -50)
    close(held.security, 200)
    assert send(client, "put", f"target/{target['id']}", {}).json()["current_price"] == 160
    assert send(client, "put", f"target/{target['id']}", {"current_price": 160}).json()["current_price"] == 200
    assert send(client, "put", f"target/{target['id']}", {"current_price": None}).status_code == 422
    assert send(client, "put", f"target/{target['id']}", {"target_price_eoy": 99_999_999}).status_code == 400


def test_an_update_after_a_split_counts_the_rest_in_the_new_shares(client: Client, book: Portfolio) -> None:
    held = hold(book, "NFLX", quantity=100)
    target = made(client, book, symbol="NFLX", current_price=1000, downside_target_price=800)
    settled = dt.datetime(2026, 2, 20, 22, tzinfo=dt.UTC)
    TargetPrice.objects.update(price_updated_at=settled)
    Split.objects.create(security=held.security, ex_date=dt.date(2026, 2, 23), ratio=10, kind="split", source="file")
    after = send(client, "put", f"target/{target['id']}", {"target_price_eoy": 120}).json()
    assert (after["current_price"], after["target_price_eoy"], after["downside_target_price"]) == (100, 120, 80)
    assert [after[name] for name in RETURNS] == [20, None, -20]


def test_a_deleted_target_is_gone(client: Client, book: Portfolio) -> None:
    target = made(client, book)
    assert send(client, "delete", f"target/{target['id']}").json() == {"deleted": 1, "errors": []}
    assert send(client, "delete", f"target/{target['id']}").status_code == 404
    assert client.get(f"{PATH}/{book.pk}").json() == []


def test_a_target_of_a_deleted_portfolio_is_not_found(client: Client, book: Portfolio) -> None:
    target = made(client, book)
    Portfolio.objects.update(is_active=False, deleted_at=dt.datetime(2026, 2, 1, tzinfo=dt.UTC))
    for where in (f"target/{target['id']}", book.pk, f"{book.pk}/summary"):
        assert client.get(f"{PATH}/{where}").status_code == 404


def test_several_are_created_and_those_there_are_passed_over(client: Client, book: Portfolio) -> None:
    made(client, book)
    items = [{"symbol": s, "current_price": 10, "target_price_eoy": 11} for s in ("ZM", "AAPL", "ABNB", "zm")]
    answer = send(client, "post", f"{book.pk}/bulk", {"target_prices": items})
    assert [one["symbol"] for one in answer.json()] == ["ZM", "ABNB"]
    assert answer.json()[0] == client.get(f"{PATH}/target/{answer.json()[0]['id']}").json()
    wrong = send(client, "post", f"{book.pk}/bulk", {"target_prices": [*items, {"symbol": "X"}]})
    assert wrong.status_code == 422
    assert wrong.json()["detail"][0]["loc"] == ["body", "target_prices", 4, "current_price"]


def test_several_are_updated_and_faults_are_told_one_by_one(client: Client, book: Portfolio) -> None:
    made(client, book)
    made(client, book, symbol="NFLX", position_type="SHORT")
    updates = [
        {"symbol": "aapl", "target_price_eoy": 150},
        {"symbol": "NFLX", "target_price_eoy": 90, "current_price": None},
        {"symbol": "AAPL", "position_type": "SHORT", "target_price_eoy": 1},
        {"symbol": "AAPL", "downside_target_price": -1},
        {"symbol": "AAPL", "target_price_eoy": 99_999_999},
        {"target_price_eoy": 1},
        "nonsense",
        {"symbol": "AAPL", "downside_target_price": 50},
    ]
    answer = send(client, "put", f"{book.pk}/bulk-update", {"updates": updates})
    assert answer.status_code == 200
    assert answer.json()["updated"] == 3
    errors = answer.json()["errors"]
    assert errors[0] == "Target price not found for AAPL (SHORT)"
    assert errors[1].startswith("Error updating AAPL: AAPL: a target is too far")
    assert [text.partition(":")[0] for text in errors[2:]] == [
        "Error updating AAPL",
        "Error updating ?",
        "Error updating ?",
    ]
    apple, netflix = client.get(f"{PATH}/{book.pk}").json()
    assert [apple[name] for name in RETURNS] == [50, None, -50]
    assert (netflix["position_type"], netflix["expected_return_eoy"]) == ("SHORT", 10)


def load(client: Client, book: Portfolio, text: str, *, again: bool = False) -> Any:
    return send(client, "post", f"{book.pk}/import-csv", {"csv_content": text, "update_existing": again})


def test_a_file_is_imported_row_by_row(client: Client, book: Portfolio) -> None:
    hold(book, "NFLX", "SHORT", -10)
    made(client, book)
    text = (
        "\ufeffnote,symbol,target_eoy,position_type,current_price,downside\r\n"
        'a,"zm",99.5,long,80,\r\n'
        "b,NFLX,90,,100,120\r\n"
        "c,AAPL,1,,,\r\n"
        "d,,1,,,\r\n"
        "e,ABNB,x,,10,\r\n"
        "f,ABNB,-1,,10,\r\n"
        "g,ABNB,1,BUY,10,\r\n"
        "h,ABNB,1,,0,\r\n"
        "i,ABNB,1,,,\r\n"
        "j,=1+1,1,,1,\r\n"
        "k,ZM,1,,1,\r\n"
        "l,ABNB,12,,10"
    )
    answer = load(client, book, text)
    assert answer.status_code == 200
    assert (answer.json()["created"], answer.json()["updated"], answer.json()["total"]) == (3, 0, 3)
    assert sorted(answer.json()["errors"]) == sorted([
        "AAPL already exists, skipping",
        "Missing symbol in row 5",
        "Error processing row 6: target_eoy 'x' is not a number below 100,000,000",
        "Error processing row 7: target_eoy must be at least 0",
        "Error processing row 8: the type 'BUY' is not one of LONG, SHORT, LC, LP, SC, SP",
        "Error processing row 9: current_price must be above 0",
        "Error processing row 10: There is no market price of ABNB. Send its current_price.",
        "Error processing row 11: '=1+1' is no symbol",
        "Error processing row 12: ZM (LONG) is in the file twice",
    ])  # fmt: skip
    stored = {one["symbol"]: one for one in client.get(f"{PATH}/{book.pk}").json()}
    assert stored["ZM"]["target_price_eoy"] == 99.5
    assert (stored["NFLX"]["position_type"], stored["NFLX"]["expected_return_eoy"]) == ("SHORT", 10)
    assert stored["AAPL"]["target_price_eoy"] == 120


def test_a_row_with_more_cells_than_columns_is_refused_unless_they_are_empty(client: Client, book: Portfolio) -> None:
    answer = load(client, book, "symbol,current_price,target_eoy\nAAPL,1,200,300\nNFLX,1200,1300,,\n").json()
    assert answer["created"] == 1
    assert answer["errors"] == [
        "Error processing row 2: more cells than columns; write numbers without thousands separators"
    ]


def test_an_existing_target_is_changed_on_demand_where_a_cell_is_filled(client: Client, book: Portfolio) -> None:
    target = made(client, book, downside_target_price=80)
    answer = load(client, book, "symbol,target_eoy,downside\nAAPL,150,\n", again=True)
    assert answer.json() == {"created": 0, "updated": 1, "errors": [], "total": 1}
    after = client.get(f"{PATH}/target/{target['id']}").json()
    assert (after["target_price_eoy"], after["downside_target_price"], after["current_price"]) == (150, 80, 100)
    assert (after["id"], after["created_at"], after["created_by"]) == (
        target["id"],
        target["created_at"],
        target["created_by"],
    )
    assert after["updated_at"] != target["updated_at"]


@pytest.mark.parametrize(
    "text",
    ["", " ", "ticker,target_eoy\nAAPL,1\n", 'symbol\n"AAPL\n', 'symbol\n"AAPL"x\n', "symbol\n" + "A\n" * 10_001,
     f'symbol,note\nA,"{"x" * 200_000}"\n'],
)  # fmt: skip
def test_what_is_no_file_of_targets_is_422(client: Client, book: Portfolio, text: str) -> None:
    answer = load(client, book, text)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "csv_content"]


def test_thousands_of_rows_are_imported_quickly(
    client: Client, book: Portfolio, django_assert_max_num_queries: Any
) -> None:
    lines = [f"S{number},LONG,{number + 1},,,{number + 2}" for number in range(5_000)]
    text = "\n".join(["symbol,position_type,target_eoy,target_next_year,downside,current_price", *lines])
    for again, kind in ((False, "created"), (True, "updated")):
        started = time.process_time()
        with django_assert_max_num_queries(20):
            answer = load(client, book, text, again=again)
        assert answer.json() == {"created": 0, "updated": 0, "errors": [], "total": 5_000} | {kind: 5_000}
        assert time.process_time() - started < 8
    assert TargetPrice.objects.count() == 5_000


def test_an_export_is_imported_unchanged(client: Client, book: Portfolio) -> None:
    made(client, book, downside_target_price=0)
    made(client, book, symbol="BRK.B", position_type="SHORT", target_price_eoy=None, target_price_next_year="99.1234")
    exported = send(client, "post", f"{book.pk}/export", {"format": "csv"}).json()["csv"]
    assert exported == (
        "symbol,position_type,target_eoy,target_next_year,downside,current_price,expected_return_eoy,expected_return_next_year,"
        "downside_return\r\n"
        "AAPL,LONG,120.0,,0.0,100.0,20.0,,-100.0\r\n"
        "BRK-B,SHORT,,99.1234,,100.0,,0.8766,\r\n"
    )
    before = client.get(f"{PATH}/{book.pk}").json()
    TargetPrice.objects.all().delete()
    assert load(client, book, exported).json()["created"] == 2
    after = client.get(f"{PATH}/{book.pk}").json()
    own = {"id", "created_at", "updated_at"}
    assert [{k: v for k, v in one.items() if k not in own} for one in before] == [
        {k: v for k, v in one.items() if k not in own} for one in after
    ]


def test_an_export_has_other_forms(client: Client, book: Portfolio) -> None:
    target = made(client, book)
    listed = send(client, "post", f"{book.pk}/export", {"format": "json"}).json()
    assert listed == [{name: target[name] for name in listed[0]}]
    assert listed[0].keys() == {
        "symbol", "position_type", "target_price_eoy", "target_price_next_year", "downside_target_price", "current_price",
        *RETURNS,
    }  # fmt: skip
    text = send(client, "post", f"{book.pk}/export", {"include_metadata": True}).json()["csv"]
    header, row = csv.reader(io.StringIO(text, newline=""))
    assert header[-2:] == ["created_at", "updated_at"]
    assert row[-2:] == [target["created_at"], target["updated_at"]]
    assert send(client, "post", f"{book.pk}/export").json()["csv"].startswith("symbol,")


def test_the_summary_weighs_what_is_held(client: Client, book: Portfolio) -> None:
    for symbol, side, quantity, price in (("A", "LONG", 100, 50), ("B", "SHORT", -200, 20), ("C", "LONG", 10, 100)):
        mark(hold(book, symbol, side, quantity).security, price)
    mark(hold(book, "A", "LONG", 20, security=Security.objects.get(symbol="A")).security, 50, dt.date(2026, 2, 26))
    hold(book, "D")
    made(client, book, symbol="A", current_price=50, target_price_eoy=60, downside_target_price=40)
    made(client, book, symbol="B", current_price=20, target_price_eoy=15, downside_target_price=25)
    made(client, book, symbol="C", current_price=100, target_price_eoy=None, downside_target_price=90)
    made(client, book, symbol="Z", current_price=1, target_price_eoy=1000)
    summary = client.get(f"{PATH}/{book.pk}/summary").json()
    assert (summary["portfolio_id"], summary["portfolio_name"]) == (str(book.pk), book.name)
    assert (summary["total_positions"], summary["positions_with_targets"], summary["coverage_percentage"]) == (5, 4, 80)
    # (20 % of 6000 + 25 % of 4000) / 10000, and with the 1000 of C for the downside.
    assert summary["weighted_expected_return_eoy"] == 22
    assert summary["weighted_expected_return_next_year"] is None
    assert summary["weighted_downside_return"] == pytest.approx(-2300 / 11000 * 100, abs=1e-4)
    assert (summary["target_upside_eoy_dollars"], summary["target_downside_dollars"]) == (2200, -2300)
    assert summary["target_upside_next_year_dollars"] is None
    eoy, downside = 22, -2300 / 110
    assert summary["expected_sharpe_ratio"] == pytest.approx((eoy - 4) / ((eoy - downside) / 2), abs=1e-4)
    assert summary["expected_sortino_ratio"] == pytest.approx((eoy - 4) / -downside, abs=1e-4)
    assert [one["symbol"] for one in summary["target_prices"]] == ["A", "B", "C", "Z"]
    assert summary["last_updated"] == max(one["updated_at"] for one in summary["target_prices"])


def test_a_summary_of_nothing_is_unknown(client: Client, book: Portfolio) -> None:
    summary = client.get(f"{PATH}/{book.pk}/summary").json()
    assert (summary["total_positions"], summary["coverage_percentage"], summary["target_prices"]) == (0, 0, [])
    assert [summary[name] for name in summary if name.startswith(("weighted", "target_u", "target_d", "expected"))] == [
        None
    ] * 8
