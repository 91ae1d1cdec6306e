"""/data/positions/details: values of every lot, the company behind it, the tags on it."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from marketdata.models import CompanyProfile, DailyPrice, InstrumentMark
from portfolios.models import InvestmentClass, Portfolio, PortfolioSnapshot, Position
from portfolios.services.positions import close_position
from sigmasight.core.demo import rows
from tagging.models import PositionTag, Tag
from tests.analytics.api.callers import answer, client_of
from tests.demo_fixtures import DemoResults
from tests.factories import OptionContractFactory, PortfolioFactory, PositionFactory, SecurityFactory

pytestmark = pytest.mark.django_db

DETAILS = "data/positions/details"
HEDGE_FUND = next(row["id"] for row in rows("portfolios") if row["portfolio"] == "hedge_fund")
SESSION = dt.date(2025, 11, 20)


@pytest.fixture
def fund(demo_results: DemoResults) -> dict[str, Any]:
    """The hedge fund's lots."""
    return answer(demo_results.client("demo_hedgefundstyle"), DETAILS, portfolio_id=HEDGE_FUND)  # type: ignore[no-any-return]


@pytest.fixture
def book(demo_results: DemoResults) -> Portfolio:
    """An empty book of somebody else, with results of the demo's last session."""
    return PortfolioFactory(results_as_of=demo_results.session)


def lots(book: Portfolio, **query: Any) -> list[dict[str, Any]]:
    found = answer(client_of(book.user), DETAILS, portfolio_id=str(book.pk), **query)
    return found["positions"]  # type: ignore[no-any-return]


def test_values_are_quantity_price_and_multiplier(fund: dict[str, Any]) -> None:
    """Against the raw rows, in plain floats."""
    assert len(fund["positions"]) == 30
    for row in fund["positions"]:
        lot = Position.objects.select_related("security__option_contract").get(pk=row["id"])
        option = lot.investment_class == InvestmentClass.OPTIONS
        units = float(lot.quantity) * (100 if option else 1)
        if option:
            price = InstrumentMark.objects.get(security=lot.security, session=SESSION).price
        else:
            price = DailyPrice.objects.get(security=lot.security, date=SESSION).close
        assert row["current_price"] == float(price)
        assert row["market_value"] == pytest.approx(units * float(price), abs=0.005)
        assert row["cost_basis"] == pytest.approx(units * float(lot.entry_price), abs=0.005)
        assert row["unrealized_pnl"] == pytest.approx(row["market_value"] - row["cost_basis"], abs=0.005)
        assert row["unrealized_pnl_percent"] == pytest.approx(
            100 * row["unrealized_pnl"] / abs(row["cost_basis"]), abs=1e-4
        )
        assert row["avg_cost"] == row["entry_price"] == float(lot.entry_price)
        assert (row["market_value"] < 0) == (row["position_type"] in ("SHORT", "SC", "SP"))


def test_the_summary_adds_up(fund: dict[str, Any]) -> None:
    summary, held = fund["summary"], fund["positions"]
    assert summary["total_positions"] == 30
    assert summary["total_cost_basis"] == pytest.approx(sum(abs(lot["cost_basis"]) for lot in held))
    assert summary["total_unrealized_pnl"] == pytest.approx(sum(lot["unrealized_pnl"] for lot in held))
    night = PortfolioSnapshot.objects.get(portfolio_id=HEDGE_FUND, snapshot_date=SESSION)
    assert summary["total_market_value"] == pytest.approx(float(night.long_value + night.short_value), abs=0.15)


def test_the_order_is_by_symbol(fund: dict[str, Any]) -> None:
    keys = [(lot["symbol"], lot["entry_date"], lot["id"]) for lot in fund["positions"]]
    assert keys == sorted(keys)


def test_an_option_shows_its_terms_and_the_company_of_its_underlying(fund: dict[str, Any]) -> None:
    put = next(lot for lot in fund["positions"] if lot["symbol"] == "AAPL271217P00180000")
    assert (put["underlying_symbol"], put["strike_price"], put["expiration_date"]) == ("AAPL", 180, "2027-12-17")
    assert (put["company_name"], put["sector"], put["position_type"]) == ("Apple Inc.", "Technology", "SP")
    assert put["beta"] is None


def test_company_figures_are_the_profiles(fund: dict[str, Any]) -> None:
    apple = next(lot for lot in fund["positions"] if lot["symbol"] == "AAPL")
    profile = CompanyProfile.objects.get(security__symbol="AAPL")
    assert apple["beta"] == float(profile.beta or 0)
    assert apple["market_cap"] == float(profile.market_cap or 0)
    assert apple["account_name"] == "Demo Hedge Fund Style"
    assert (apple["price_source"], apple["price_quality"], apple["price_date"]) == (
        "simulated", "fresh", "2025-11-20",
    )  # fmt: skip


