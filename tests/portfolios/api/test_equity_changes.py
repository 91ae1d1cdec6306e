"""Money in and out over HTTP, as the frontend asks for it."""

from __future__ import annotations

import csv
import datetime as dt
import io
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from portfolios.models import EquityChange, Portfolio
from portfolios.services.equity import delete_equity_change, record_equity_change
from portfolios.services.tokens import issue_user_token
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 2, 27)
NOW = dt.datetime(2026, 2, 27, 22, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _friday_evening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGMASIGHT_NOW", f"{TODAY}T17:00:00-05:00")


@pytest.fixture
def book() -> Portfolio:
    return PortfolioFactory(opening_equity=100_000)


@pytest.fixture
def client(book: Portfolio) -> Client:
    return Client(headers={"Authorization": f"Bearer {issue_user_token(book.user)[0]}"})


def path(book: Portfolio, rest: object = "") -> str:
    return f"/api/v1/portfolios/{book.pk}/equity-changes" + (f"/{rest}" if rest else "")


def record(book: Portfolio, kind: str, amount: object, day: dt.date = TODAY, notes: str = "") -> EquityChange:
    change = record_equity_change(book.pk, kind, Decimal(str(amount)), day, notes=notes, created_by=book.user)
    EquityChange.objects.filter(pk=change.pk).update(created_at=NOW)
    return change


def send(client: Client, method: str, where: str, given: object = None, **headers: str) -> Any:
    return getattr(client, method)(where, given, content_type="application/json", headers=headers)


CONTRIBUTION = {"change_type": "CONTRIBUTION", "amount": 1500.5, "change_date": "2026-02-27", "notes": "  bonus "}


def test_a_change_is_recorded_and_sent_back_whole(client: Client, book: Portfolio) -> None:
    answer = send(client, "post", path(book), CONTRIBUTION)
    made = answer.json()
    assert answer.status_code == 201
    assert made.keys() == {
        "id", "portfolio_id", "change_type", "amount", "change_date", "notes", "created_by_user_id", "created_at",
        "updated_at", "deleted_at", "editable_until", "deletable_until", "is_deleted",
    }  # fmt: skip
    assert (made["amount"], made["notes"], made["change_date"]) == (1500.5, "bonus", "2026-02-27")
    assert made["created_by_user_id"] == str(book.user_id)
    created, editable, deletable = (
        dt.datetime.fromisoformat(made[key]) for key in ("created_at", "editable_until", "deletable_until")
    )
    assert (editable - created, deletable - created) == (dt.timedelta(days=7), dt.timedelta(days=30))
    assert (made["is_deleted"], made["deleted_at"]) == (False, None)
    book.refresh_from_db()
    assert book.dirty_from == TODAY
    assert client.get(path(book, made["id"])).json() == made


def test_amounts_come_as_text_or_number_and_are_rounded_to_cents(client: Client, book: Portfolio) -> None:
    for amount, stored in (("99.95", 99.95), (0.1 + 0.2, 0.3), ("10.005", 10.0), (0.01, 0.01)):
        made = send(client, "post", path(book), CONTRIBUTION | {"amount": amount}).json()
        assert made["amount"] == stored


def test_a_repeated_create_with_a_key_books_once(client: Client, book: Portfolio) -> None:
    answers = [send(client, "post", path(book), CONTRIBUTION, **{"Idempotency-Key": "k"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert EquityChange.objects.count() == 1


@pytest.mark.parametrize(
    "given",
    [
        {"amount": 0}, {"amount": -5}, {"amount": "0.004"}, {"amount": "much"}, {"amount": None}, {"amount": 1e12},
        {"amount": "NaN"}, {"change_type": "contribution"}, {"change_type": None}, {"change_date": "2026-02-28"},
        {"change_date": "27.02.2026"}, {"change_date": None}, {"notes": "x" * 501}, {"notes": "a\x00b"},
    ],
)  # fmt: skip
def test_what_breaks_the_form_is_422(client: Client, book: Portfolio, given: dict[str, Any]) -> None:
    answer = send(client, "post", path(book), CONTRIBUTION | given)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", next(iter(given))]
    assert not EquityChange.objects.exists()


def refusal(answer: Any) -> tuple[int, str]:
    assert answer.json()["detail"].keys() == {"code", "message"}
    return answer.status_code, answer.json()["detail"]["code"]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"change_type": "WITHDRAWAL", "amount": 100_000.01}, "EQUITY_003"),
        ({"change_date": "2025-06-29"}, "EQUITY_002"),
    ],
)
def test_what_cannot_be_is_refused_with_its_code(
    client: Client, book: Portfolio, given: dict[str, Any], code: str
) -> None:
    assert refusal(send(client, "post", path(book), CONTRIBUTION | given)) == (400, code)


