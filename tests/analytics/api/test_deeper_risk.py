"""The deeper measures over the wire: risk, performance, what-if and explanations of one portfolio."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from analytics.services.risk_contributions import incremental_value_at_risk
from portfolios.models import Portfolio, Position
from tests.contract.published import published_schema
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db

HEDGE_FUND = "fcd71196-e93e-f000-5a74-31a9eead3118"
ACCOUNT = "demo_hedgefundstyle"


def path(measure: str, book: str = HEDGE_FUND) -> str:
    return f"/api/v1/analytics/portfolio/{book}/{measure}"


def get(demo: DemoResults, measure: str, **query: Any) -> dict[str, Any]:
    answer = demo.client(ACCOUNT).get(path(measure), query)
    assert answer.status_code == 200, answer.content
    found: dict[str, Any] = answer.json()
    assert found["calculation_date"] == "2025-11-20"
    return found


def tried(client: Client, trades: Any) -> Any:
    return client.post(path("what-if"), {"trades": trades}, content_type="application/json")


def test_risk_adds_up(demo_results: DemoResults) -> None:
    data = get(demo_results, "risk", backtest_method="filtered")["data"]
    assert len(data["value_at_risk"]) == 16
    headline = data["value_at_risk"][0]
    assert (headline["method"], headline["horizon"], headline["confidence"]) == ("historical", 1, 0.95)
    assert sum(lot["component_var"] for lot in data["contributions"]) == pytest.approx(
        headline["value_at_risk"], abs=0.2
    )
    assert sum(lot["volatility_share"] for lot in data["contributions"]) == pytest.approx(1, abs=1e-4)
    assert data["variance"]["factor_share"] + data["variance"]["specific_share"] == pytest.approx(1, abs=1e-5)
    assert [test["method"] for test in data["backtests"]] == ["filtered", "filtered"]


def test_a_book_of_private_holdings_has_no_risk_and_a_reason(demo_results: DemoResults) -> None:
    client = demo_results.client("demo_familyoffice")
    private = Portfolio.objects.get(account_name__contains="Private")
    found = client.get(path("risk", str(private.pk))).json()
    assert (found["available"], found["data"]) == (False, None)
    assert found["metadata"]["reason"] == "no_public_positions"


def test_performance_is_of_the_window(demo_results: DemoResults) -> None:
    data = get(demo_results, "performance", sessions=21)["data"]
    assert (data["sessions"], len(data["values"])) == (21, 22)
    periods = {one["name"]: one for one in data["periods"]}
    assert data["twr"] == periods["21d"]["twr"]
    assert data["values"][0]["drawdown"] == 0
    assert min(one["drawdown"] for one in data["values"]) == pytest.approx(data["fall"]["depth"], abs=1e-6)
    assert data["benchmark"]["symbol"] == "SPY"
    assert sum(one["pnl"] for one in data["attribution"]) == pytest.approx(data["pnl"], abs=5)


def test_trades_are_weighed_and_nothing_is_stored(demo_results: DemoResults) -> None:
    book = Portfolio.objects.select_related("user").get(pk=HEDGE_FUND)
    lot = Position.objects.get(portfolio=book, symbol="META")
    _, increments = incremental_value_at_risk(book.user, book.pk)
    assert increments is not None
    answer = tried(demo_results.client(ACCOUNT), [{"symbol": "meta", "quantity": -float(lot.quantity)}])
    data = answer.json()["data"]
    fall = data["before"]["value_at_risk_95"] - data["after"]["value_at_risk_95"]
    assert fall == pytest.approx(increments[lot.pk], abs=0.02)
    assert answer.json()["metadata"] == {"is_current": True}
    assert Position.objects.get(pk=lot.pk).quantity == lot.quantity


@pytest.mark.parametrize(
    ("trades", "status", "told"),
    [
        ([{"symbol": "NOSUCH", "quantity": 1}], 400, "NOSUCH cannot be traded here"),
        ([{"symbol": "SPY", "quantity": 0}], 400, "Give every trade a quantity"),
        ([], 422, "trades"),
        ([{"symbol": "SPY", "quantity": 1}] * 21, 422, "trades"),
        ([{"symbol": "SPY"}], 422, "quantity"),
        ([{"symbol": "SPY", "quantity": "many"}], 422, "quantity"),
        ([{"symbol": "SPY", "quantity": 1e12}], 422, "quantity"),
        ("SPY", 422, "trades"),
    ],
)
def test_what_cannot_be_tried_is_refused(demo_results: DemoResults, trades: Any, status: int, told: str) -> None:
    answer = tried(demo_results.client(ACCOUNT), trades)
    assert answer.status_code == status
    assert told in answer.content.decode()


def test_a_figure_is_explained(demo_results: DemoResults) -> None:
    found = get(demo_results, "explain", metric="var_95_1d")
    data = found["data"]
    assert found["available"] is True
    assert data["window"] == {"sessions": 252, "window_from": "2024-11-19", "least": 60, "observations": 252}
    assert data["value"] == get(demo_results, "risk")["data"]["value_at_risk"][0]["value_at_risk"]
    assert data["inputs"]["sources"] == {"simulated": 30}


@pytest.mark.parametrize("query", [{}, {"metric": "luck"}])
def test_an_unknown_figure_is_422_and_the_known_ones_are_told(demo_results: DemoResults, query: dict[str, str]) -> None:
    answer = demo_results.client(ACCOUNT).get(path("explain"), query)
    assert answer.status_code == 422


def test_a_part_that_is_not_there_is_400_as_published(demo_results: DemoResults) -> None:
    answer = demo_results.client(ACCOUNT).get(path("explain"), {"metric": "net_asset_value", "of": "AAPL"})
    assert (answer.status_code, "leave `of` out" in answer.json()["detail"]) == (400, True)
    operations = [
        one["get"] for place, one in published_schema()["paths"].items() if place.rstrip("/").endswith("/explain")
    ]
    assert "400" in operations[0]["responses"]


def test_before_the_first_night_there_are_reasons(demo_results: DemoResults) -> None:
    book = PortfolioFactory(user=Portfolio.objects.get(pk=HEDGE_FUND).user)
    client = demo_results.client(ACCOUNT)
    for measure in ("risk", "performance"):
        found = client.get(path(measure, str(book.pk))).json()
        assert (found["available"], found["calculation_date"]) == (False, None)
    found = client.get(path("explain", str(book.pk)), {"metric": "hhi"}).json()
    assert found["data"]["reason"] == "no_calculation_available"
    answer = client.post(
        path("what-if", str(book.pk)), {"trades": [{"symbol": "SPY", "quantity": 1}]}, content_type="application/json"
    )
    assert answer.json()["available"] is False