def test_live_tags_in_display_order(book: Portfolio) -> None:
    lot = PositionFactory(portfolio=book)
    for name, order, archived in (("Second", 2, False), ("First", 1, False), ("Gone", 0, True)):
        tag = Tag.objects.create(user=book.user, name=name, display_order=order, is_archived=archived)
        PositionTag.objects.create(position=lot, tag=tag)
    [row] = lots(book)
    assert [tag["name"] for tag in row["tags"]] == ["First", "Second"]
    assert set(row["tags"][0]) == {"id", "name", "color", "description"}


def test_nothing_known_of_a_company_is_null(book: Portfolio) -> None:
    PositionFactory(portfolio=book, security=SecurityFactory(symbol="NEWCO", name="NEWCO", sector=""))
    PositionFactory(
        portfolio=book, investment_class=InvestmentClass.PRIVATE, security=None, symbol="OURFUND", quantity=1
    )
    for row in lots(book):
        assert [row[key] for key in ("company_name", "sector", "industry", "beta", "market_cap", "notes")] == [None] * 6
        assert (row["price_source"], row["unrealized_pnl"], row["tags"]) == ("entry", 0, [])


def test_a_worthless_short_is_plain_zero(book: Portfolio) -> None:
    contract = OptionContractFactory()
    InstrumentMark.objects.create(
        security=contract.security, session=SESSION, price=0, price_date=SESSION, quality="fresh", price_source="model"
    )
    PositionFactory(portfolio=book, position_type="SC", security=contract.security, quantity=-3, entry_price=2)
    found = client_of(book.user).get(f"/api/v1/{DETAILS}", {"portfolio_id": book.pk})
    [row] = found.json()["positions"]
    assert (row["market_value"], row["unrealized_pnl"], row["unrealized_pnl_percent"]) == (0, 600, 100)
    assert b"-0.0" not in found.content


def test_closed_lots_on_request(book: Portfolio) -> None:
    lot = PositionFactory(portfolio=book, entry_price=Decimal("50.123456"))
    close_position(lot.pk, exit_price=Decimal(60), exit_date=SESSION)
    assert lots(book) == []
    [row] = lots(book, include_closed="true")
    assert (row["exit_date"], row["exit_price"], row["realized_pnl"]) == ("2025-11-20", 60, 98.77)
    assert (row["quantity"], row["market_value"], row["unrealized_pnl_percent"]) == (0, 0, 0)
    assert row["entry_price"] == 50.1235


def test_deleted_lots_are_gone(book: Portfolio) -> None:
    PositionFactory(portfolio=book, deleted_at=dt.datetime(2025, 11, 1, tzinfo=dt.UTC))
    assert lots(book, include_closed="true") == []


def test_lots_by_id_are_those_of_all_ones_books(book: Portfolio) -> None:
    other = PortfolioFactory(user=book.user, results_as_of=SESSION)
    wanted = [PositionFactory(portfolio=book), PositionFactory(portfolio=other)]
    PositionFactory(portfolio=other)
    close_position(wanted[0].pk, exit_price=Decimal(60), exit_date=SESSION)
    found = answer(client_of(book.user), DETAILS, position_ids=", ".join(str(lot.pk) for lot in wanted))
    assert {row["id"] for row in found["positions"]} == {str(lot.pk) for lot in wanted}
    assert {row["account_name"] for row in found["positions"]} == {book.account_name, other.account_name}


def test_portfolio_id_wins(book: Portfolio) -> None:
    lot = PositionFactory(portfolio=PortfolioFactory(user=book.user))
    assert lots(book, position_ids=str(lot.pk)) == []


@pytest.mark.parametrize("query", [{}, {"position_ids": ""}, {"position_ids": " , "}])
def test_something_must_be_asked_for(book: Portfolio, query: dict[str, str]) -> None:
    refused = client_of(book.user).get(f"/api/v1/{DETAILS}", query)
    assert refused.status_code == 400
    assert refused.json() == {"detail": "Send portfolio_id or position_ids."}


def test_an_id_that_is_none_is_422(book: Portfolio) -> None:
    refused = client_of(book.user).get(f"/api/v1/{DETAILS}", {"position_ids": f"{UUID(int=1)},xyz"})
    assert refused.status_code == 422
    assert refused.json()["detail"][0]["loc"] == ["query", "position_ids"]


def test_a_deleted_lot_by_id_is_404(book: Portfolio) -> None:
    lot = PositionFactory(portfolio=book, deleted_at=dt.datetime(2025, 11, 1, tzinfo=dt.UTC))
    assert client_of(book.user).get(f"/api/v1/{DETAILS}", {"position_ids": str(lot.pk)}).status_code == 404


def test_a_deleted_book_is_404(book: Portfolio) -> None:
    Portfolio.objects.filter(pk=book.pk).update(is_active=False, deleted_at=dt.datetime(2025, 11, 1, tzinfo=dt.UTC))
    client: Client = client_of(book.user)
    assert client.get(f"/api/v1/{DETAILS}", {"portfolio_id": book.pk}).status_code == 404
