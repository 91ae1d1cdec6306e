"""The way in over HTTP: registering by invitation, the template, a portfolio from a file."""

from __future__ import annotations

import datetime as dt
import json
import time
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_DNS, UUID, uuid5

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from marketdata.models import PriceStatus, Security
from portfolios.models import Portfolio, Position, Trade, User, UserActivityEvent
from portfolios.services.onboarding import NewAccount, import_portfolio
from portfolios.services.position_template import FILE_NAME, TEMPLATE
from portfolios.services.tokens import issue_user_token
from tests.factories import PortfolioFactory, UserFactory

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 2, 27)
PATH = "/api/v1/onboarding"
HEADER = "Symbol,Quantity,Entry Price Per Share,Entry Date,Exit Date,Exit Price Per Share"
ROWS = "AAPL,100,205.17,2025-06-30\nXOM,-50,107.80,2025-07-01\nNOSUCH,1.5,10,2026-02-02,2026-02-20,12\n,,\n"
GRACE = {
    "email": "Grace@Example.COM",
    "password": "Hopper1952",
    "full_name": " Grace Hopper ",
    "invite_code": " sigmasight-demo ",
}


@pytest.fixture(autouse=True)
def _friday_evening(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    monkeypatch.setenv("SIGMASIGHT_NOW", f"{TODAY}T17:00:00-05:00")


@pytest.fixture
def user() -> User:
    return UserFactory()


@pytest.fixture
def client(user: User) -> Client:
    return Client(headers={"Authorization": f"Bearer {issue_user_token(user)[0]}"})


def register(**given: Any) -> Any:
    return Client().post(f"{PATH}/register", GRACE | given, content_type="application/json")


def upload(
    client: Client, text: str | bytes = f"{HEADER}\n{ROWS}", name: str = "p.csv", key: str = "", **given: Any
) -> Any:
    content = text.encode() if isinstance(text, str) else text
    form = {
        "portfolio_name": " My book ", "account_name": " Main ", "account_type": " Taxable ", "equity_balance": "250000.255",
        "description": " all of it ", "csv_file": SimpleUploadedFile(name, content, content_type="text/csv"),
    } | given  # fmt: skip
    form = {name: value for name, value in form.items() if value is not None}
    return client.post(f"{PATH}/create-portfolio", form, headers={"Idempotency-Key": key} if key else {})


def refusal(answer: Any) -> tuple[int, str]:
    error = answer.json()["error"]
    assert error.keys() - {"details"} == {"code", "message", "documentation_url"}
    assert answer.json().keys() == {"error"}
    assert error["message"]
    assert error["documentation_url"].startswith("http://testserver/docs#/Onboarding/onboarding")
    return answer.status_code, error["code"]


def events() -> list[tuple[str, str]]:
    return list(UserActivityEvent.objects.order_by("created_at", "pk").values_list("event_type", "error_code"))


# -- registering


def test_a_person_registers_and_logs_in_with_the_address_sent_back() -> None:
    answer = register()
    made = answer.json()
    assert answer.status_code == 201
    assert (made["email"], made["full_name"]) == ("grace@example.com", "Grace Hopper")
    assert (made["next_step"]["action"], made["next_step"]["endpoint"]) == ("login", "/api/v1/auth/login")
    login = {"email": made["email"], "password": GRACE["password"]}
    assert Client().post("/api/v1/auth/login", login, content_type="application/json").status_code == 200
    person = User.objects.get(pk=made["user_id"])
    assert not person.portfolios.exists()
    assert sorted(events()) == [
        ("onboarding.login_success", ""), ("onboarding.register_complete", ""), ("onboarding.register_start", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"invite_code": "GUESS"}, 401, "ERR_INVITE_001"),
        ({"invite_code": ""}, 401, "ERR_INVITE_001"),
        ({"invite_code": "ſigmasight-demo"}, 401, "ERR_INVITE_001"),
        ({"email": "ADA@example.com"}, 409, "ERR_USER_001"),
        ({"email": "gr!ace@example.com"}, 422, "ERR_USER_002"),
        ({"email": "grace@exämple.com"}, 422, "ERR_USER_002"),
        ({"password": "hopper1952"}, 422, "ERR_USER_003"),
        ({"password": "HOPPER1952"}, 422, "ERR_USER_003"),
        ({"password": "HopperHopper"}, 422, "ERR_USER_003"),
        ({"full_name": "   "}, 422, "ERR_USER_004"),
    ],
)
def test_what_will_not_do_has_its_code(given: dict[str, str], status: int, code: str) -> None:
    UserFactory(email="ada@example.com")
    assert refusal(register(**given)) == (status, code)
    assert User.objects.count() == 1
    assert ("onboarding.register_error", code) in events()


