"""/analytics/.../stress-test: what the risk page gets, with and without results."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from portfolios.models import PortfolioSnapshot
from tests.analytics.api.callers import answer, client_of
from tests.analytics.api.test_position_details import HEDGE_FUND
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db
PATH = f"analytics/portfolio/{HEDGE_FUND}/stress-test"
OWNER = "demo_hedgefundstyle"


def test_every_scenario_has_numbers(demo_results: DemoResults) -> None:
    found = answer(demo_results.client(OWNER), PATH)
    night = PortfolioSnapshot.objects.get(portfolio_id=HEDGE_FUND, snapshot_date=demo_results.session)
    assert found["data"]["portfolio_value"] == float(night.net_asset_value)
    assert found["data"]["calculation_date"] == "2025-11-20"
    assert (found["data_quality"], found["metadata"]) == (None, None)
    assert len(found["data"]["scenarios"]) == 22
    for scenario in found["data"]["scenarios"]:
        assert scenario["impact_type"] == "correlated"
        impact = scenario["impact"]
        assert impact["new_portfolio_value"] == pytest.approx(
            float(night.net_asset_value) + impact["dollar_impact"], abs=0.01
        )
        assert 0 < scenario["plausibility_scale"] <= 1
        assert all(isinstance(value, int | float) for value in impact.values())


def test_only_those_asked_for(demo_results: DemoResults) -> None:
    found = answer(demo_results.client(OWNER), PATH, scenarios="rates_up_100bp, market_down_10,unheard_of")
    assert [one["id"] for one in found["data"]["scenarios"]] == ["market_down_10", "rates_up_100bp"]
    assert found["metadata"] == {"scenarios_requested": ["rates_up_100bp", "market_down_10", "unheard_of"]}


def test_none_of_those_asked_for(demo_results: DemoResults) -> None:
    found = answer(demo_results.client(OWNER), PATH, scenarios="unheard_of")
    assert (found["available"], found["data"]) == (False, None)
    assert found["data_quality"]["flag"] == "NO_MATCHING_RESULTS"
    assert found["metadata"] == {"reason": "no_results", "scenarios_requested": ["unheard_of"]}


def test_before_the_first_night(demo_results: DemoResults) -> None:
    book = PortfolioFactory()
    client = client_of(book.user)
    found = answer(client, f"analytics/portfolio/{book.pk}/stress-test")
    assert (found["available"], found["data"], found["metadata"]) == (False, None, {"reason": "no_results"})
    assert found["data_quality"]["flag"] == "NO_STRESS_TEST_RESULTS"
    together = answer(client, "analytics/aggregate/stress-test")
    assert together == {
        "available": False,
        "message": "No stress test data available for any portfolio",
        "portfolio_count": 1,
    }


def test_the_aggregate_of_one_portfolio_is_that_portfolio(demo_results: DemoResults) -> None:
    alone = answer(demo_results.client(OWNER), PATH)
    together = answer(demo_results.client(OWNER), "analytics/aggregate/stress-test")
    assert together["data"]["portfolio_value"] == together["net_asset_value"] == alone["data"]["portfolio_value"]
    assert (together["portfolio_count"], together["portfolios_with_stress_data"]) == (1, 1)
    for one, two in zip(together["data"]["scenarios"], alone["data"]["scenarios"], strict=True):
        assert one["portfolios_included"] == 1
        assert {key: one[key] for key in two if key != "impact_type"} == {
            k: v for k, v in two.items() if k != "impact_type"
        }


def test_aggregates_without_value_and_without_portfolios(demo_results: DemoResults) -> None:
    book = PortfolioFactory(opening_equity=Decimal(0), results_as_of=dt.date(2025, 11, 20))
    client = client_of(book.user)
    found = answer(client, "analytics/aggregate/stress-test")
    assert found == {"available": False, "message": "Total portfolio value is zero", "portfolio_count": 1}
    book.delete()
    nobody = answer(client, "analytics/aggregate/stress-test")
    assert nobody == {"available": False, "message": "No portfolios found", "portfolios": []}