def test_a_foreign_or_deleted_portfolio_is_not_found(client: Client) -> None:
    foreign, deleted = PortfolioFactory(), PortfolioFactory(is_active=False, deleted_at=NOW)
    own = Client(headers={"Authorization": f"Bearer {issue_user_token(deleted.user)[0]}"})
    for caller, book in ((client, foreign), (own, deleted)):
        for rest in ("", "summary", "export", uuid4()):
            assert refusal(caller.get(path(book, rest))) == (404, "EQUITY_004")
        assert refusal(send(caller, "post", path(book), CONTRIBUTION)) == (404, "EQUITY_004")


def test_a_change_of_another_portfolio_is_not_found(client: Client, book: Portfolio) -> None:
    other = record(PortfolioFactory(user=book.user), "CONTRIBUTION", 5)
    for method in ("get", "put", "delete"):
        assert refusal(send(client, method, path(book, other.pk), {})) == (404, "EQUITY_008")


def test_changes_are_listed_newest_first_in_pages(client: Client, book: Portfolio) -> None:
    days = [dt.date(2026, 2, day) for day in (3, 9, 1, 20, 12)]
    for day in days:
        record(book, "CONTRIBUTION", day.day, day)
    listed = client.get(path(book) + "?page=1&page_size=2").json()
    assert [item["amount"] for item in listed["items"]] == [20, 12]
    assert (listed["page"], listed["page_size"], listed["total_items"], listed["total_pages"]) == (1, 2, 5, 3)
    assert [item["amount"] for item in client.get(path(book) + "?page=3&page_size=2").json()["items"]] == [1]
    beyond = client.get(path(book) + "?page=9&page_size=2").json()
    assert (beyond["items"], beyond["total_items"]) == ([], 5)
    between = client.get(path(book) + "?start_date=2026-02-03&end_date=2026-02-12").json()
    assert [item["amount"] for item in between["items"]] == [12, 9, 3]


def test_nothing_makes_no_pages(client: Client, book: Portfolio) -> None:
    listed = client.get(path(book)).json()
    assert listed == {"items": [], "page": 1, "page_size": 25, "total_items": 0, "total_pages": 0}


def test_deleted_changes_are_seen_on_demand_only(client: Client, book: Portfolio) -> None:
    change = record(book, "CONTRIBUTION", 5)
    gone = send(client, "delete", path(book, change.pk))
    assert gone.status_code == 200
    assert gone.json()["deleted"] is True
    assert client.get(path(book)).json()["total_items"] == 0
    assert refusal(client.get(path(book, change.pk))) == (404, "EQUITY_008")
    assert refusal(send(client, "delete", path(book, change.pk))) == (404, "EQUITY_008")
    (item,) = client.get(path(book) + "?include_deleted=true").json()["items"]
    assert item["is_deleted"] is True
    assert item["deleted_at"] == gone.json()["deleted_at"]
    assert client.get(path(book, change.pk) + "?include_deleted=true").json() == item


def test_an_edit_changes_what_is_given(client: Client, book: Portfolio) -> None:
    change = record(book, "WITHDRAWAL", 50, notes="rent")
    edited = send(client, "put", path(book, change.pk), {"amount": "60.5", "change_date": None, "change_type": "X"})
    assert edited.status_code == 200
    assert (edited.json()["amount"], edited.json()["notes"], edited.json()["change_type"]) == (
        60.5,
        "rent",
        "WITHDRAWAL",
    )
    assert send(client, "put", path(book, change.pk), {"notes": ""}).json()["notes"] is None
    assert refusal(send(client, "put", path(book, change.pk), {"amount": 200_000})) == (400, "EQUITY_003")
    assert send(client, "put", path(book, change.pk), {"amount": 0}).status_code == 422