def test_the_invite_comes_first_then_the_address_the_password_and_the_name() -> None:
    UserFactory(email="ada@example.com")
    wrong = {"invite_code": "x", "email": "a!@example.com", "password": "weakling", "full_name": " "}
    for correct, code in (
        ({}, "ERR_INVITE_001"), ({"invite_code": "SIGMASIGHT-DEMO"}, "ERR_USER_002"),
        ({"email": "ada@example.com"}, "ERR_USER_001"), ({"email": "b@example.com"}, "ERR_USER_003"),
        ({"password": "Strong1234"}, "ERR_USER_004"),
    ):  # fmt: skip
        wrong |= correct
        assert refusal(register(**wrong))[1] == code


def test_facts_stand_beside_the_code() -> None:
    weak = register(password="älter-und-klein").json()["error"]["details"]
    assert (weak["has_uppercase"], weak["has_lowercase"], weak["has_digit"]) == (False, True, False)
    assert "details" not in register(invite_code="x").json()["error"]
    register()
    assert register().json()["error"]["details"] == {"email": "grace@example.com"}


@pytest.mark.parametrize(
    "given",
    [
        {"email": "grace"}, {"password": "Short-1"}, {"password": None}, {"full_name": ""}, {"full_name": "x" * 256},
        {"invite_code": None},
    ],
)  # fmt: skip
def test_what_breaks_the_form_is_422_before_everything_else(given: dict[str, Any]) -> None:
    answer = register(**({"invite_code": "wrong"} | given))
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", next(iter(given))]
    assert "Short-1" not in answer.content.decode()


def test_any_letters_and_digits_make_a_password() -> None:
    assert register(password="Ünïcödé٣٣").status_code == 201


def test_without_an_invite_code_nobody_registers(settings: Any) -> None:
    settings.INVITE_CODE = ""
    for code in ("", " ", "SIGMASIGHT-DEMO"):
        assert refusal(register(invite_code=code)) == (401, "ERR_INVITE_001")


def test_ids_are_made_of_the_address_for_the_house_and_on_demand(settings: Any) -> None:
    assert register(email="New@SigmaSight.com").json()["user_id"] == str(uuid5(NAMESPACE_DNS, "new@sigmasight.com"))
    assert register(email="a@example.com").json()["user_id"] != str(uuid5(NAMESPACE_DNS, "a@example.com"))
    settings.DETERMINISTIC_UUIDS = True
    assert register(email="b@example.com").json()["user_id"] == str(uuid5(NAMESPACE_DNS, "b@example.com"))


# -- a portfolio from a file


def test_a_portfolio_is_made_from_a_file(client: Client, user: User) -> None:
    answer = upload(client)
    made = answer.json()
    assert answer.status_code == 201, made
    book = Portfolio.objects.get(pk=made["portfolio_id"])
    assert made == {
        "portfolio_id": str(book.pk), "portfolio_name": "My book", "account_name": "Main", "account_type": "taxable",
        "equity_balance": 250000.26, "positions_imported": 3, "positions_failed": 0, "total_positions": 4,
        "message": "The portfolio was created with 3 positions.",
        "next_step": {
            "action": "calculate", "endpoint": f"/api/v1/portfolios/{book.pk}/calculate",
            "description": made["next_step"]["description"],
        },
    }  # fmt: skip
    assert (book.user, book.name, book.currency, book.description) == (user, "My book", "USD", "all of it")
    assert (book.opening_equity, book.equity_as_of, book.dirty_from) == (
        Decimal("250000.26"), dt.date(2025, 6, 30), dt.date(2025, 6, 30),
    )  # fmt: skip
    apple, unknown, exxon = book.positions.order_by("symbol")
    assert (apple.quantity, apple.entry_price, apple.position_type) == (100, Decimal("205.17"), "LONG")
    assert (exxon.quantity, exxon.position_type) == (-50, "SHORT")
    assert (unknown.quantity, unknown.exit_date, unknown.exit_price, unknown.realized_pnl) == (
        0, dt.date(2026, 2, 20), 12, 3,
    )  # fmt: skip
    assert unknown.security.price_status == PriceStatus.UNVERIFIED
    assert set(Trade.objects.values_list("units_as_of", "created_by")) == {(TODAY, user.pk)}
    assert sorted(events()) == [("onboarding.portfolio_complete", ""), ("onboarding.portfolio_start", "")]
    listed = client.get("/api/v1/data/portfolios").json()
    assert [(one["id"], one["position_count"]) for one in listed] == [(str(book.pk), 2)]


