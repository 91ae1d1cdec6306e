"""What is held: the numbers of the endpoints, in the units the names say."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from assistant.tools.registry import ToolContext, call_tool
from portfolios.models import Position
from tagging.models import Tag
from tests.assistant.tools.asking import ACCOUNTS, ask, books_of, data_of, person
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory, PositionFactory

pytestmark = pytest.mark.django_db

HALF_A_DOLLAR = 0.51


def near(value: float) -> Any:
    return pytest.approx(value, abs=HALF_A_DOLLAR)


@pytest.mark.parametrize("account", ACCOUNTS)
def test_portfolios_are_listed_as_by_the_endpoint(demo_results: DemoResults, account: str) -> None:
    served = demo_results.client(account).get("/api/v1/portfolios").json()
    found = data_of(ask("list_user_portfolios", account))
    assert [row["id"] for row in found["portfolios"]] == [row["id"] for row in served["portfolios"]]
    assert found["total_portfolios"] == served["total_count"]
    assert found["total_net_asset_value_usd"] == near(served["net_asset_value"])
    assert [row["in_view"] for row in found["portfolios"]].count(True) == 1


@pytest.mark.parametrize("account", ACCOUNTS)
def test_a_portfolio_adds_up_and_agrees_with_the_endpoints(demo_results: DemoResults, account: str) -> None:
    client, book = demo_results.client(account), books_of(person(account))[0]
    served = client.get(f"/api/v1/analytics/portfolio/{book.pk}/overview").json()
    lots = client.get(f"/api/v1/data/positions/details?portfolio_id={book.pk}").json()["positions"]
    found = data_of(ask("get_portfolio_complete", account, include_timeseries=True, include_attrib=True))
    assert found["net_asset_value_usd"] == near(served["net_asset_value"])
    assert found["cash_usd"] == near(served["cash_balance"])
    assert found["exposures"]["short_usd"] == near(served["exposures"]["short_exposure"])
    assert found["exposures"]["gross_pct_of_nav"] == served["exposures"]["gross_percentage"]
    assert found["pnl"]["unrealized_pnl_usd"] == near(served["pnl"]["unrealized_pnl"])
    held = {row["symbol"]: row for row in found["holdings"]}
    assert len(held) == len(lots)
    for lot in lots:
        row = held[lot["symbol"]]
        assert row["market_value_usd"] == near(lot["market_value"])
        assert row["pnl_usd"] == near(lot["unrealized_pnl"])
        assert row["pnl_pct"] == pytest.approx(lot["unrealized_pnl_percent"], abs=0.006)
        assert row["weight_pct"] == pytest.approx(100 * lot["market_value"] / served["net_asset_value"], abs=0.006)
    values = [row["market_value_usd"] for row in found["holdings"]]
    assert values == sorted(values, key=lambda value: -abs(value))
    assert found["net_asset_value_usd"] == pytest.approx(found["cash_usd"] + sum(values), abs=len(values) + 2)
    assert found["timeseries"][0] == {"date": "2025-11-20", "net_asset_value_usd": found["net_asset_value_usd"]}


def test_shorts_and_contracts_have_their_signs_and_multipliers(demo_results: DemoResults) -> None:
    held = {row["symbol"]: row for row in data_of(ask("get_portfolio_complete"))["holdings"]}
    short, contract, put = held["NFLX"], held["NVDA271217C00200000"], held["MSFT271217P00430000"]
    assert (short["type"], short["quantity"]) == ("SHORT", -4320)
    assert short["market_value_usd"] == pytest.approx(short["quantity"] * short["price_usd"], rel=1e-4)
    assert max(short["pnl_usd"], short["weight_pct"]) < 0
    assert (contract["underlying"], contract["strike_usd"], contract["expiration"]) == ("NVDA", 200.0, "2027-12-17")
    assert contract["market_value_usd"] == pytest.approx(30 * 100 * contract["price_usd"], rel=1e-3)
    assert max(put["quantity"], put["market_value_usd"], put["pnl_usd"]) < 0


def test_lots_are_told_with_their_ids_notes_and_tags(demo_results: DemoResults) -> None:
    lot = Position.objects.get(portfolio=books_of(person())[0], symbol="NFLX")
    Position.objects.filter(pk=lot.pk).update(notes="word " * 100)
    found = data_of(ask("get_positions_details", position_ids=[lot.pk]))
    [row] = found["positions"]
    assert row["id"] == str(lot.pk)
    assert row["entry_price_usd"] == pytest.approx(float(lot.entry_price), abs=0.006)
    assert row["tags"] == ["Communication Services", "Short Value Traps"]
    assert len(row["notes"]) <= 200
    assert row["notes"].endswith("word…")
    assert "price_quality" not in row, "of the session"
    assert found["totals"]["unrealized_pnl_usd"] == near(row["unrealized_pnl_usd"])


def test_prices_that_are_not_of_the_session_are_marked(demo_results: DemoResults) -> None:
    private = books_of(person("demo_familyoffice"))[1]
    for name, rows in (("get_portfolio_complete", "holdings"), ("get_positions_details", "positions")):
        found = data_of(ask(name, "demo_familyoffice", portfolio_id=private.pk))[rows]
        assert {row["price_quality"] for row in found} == {"entry, entry, of 2025-06-30"}


def test_thirty_lots_are_told_whole(demo_results: DemoResults) -> None:
    result = ask("get_positions_details")
    assert result.envelope["meta"]["truncated"] is False
    assert len(data_of(result)["positions"]) == 30


def test_more_than_two_hundred_lots_are_cut_and_their_totals_are_of_all() -> None:
    book = PortfolioFactory()
    security = PositionFactory(portfolio=book).security
    for n in range(204):
        PositionFactory(portfolio=book, security=security, symbol=security.symbol, quantity=Decimal(n + 11))
    result = call_tool(ToolContext(book.user, book.pk), "get_positions_details", "{}")
    data = data_of(result)
    assert len(data["positions"]) == 200
    assert (data["truncated"], data["original_count"], data["totals"]["positions"]) == (True, 205, 205)
    assert len(result.text) <= 15_000
    assert result.envelope["meta"]["dropped_rows"]["positions"] > 100


def test_data_quality_is_the_endpoints(demo_results: DemoResults) -> None:
    book = books_of(person("demo_familyoffice"))[1]
    served = demo_results.client("demo_familyoffice").get(f"/api/v1/data/portfolio/{book.pk}/data-quality").json()
    found = data_of(
        ask("get_portfolio_data_quality", "demo_familyoffice", portfolio_id=book.pk, check_correlations=False)
    )
    assert found["score"] == pytest.approx(served["summary"]["data_coverage_percent"] / 100)
    assert found["assessment"].startswith("low")
    assert len(found["gaps"]) == served["summary"]["partial_data"] + served["summary"]["insufficient_data"]
    assert set(found["feasibility"]) == {"volatility", "factor_betas"}
    assert data_of(ask("get_portfolio_data_quality"))["assessment"] == "good"


def test_targets_are_the_endpoints(demo_results: DemoResults) -> None:
    book = books_of(person())[0]
    served = demo_results.client("demo_hedgefundstyle").get(f"/api/v1/target-prices/{book.pk}/summary").json()
    found = data_of(ask("get_target_prices"))
    assert found["summary"]["expected_return_eoy_pct"] == pytest.approx(
        served["weighted_expected_return_eoy"], abs=0.006
    )
    assert found["summary"]["coverage_pct"] == pytest.approx(served["coverage_percentage"], abs=0.006)
    assert found["summary"]["downside_usd"] == near(served["target_downside_dollars"])
    assert len(found["targets"]) == len(served["target_prices"])


def test_tags_are_counted_and_what_they_hold_is_summed(demo_results: DemoResults) -> None:
    user = person()
    rows = {row["name"]: row for row in data_of(ask("get_position_tags"))["tags"]}
    assert len(rows) == Tag.objects.filter(user=user, is_archived=False).count()
    shorts, overlay = rows["Short Value Traps"], rows["Options Overlay"]
    assert shorts["usage_count"] == 9
    assert shorts["net_value_usd"] == -shorts["gross_value_usd"]
    assert overlay["gross_value_usd"] > abs(overlay["net_value_usd"])
    assert overlay["usage_count"] == 8