@pytest.mark.parametrize(("age", "edit", "delete"), [(6, 200, 200), (7, 400, 200), (30, 400, 400)])
def test_the_windows_close(client: Client, book: Portfolio, age: int, edit: int, delete: int) -> None:
    change = record(book, "CONTRIBUTION", 5)
    EquityChange.objects.update(created_at=NOW - dt.timedelta(days=age))
    edited = send(client, "put", path(book, change.pk), {"amount": 6})
    deleted = send(client, "delete", path(book, change.pk))
    assert (edited.status_code, deleted.status_code) == (edit, delete)
    if edit == 400:
        assert refusal(edited) == (400, "EQUITY_006")
    if delete == 400:
        assert refusal(deleted) == (400, "EQUITY_007")


def test_the_summary_adds_up(client: Client, book: Portfolio) -> None:
    for kind, amount, back in (
        ("CONTRIBUTION", 1000, 0), ("WITHDRAWAL", "100.25", 10), ("CONTRIBUTION", 40, 30), ("CONTRIBUTION", 7, 31),
        ("WITHDRAWAL", 2, 90), ("CONTRIBUTION", 500, 91),
    ):  # fmt: skip
        record(book, kind, amount, TODAY - dt.timedelta(days=back))
    delete_equity_change(record(book, "CONTRIBUTION", 12345).pk)
    summary = client.get(path(book, "summary")).json()
    assert summary["portfolio_id"] == str(book.pk)
    assert (summary["total_contributions"], summary["total_withdrawals"], summary["net_flow"]) == (
        1547,
        102.25,
        1444.75,
    )
    assert summary["periods"] == {
        "30d": {"contributions": 1040, "withdrawals": 100.25, "net_flow": 939.75},
        "90d": {"contributions": 1047, "withdrawals": 102.25, "net_flow": 944.75},
    }
    assert (summary["last_change"]["amount"], summary["last_change"]["is_deleted"]) == (1000, False)
    bounded = client.get(path(book, "summary") + "?start_date=2026-02-01&end_date=2026-02-26").json()
    assert (bounded["total_contributions"], bounded["total_withdrawals"], bounded["net_flow"]) == (0, 100.25, -100.25)
    assert (bounded["periods"], bounded["last_change"]) == (summary["periods"], summary["last_change"])


def test_a_summary_of_nothing_is_zero(client: Client, book: Portfolio) -> None:
    nothing = {"contributions": 0, "withdrawals": 0, "net_flow": 0}
    assert client.get(path(book, "summary")).json() == {
        "portfolio_id": str(book.pk), "total_contributions": 0, "total_withdrawals": 0, "net_flow": 0, "last_change": None,
        "periods": {"30d": nothing, "90d": nothing},
    }  # fmt: skip


def test_the_export_is_a_link_that_the_cookie_opens(book: Portfolio) -> None:
    record(book, "WITHDRAWAL", "1.5", notes='=HYPERLINK("http://example.com";"rent")')
    record(book, "CONTRIBUTION", 20, dt.date(2026, 2, 3), notes="bonus, late")
    delete_equity_change(record(book, "CONTRIBUTION", 3).pk)
    client = Client()
    client.cookies["auth_token"] = issue_user_token(book.user)[0]
    answer = client.get(path(book, "export") + "?format=csv")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert answer["Content-Disposition"] == (f'attachment; filename="equity_changes_{book.pk}_20260227T220000Z.csv"')
    header, *rows = csv.reader(io.StringIO(answer.content.decode(), newline=""))
    assert header == [
        "id", "portfolio_id", "change_type", "amount", "change_date", "notes", "created_at", "updated_at",
    ]  # fmt: skip
    assert [row[2:6] for row in rows] == [
        ["CONTRIBUTION", "20.00", "2026-02-03", "bonus, late"],
        ["WITHDRAWAL", "1.50", "2026-02-27", '\'=HYPERLINK("http://example.com";"rent")'],
    ]
    assert all(row[6].endswith("Z") and row[7].endswith("Z") for row in rows)
    assert answer.content.count(b"\r\n") == 3
    assert client.get(path(book, "export") + "?format=xlsx").status_code == 422


def test_a_write_with_the_cookie_alone_wants_a_csrf_token(book: Portfolio) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies["auth_token"] = issue_user_token(book.user)[0]
    assert send(client, "post", path(book), CONTRIBUTION).status_code == 403
    assert not EquityChange.objects.exists()