def test_the_template_is_imported_as_it_is(client: Client) -> None:
    answer = Client().get(f"{PATH}/csv-template")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == "attachment; filename=sigmasight_portfolio_template.csv"
    assert answer["Cache-Control"] == "public, max-age=3600"
    made = upload(client, answer.content)
    assert made.status_code == 201, made.json()
    assert made.json()["positions_imported"] == made.json()["total_positions"] == 7
    lots = Position.objects.values_list(
        "symbol", "position_type", "investment_class", "investment_subtype", "exit_date"
    )
    assert sorted(lots.order_by("symbol"), key=lambda lot: lot[0]) == [
        ("KO", "LONG", "PUBLIC", "STOCK", dt.date(2024, 5, 20)),
        ("MONEY_MARKET", "LONG", "PRIVATE", "MONEY_MARKET", None),
        ("MSFT", "LONG", "PUBLIC", "STOCK", None),
        ("NVDA271217C00200000", "LC", "OPTIONS", "CALL", None),
        ("PTON", "SHORT", "PUBLIC", "STOCK", None),
        ("SPY271217P00450000", "LP", "OPTIONS", "PUT", None),
        ("VTI", "LONG", "PUBLIC", "ETF", None),
    ]


@pytest.mark.parametrize("today", ["2024-06-03", "2030-02-01"])
def test_the_template_is_imported_at_any_time(user: User, monkeypatch: pytest.MonkeyPatch, today: str) -> None:
    monkeypatch.setenv("SIGMASIGHT_NOW", f"{today}T12:00:00-05:00")
    account = NewAccount("My book", "Main", "taxable", Decimal(1))
    assert import_portfolio(user, account, FILE_NAME, TEMPLATE.encode()).lots == 7


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        ({"account_type": "pension"}, 400, "ERR_PORT_009"),
        ({"account_type": ""}, 400, "ERR_PORT_009"),
        ({"account_name": "  "}, 400, "ERR_PORT_011"),
        ({"account_name": "x" * 101}, 400, "ERR_PORT_010"),
        ({"account_name": "Taken"}, 409, "ERR_PORT_001"),
        ({"account_name": "Gone"}, 409, "ERR_PORT_001"),
        ({"portfolio_name": " "}, 400, "ERR_PORT_002"),
        ({"portfolio_name": "x" * 256}, 400, "ERR_PORT_003"),
        ({"equity_balance": "0"}, 400, "ERR_PORT_004"),
        ({"equity_balance": "0.004"}, 400, "ERR_PORT_004"),
        ({"equity_balance": "-1"}, 400, "ERR_PORT_005"),
        ({"equity_balance": "1000000000000.01"}, 400, "ERR_PORT_006"),
        ({"equity_balance": "1e300"}, 400, "ERR_PORT_006"),
        ({"name": "p.txt"}, 400, "ERR_PORT_008"),
    ],
)
def test_what_is_wrong_with_an_account_has_its_code(
    client: Client, user: User, given: dict[str, str], status: int, code: str
) -> None:
    PortfolioFactory(user=user, account_name="Taken")
    PortfolioFactory(user=user, account_name="Gone", is_active=False, deleted_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    PortfolioFactory(account_name="Main")
    assert refusal(upload(client, **given)) == (status, code)
    assert Portfolio.objects.count() == 3
    assert not Position.objects.exists()
    assert ("onboarding.portfolio_error", code) in events()


def test_the_account_is_checked_before_the_file_in_the_order_of_the_form(client: Client, user: User) -> None:
    PortfolioFactory(user=user, account_name="Taken")
    wrong = {"account_type": "x", "account_name": "", "portfolio_name": "", "equity_balance": "0", "name": "p.txt"}
    for correct, code in (
        ({}, "009"), ({"account_type": "IRA"}, "011"), ({"account_name": "Taken"}, "001"), ({"account_name": "New"}, "002"),
        ({"portfolio_name": "New"}, "004"), ({"equity_balance": "1"}, "008"),
    ):  # fmt: skip
        wrong |= correct
        assert refusal(upload(client, **wrong))[1] == f"ERR_PORT_{code}"


def test_limits_themselves_are_allowed(client: Client) -> None:
    answer = upload(
        client, account_name="x" * 100, portfolio_name="y" * 255, equity_balance="1000000000000", description=None
    )
    assert answer.status_code == 201
    assert answer.json()["equity_balance"] == 1e12


@pytest.mark.parametrize(
    "given",
    [
        {"portfolio_name": None}, {"account_name": None}, {"account_type": None}, {"equity_balance": None},
        {"csv_file": None}, {"csv_file": "a text"}, {"equity_balance": "much"}, {"equity_balance": "NaN"},
        {"equity_balance": ""}, {"portfolio_name": "a\x00b"}, {"description": "x" * 1001},
    ],
)  # fmt: skip
def test_what_breaks_the_form_is_422(client: Client, given: dict[str, Any]) -> None:
    answer = upload(client, **given)
    assert answer.status_code == 422
    assert [fault["loc"] for fault in answer.json()["detail"]] == [["body", next(iter(given))]]


def test_a_body_that_is_no_form_is_422(client: Client) -> None:
    answer = client.post(f"{PATH}/create-portfolio", {"account_name": "Main"}, content_type="application/json")
    assert answer.status_code == 422


def test_every_fault_of_a_file_is_told_where_the_frontend_looks(client: Client) -> None:
    text = f"{HEADER}\nAAPL,1,0,2025-06-30\nMSFT,x,1.234,\nXOM,1,2,2025-06-30,,,,9\n"
    answer = upload(client, text)
    assert refusal(answer) == (400, "ERR_PORT_008")
    inner = answer.json()["error"]["details"]["error"]
    assert inner["code"] == "ERR_CSV_VALIDATION"
    assert inner["message"] == "The file is refused: 5 errors, first ERR_POS_010 in row 2."
    assert inner["details"]["total_errors"] == 5
    assert [(one["code"], one["row"], one["symbol"], one["field"]) for one in inner["details"]["errors"]] == [
        ("ERR_POS_010", 2, "AAPL", "Entry Price Per Share"),
        ("ERR_POS_005", 3, "MSFT", "Quantity"),
        ("ERR_POS_011", 3, "MSFT", "Entry Price Per Share"),
        ("ERR_POS_012", 3, "MSFT", "Entry Date"),
        ("ERR_CSV_006", 4, "XOM", None),
    ]
    assert not Portfolio.objects.exists()
    assert not Security.objects.filter(symbol="XOM").exists()


def test_an_empty_file_and_one_with_titles_only(client: Client) -> None:
    errors = upload(client, "").json()["error"]["details"]["error"]["details"]["errors"]
    assert errors == [
        {"row": None, "symbol": None, "field": None, "code": "ERR_CSV_005", "message": errors[0]["message"]}
    ]
    answer = upload(client, HEADER)
    assert (answer.status_code, answer.json()["positions_imported"], answer.json()["total_positions"]) == (201, 0, 0)
    assert Portfolio.objects.get().equity_as_of == TODAY


def test_too_large_a_file(client: Client) -> None:
    answer = upload(client, b"#" * (10 * 1024 * 1024 + 1))
    assert answer.json()["error"]["details"]["error"]["details"]["errors"][0]["code"] == "ERR_CSV_001"
    assert upload(client, b"#" * (11 * 1024 * 1024)).status_code == 413


def test_old_lots_are_taken_over_a_year_before(client: Client) -> None:
    assert upload(client, f"{HEADER}\nKO,1,0.25,1962-01-02\n").status_code == 201
    book = Portfolio.objects.get()
    assert book.equity_as_of == dt.date(2025, 2, 26)
    assert Trade.objects.get().trade_date == dt.date(1962, 1, 2)


def test_a_repeated_upload_with_a_key_makes_one_portfolio(client: Client) -> None:
    first, second = (upload(client, key="k") for _ in range(2))
    assert (first.status_code, first.json()) == (201, second.json())
    assert Portfolio.objects.count() == 1
    assert refusal(upload(client)) == (409, "ERR_PORT_001")
    assert upload(client, f"{HEADER}\n", key="k").status_code == 422


def test_ids_are_derived_on_demand(client: Client, user: User, settings: Any) -> None:
    settings.DETERMINISTIC_UUIDS = True
    made = upload(client).json()
    assert made["portfolio_id"] == str(uuid5(NAMESPACE_DNS, f"{user.pk}:Main"))
    assert Position.objects.get(symbol="AAPL").pk == uuid5(NAMESPACE_DNS, f"{made['portfolio_id']}:AAPL:2025-06-30")


def test_thousands_of_rows_are_imported_quickly(client: Client, django_assert_max_num_queries: Any) -> None:
    rows = [
        f"S{number % 1000},{number + 1},1.25,{TODAY - dt.timedelta(days=number // 1000)},," for number in range(5000)
    ]
    started = time.process_time()
    with django_assert_max_num_queries(40):
        answer = upload(client, "\n".join([HEADER, *rows]))
    assert answer.status_code == 201, json.dumps(answer.json())[:500]
    assert time.process_time() - started < 8
    assert Position.objects.count() == Trade.objects.count() == 5000
    assert UUID(answer.json()["portfolio_id"])


def test_nobody_uploads_without_a_token() -> None:
    assert upload(Client()).status_code == 401
