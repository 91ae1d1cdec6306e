"""Accounts over HTTP: listed, made, changed, deleted."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_DNS, uuid4, uuid5

import pytest
from django.test import Client

from portfolios.models import EquityChange, Portfolio, PortfolioSnapshot
from portfolios.services.positions import close_position
from tests.analytics.api.callers import answer, client_of
from tests.factories import PortfolioFactory, PositionFactory, UserFactory
from tests.portfolios.api.callers import faults, send
from tests.portfolios.api.conftest import TODAY

pytestmark = pytest.mark.django_db
THURSDAY = TODAY - dt.timedelta(days=1)
MONEY = ("cash_value", "long_value", "short_value", "gross_exposure", "net_exposure", "daily_pnl", "daily_unrealized_pnl",
         "daily_realized_pnl", "daily_income", "daily_capital_flow", "cumulative_pnl", "cumulative_realized_pnl",
         "cumulative_capital_flow")  # fmt: skip


def publish(book: Portfolio, equity: str, session: dt.date = THURSDAY, **more: Any) -> None:
    """A computed session whose results readers see."""
    PortfolioSnapshot.objects.create(
        portfolio=book, snapshot_date=session, net_asset_value=Decimal(equity), twr_index=1.0,
        **{name: Decimal(0) for name in MONEY}, **more,
    )  # fmt: skip
    Portfolio.objects.filter(pk=book.pk).update(results_as_of=session)


def make(client: Client, **given: Any) -> Any:
    return send(client, "post", "portfolios", {"name": "Growth", "account_name": "Growth IRA"} | given)


# -- the list every start of the frontend asks for


def test_the_first_is_the_default_and_private_accounts_are_last(owner: Client, portfolio: Portfolio) -> None:
    private = PortfolioFactory(user=portfolio.user, account_name="Family PRIVATE Investments")
    asleep = PortfolioFactory(user=portfolio.user, account_name="Asleep", is_active=False)
    later = PortfolioFactory(user=portfolio.user, account_name="Later")
    Portfolio.objects.filter(pk=private.pk).update(created_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    listed = answer(owner, "data/portfolios")
    assert [one["id"] for one in listed] == [str(book.pk) for book in (portfolio, later, private, asleep)]
    assert [one["is_active"] for one in listed] == [True, True, True, False]
    assert answer(owner, "auth/me")["portfolio_id"] == listed[0]["id"]


def test_deleted_and_foreign_ones_are_not_listed(owner: Client, portfolio: Portfolio) -> None:
    PortfolioFactory()
    PortfolioFactory(user=portfolio.user, is_active=False, deleted_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert [one["id"] for one in answer(owner, "data/portfolios")] == [str(portfolio.pk)]


def test_nobody_s_list_is_empty(evening: dt.date) -> None:
    assert answer(client_of(UserFactory()), "data/portfolios") == []


def test_before_the_first_session_a_book_is_worth_its_opening_equity(owner: Client, portfolio: Portfolio) -> None:
    PositionFactory(portfolio=portfolio, quantity=Decimal(10), entry_price=Decimal("150.5"))
    PositionFactory(portfolio=portfolio, position_type="SP", quantity=Decimal(-2), entry_price=Decimal(4))
    [one] = answer(owner, "data/portfolios")
    assert one["net_asset_value"] == one["total_value"] == one["equity_balance"] == 100_000
    assert (one["total_market_value"], one["position_count"]) == (1505 - 800, 2)
    assert (one["account_type"], one["description"]) == ("taxable", None)


def test_then_it_is_worth_its_published_equity(owner: Client, portfolio: Portfolio) -> None:
    publish(portfolio, "104321.09")
    PortfolioSnapshot.objects.create(
        portfolio=portfolio, snapshot_date=TODAY, net_asset_value=Decimal(1), twr_index=1.0,
        **{name: Decimal(0) for name in MONEY},
    )  # fmt: skip
    [one] = answer(owner, "data/portfolios")
    assert one["net_asset_value"] == one["equity_balance"] == 104321.09
    assert answer(owner, f"portfolios/{portfolio.pk}")["equity_balance"] == 104321.09


def test_an_equity_of_zero_is_zero(owner: Client, portfolio: Portfolio) -> None:
    publish(portfolio, "0.00")
    assert answer(owner, f"portfolios/{portfolio.pk}")["net_asset_value"] == 0


def test_closed_and_deleted_lots_are_not_counted(owner: Client, portfolio: Portfolio) -> None:
    PositionFactory(portfolio=portfolio)
    closed = PositionFactory(portfolio=portfolio)
    close_position(closed.pk, exit_price=Decimal(60))
    PositionFactory(portfolio=portfolio, deleted_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    [one] = answer(owner, "data/portfolios")
    assert (one["position_count"], one["total_market_value"]) == (1, 500)


def test_the_list_costs_three_statements_however_many_there_are(
    owner: Client, portfolio: Portfolio, django_assert_num_queries: Any
) -> None:
    for _ in range(3):
        PositionFactory(portfolio=PortfolioFactory(user=portfolio.user))
    with django_assert_num_queries(3):
        owner.get("/api/v1/data/portfolios")


# -- /portfolios


def test_inactive_and_deleted_ones_are_listed_on_demand(owner: Client, portfolio: Portfolio) -> None:
    PortfolioFactory(user=portfolio.user, is_active=False, opening_equity=5)
    PortfolioFactory(user=portfolio.user, is_active=False, deleted_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    PortfolioFactory(user=portfolio.user, opening_equity=Decimal("0.50"))
    active = answer(owner, "portfolios")
    assert (active["total_count"], active["active_count"], active["net_asset_value"]) == (2, 2, 100_000.5)
    everything = answer(owner, "portfolios", include_inactive="true")
    assert (everything["total_count"], everything["active_count"], everything["total_value"]) == (4, 2, 100_000.5)
    assert [one["deleted_at"] is None for one in everything["portfolios"]] == [True, True, True, False]


def test_an_account_is_made(owner: Client, portfolio: Portfolio) -> None:
    given = {
        "account_type": "Roth_IRA",
        "currency": "usd",
        "equity_balance": "250000.125",
        "description": " long term ",
    }
    answered = make(owner, **given)
    made = answered.json()
    assert answered.status_code == 201
    expected = {
        "user_id": str(portfolio.user_id), "name": "Growth", "account_name": "Growth IRA", "account_type": "roth_ira",
        "description": "long term", "currency": "USD", "equity_balance": 250000.12, "net_asset_value": 250000.12,
        "total_value": 250000.12, "is_active": True, "deleted_at": None, "position_count": 0,
    }  # fmt: skip
    assert expected.items() <= made.items()
    book = Portfolio.objects.get(pk=made["id"])
    assert (book.equity_as_of, book.results_as_of, book.opening_equity) == (TODAY, None, Decimal("250000.12"))
    assert answer(owner, f"portfolios/{book.pk}") == made


def test_an_account_of_a_week_end_begins_with_the_last_session(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGMASIGHT_NOW", "2026-03-01T10:00:00-05:00")
    assert Portfolio.objects.get(pk=make(owner).json()["id"]).equity_as_of == TODAY


def test_a_repeated_create_with_a_key_makes_one(owner: Client) -> None:
    answers = [
        send(owner, "post", "portfolios", {"name": "A", "account_name": "A"}, **{"Idempotency-Key": "k"})
        for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert Portfolio.objects.filter(account_name="A").count() == 1


def test_an_account_name_is_taken_once_even_by_deleted_ones(owner: Client, portfolio: Portfolio) -> None:
    assert make(owner).status_code == 201
    refused = make(owner, name="Another")
    assert refused.status_code == 409
    assert "Growth IRA" in refused.json()["detail"]
    assert make(owner, account_name="growth ira").status_code == 201
    Portfolio.objects.filter(account_name="Growth IRA").update(is_active=False, deleted_at="2026-01-01T00:00:00Z")
    assert make(owner).status_code == 409
    assert make(client_of(UserFactory())).status_code == 201


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"account_name": "   "}, "account_name"),
        ({"account_name": "x" * 101}, "account_name"),
        ({"account_name": None}, "account_name"),
        ({"account_type": "savings"}, "account_type"),
        ({"currency": "US"}, "currency"),
        ({"currency": "12$"}, "currency"),
        ({"description": "x" * 1001}, "description"),
        ({"equity_balance": -0.01}, "equity_balance"),
        ({"equity_balance": "a lot"}, "equity_balance"),
        ({"equity_balance": True}, "equity_balance"),
        ({"is_active": "perhaps"}, "is_active"),
        ({"name": "a\0b"}, "name"),
    ],
)
def test_what_breaks_the_form_is_422(owner: Client, given: dict[str, object], where: str) -> None:
    assert faults(make(owner, **given)) == {("body", where)}
    assert Portfolio.objects.count() == 1


def test_more_money_than_the_ledger_can_count_is_refused(owner: Client) -> None:
    assert make(owner, equity_balance=10**12 + 1).status_code == 400
    assert make(owner, equity_balance="1e300").status_code == 400


def test_ids_can_be_made_of_owner_and_account(owner: Client, portfolio: Portfolio, settings: Any) -> None:
    settings.DETERMINISTIC_UUIDS = True
    wanted = uuid5(NAMESPACE_DNS, f"{portfolio.user_id}:Growth IRA")
    assert make(owner).json()["id"] == str(wanted)
    Portfolio.objects.filter(pk=wanted).update(account_name="renamed")
    again = make(owner)
    assert (again.status_code, again.json()["id"] == str(wanted)) == (201, False)


# -- changes


def put(client: Client, book: Portfolio, given: dict[str, object]) -> Any:
    return send(client, "put", f"portfolios/{book.pk}", given)


def test_only_what_is_sent_changes(owner: Client, portfolio: Portfolio) -> None:
    before = answer(owner, f"portfolios/{portfolio.pk}")
    given = {"name": "Renamed", "account_type": "TRUST", "description": "for the children", "currency": "eur"}
    after = put(owner, portfolio, given).json()
    changed = {"name": "Renamed", "account_type": "trust", "description": "for the children", "currency": "EUR"}
    assert after == before | changed | {"updated_at": after["updated_at"]}
    assert after["updated_at"] > before["updated_at"]
    assert put(owner, portfolio, {"description": None}).json()["description"] is None
    assert put(owner, portfolio, {}).json()["name"] == "Renamed"


def test_a_change_leaves_what_the_batch_keeps(owner: Client, portfolio: Portfolio) -> None:
    publish(portfolio, "104321.09")
    Portfolio.objects.update(dirty_from=THURSDAY)
    put(owner, portfolio, {"name": "Renamed", "is_active": False})
    portfolio.refresh_from_db()
    assert (portfolio.results_as_of, portfolio.dirty_from, portfolio.is_active) == (THURSDAY, THURSDAY, False)


@pytest.mark.parametrize("field", ["name", "account_name", "account_type", "currency", "is_active"])
def test_null_is_refused_where_something_must_stand(owner: Client, portfolio: Portfolio, field: str) -> None:
    refused = put(owner, portfolio, {field: None, "description": "new"})
    assert refused.status_code == 400
    assert field in refused.json()["detail"]
    portfolio.refresh_from_db()
    assert portfolio.description == ""


def test_a_taken_account_name_is_409_and_one_s_own_is_not(owner: Client, portfolio: Portfolio) -> None:
    PortfolioFactory(user=portfolio.user, account_name="Taken")
    refused = put(owner, portfolio, {"account_name": "Taken", "name": "Renamed"})
    assert refused.status_code == 409
    portfolio.refresh_from_db()
    assert portfolio.name != "Renamed"
    assert put(owner, portfolio, {"account_name": portfolio.account_name}).status_code == 200


def test_the_equity_before_the_first_session_is_the_opening_one(owner: Client, portfolio: Portfolio) -> None:
    assert put(owner, portfolio, {"equity_balance": 75000}).json()["equity_balance"] == 75000
    portfolio.refresh_from_db()
    assert (portfolio.opening_equity, portfolio.dirty_from) == (75000, portfolio.equity_as_of)
    assert not EquityChange.objects.exists()


def test_the_equity_the_settings_form_sends_back_changes_nothing(owner: Client, portfolio: Portfolio) -> None:
    publish(portfolio, "104321.09")
    put(owner, portfolio, {"name": "Renamed", "equity_balance": 104321.09})
    put(owner, portfolio, {"equity_balance": None})
    portfolio.refresh_from_db()
    assert portfolio.dirty_from is None
    assert not EquityChange.objects.exists()


@pytest.mark.parametrize(
    ("wanted", "kind", "amount"), [(110_000, "CONTRIBUTION", "5678.91"), (100_000, "WITHDRAWAL", "4321.09")]
)
def test_another_equity_is_booked_as_a_flow_of_today(
    owner: Client, portfolio: Portfolio, wanted: int, kind: str, amount: str
) -> None:
    publish(portfolio, "104321.09")
    answered = put(owner, portfolio, {"equity_balance": wanted}).json()
    change = EquityChange.objects.get()
    assert (change.change_type, change.amount, change.change_date) == (kind, Decimal(amount), TODAY)
    assert change.is_system
    assert change.created_by == portfolio.user
    portfolio.refresh_from_db()
    assert portfolio.dirty_from == TODAY
    # The night books it; until then the published equity is shown.
    assert answered["equity_balance"] == 104321.09


# -- deletion


def test_a_deleted_portfolio_is_gone_and_keeps_its_lots(owner: Client, portfolio: Portfolio) -> None:
    PortfolioFactory(user=portfolio.user)
    lot = PositionFactory(portfolio=portfolio)
    answered = send(owner, "delete", f"portfolios/{portfolio.pk}")
    assert answered.status_code == 200
    gone = answered.json()
    assert (gone["success"], gone["portfolio_id"]) == (True, str(portfolio.pk))
    assert gone["deleted_at"] == "2026-02-27T22:00:00Z"
    for path in (f"portfolios/{portfolio.pk}", f"positions/{lot.pk}"):
        assert send(owner, "get", path).status_code == 404
    assert send(owner, "delete", f"portfolios/{portfolio.pk}").status_code == 404
    assert put(owner, portfolio, {"is_active": True}).status_code == 404
    lot.refresh_from_db()
    assert lot.deleted_at is None


def test_the_last_active_portfolio_stays(owner: Client, portfolio: Portfolio) -> None:
    asleep = PortfolioFactory(user=portfolio.user, is_active=False)
    refused = send(owner, "delete", f"portfolios/{portfolio.pk}")
    assert refused.status_code == 400
    assert "only active portfolio" in refused.json()["detail"]
    assert send(owner, "delete", f"portfolios/{asleep.pk}").status_code == 200
    portfolio.refresh_from_db()
    assert (portfolio.is_active, portfolio.deleted_at) == (True, None)


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_foreign_and_unknown_portfolios_are_the_same_404(owner: Client, method: str) -> None:
    foreign = PortfolioFactory()
    PortfolioFactory(user=foreign.user)
    answers = [send(owner, method, f"portfolios/{one}", {"name": "mine"}) for one in (foreign.pk, uuid4())]
    assert [one.status_code for one in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()
    foreign.refresh_from_db()
    assert (foreign.name != "mine", foreign.deleted_at) == (True, None)
    assert send(owner, method, "portfolios/nonsense").status_code == 422
