"""/data/portfolio/{id}/complete: everything of a portfolio at once."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

from portfolios.models import Portfolio, PortfolioSnapshot
from portfolios.services.positions import close_position
from tests.analytics.api.callers import answer, client_of
from tests.analytics.api.test_position_details import DETAILS, HEDGE_FUND
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory, PositionFactory

pytestmark = pytest.mark.django_db

ACCOUNT = "demo_hedgefundstyle"
EVERYTHING = {"include_timeseries": "true", "include_attrib": "true"}


def complete(demo: DemoResults, **query: Any) -> Any:
    return answer(demo.client(ACCOUNT), f"data/portfolio/{HEDGE_FUND}/complete", **query)


def test_values_are_those_of_the_details_and_of_the_night(demo_results: DemoResults) -> None:
    found = complete(demo_results)
    details = answer(demo_results.client(ACCOUNT), DETAILS, portfolio_id=HEDGE_FUND)
    night = PortfolioSnapshot.objects.get(portfolio_id=HEDGE_FUND, snapshot_date=demo_results.session)
    assert [(row["id"], row["market_value"], row["last_price"]) for row in found["holdings"]] == [
        (lot["id"], lot["market_value"], lot["current_price"]) for lot in details["positions"]
    ]
    for row, lot in zip(found["holdings"], details["positions"], strict=True):
        assert [tag["id"] for tag in row["tags"]] == [tag["id"] for tag in lot["tags"]]
    assert found["positions_summary"] == {
        "long_count": 13,
        "short_count": 9,
        "option_count": 8,
        "total_market_value": details["summary"]["total_market_value"],
    }
    portfolio = found["portfolio"]
    equity = float(night.net_asset_value)
    assert (portfolio["net_asset_value"], portfolio["total_value"], portfolio["equity_balance"]) == (equity,) * 3
    assert (portfolio["position_count"], portfolio["as_of"]) == (30, "2025-11-20T21:00:00Z")
    assert found["data_quality"]["complete_data_positions"] == 30
    assert found["meta"]["rows_returned"] == 30


def test_only_what_is_asked_for_is_there(demo_results: DemoResults) -> None:
    found = complete(demo_results, include_holdings="false")
    assert set(found) == {"meta", "portfolio", "positions_summary", "data_quality"}
    assert (found["portfolio"]["position_count"], found["meta"]["rows_returned"]) == (30, 0)
    assert "tags" not in complete(demo_results, include_position_tags="false")["holdings"][0]


def test_the_series_is_the_ledgers(demo_results: DemoResults) -> None:
    series = complete(demo_results, **EVERYTHING)["timeseries"]
    nights = PortfolioSnapshot.objects.filter(portfolio_id=HEDGE_FUND).order_by("snapshot_date")
    pairs = nights.values_list("snapshot_date", "net_asset_value")
    assert series["dates"] == [session.isoformat() for session, _ in pairs]
    assert series["values"] == [float(value) for _, value in pairs]
    assert series["dates"][-1] == "2025-11-20"


def test_the_series_is_bounded(demo_results: DemoResults, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analytics.services.portfolio_report.MOST_SESSIONS", 3)
    assert complete(demo_results, **EVERYTHING)["timeseries"]["dates"] == ["2025-11-18", "2025-11-19", "2025-11-20"]


def test_contributions_are_the_lots_gains_by_symbol(demo_results: DemoResults) -> None:
    gains: dict[str, float] = defaultdict(float)
    for lot in answer(demo_results.client(ACCOUNT), DETAILS, portfolio_id=HEDGE_FUND)["positions"]:
        gains[lot["symbol"]] += lot["unrealized_pnl"] + lot["realized_pnl"]
    found = complete(demo_results, **EVERYTHING)["attribution"]
    ordered = sorted(gains.items(), key=lambda pair: -pair[1])
    assert [(row["symbol"], row["pnl"]) for row in found["contributors"]] == [
        (symbol, pytest.approx(pnl)) for symbol, pnl in ordered[:5]
    ]
    assert [(row["symbol"], row["pnl"]) for row in found["detractors"]] == [
        (symbol, pytest.approx(pnl)) for symbol, pnl in ordered[:-6:-1]
    ]


def test_realised_gains_of_closed_lots_contribute(demo_results: DemoResults) -> None:
    book = PortfolioFactory()
    lot = PositionFactory(portfolio=book)
    close_position(lot.pk, exit_price=Decimal(60), exit_date=demo_results.session)
    found = answer(client_of(book.user), f"data/portfolio/{book.pk}/complete", **EVERYTHING)
    assert found["attribution"]["contributors"] == [{"symbol": lot.symbol, "pnl": 100}]
    assert (found["holdings"], found["attribution"]["detractors"]) == ([], [])


def test_before_the_first_session_the_opening_equity_counts(demo_results: DemoResults) -> None:
    book: Portfolio = PortfolioFactory()
    found = answer(client_of(book.user), f"data/portfolio/{book.pk}/complete", include_timeseries="true")
    assert found["portfolio"]["net_asset_value"] == 100_000
    assert found["timeseries"]["dates"] == []
    assert found["portfolio"]["as_of"] == "2025-11-21T02:30:00Z"
