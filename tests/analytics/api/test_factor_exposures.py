"""/analytics/.../factor-exposures, /positions/factor-exposures and /spread-factors: forms with and without results."""

from __future__ import annotations

import datetime as dt
import math

import pytest

from analytics.models import FactorExposure
from portfolios.models import Portfolio
from tests.analytics.api.callers import answer, client_of
from tests.analytics.api.test_position_details import HEDGE_FUND
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db
PATH = f"analytics/portfolio/{HEDGE_FUND}"
OWNER = "demo_hedgefundstyle"


def test_metadata_of_todays_results(demo_results: DemoResults) -> None:
    found = answer(demo_results.client(OWNER), f"{PATH}/factor-exposures")
    assert found["metadata"] == {
        "factor_model": "9-factor",
        "calculation_method": "ridge_regression",
        "completeness": "complete",
        "total_active_factors": 9,
        "factors_calculated": 9,
        "has_market_beta": 1,
        "is_latest": 1,
        "is_fallback": 0,
    }
    assert found["data_quality"] == {
        "snapshot_date": "2025-11-20", "age_hours": 0, "is_stale": False, "is_current": True,
    }  # fmt: skip


def test_metadata_of_older_results(demo_results: DemoResults, monkeypatch: pytest.MonkeyPatch) -> None:
    client = demo_results.client(OWNER)
    monkeypatch.setenv("SIGMASIGHT_NOW", "2025-11-21T09:00:00-05:00")
    accepted = answer(client, f"{PATH}/factor-exposures")["metadata"]
    strict = answer(client, f"{PATH}/factor-exposures", use_latest_successful="false")["metadata"]
    assert (accepted["is_latest"], accepted["is_fallback"]) == (0, 1)
    assert (strict["is_latest"], strict["is_fallback"]) == (0, 0)


def test_an_incomplete_set_is_partial_or_refused(demo_results: DemoResults) -> None:
    row = FactorExposure.objects.get(portfolio_id=HEDGE_FUND, calculation_date=demo_results.session)
    row.exposure_value[3] = row.exposure_dollar[3] = math.nan
    row.save()
    client = demo_results.client(OWNER)
    found = answer(client, f"{PATH}/factor-exposures")
    assert (found["metadata"]["completeness"], found["metadata"]["factor_model"]) == ("partial", "8-factor")
    refused = answer(client, f"{PATH}/factor-exposures", use_latest_successful="false")
    assert (refused["available"], refused["factors"], refused["calculation_date"]) == (False, [], None)
    assert refused["metadata"] == {"reason": "no_calculation_available", "detail": "no_factor_calculations"}


def test_before_the_first_night(demo_results: DemoResults) -> None:
    book = PortfolioFactory()
    client = client_of(book.user)
    factors = answer(client, f"analytics/portfolio/{book.pk}/factor-exposures")
    assert (factors["available"], factors["factors"], factors["style_exposures"]) == (False, [], [])
    assert factors["data_quality"]["flag"] == "NO_FACTOR_CALCULATIONS"
    lots = answer(client, f"analytics/portfolio/{book.pk}/positions/factor-exposures")
    assert (lots["available"], lots["positions"], lots["total"]) == (False, [], 0)
    assert lots["data_quality"]["flag"] == "NO_POSITIONS"
    spreads = answer(client, f"analytics/portfolio/{book.pk}/spread-factors")
    assert (spreads["available"], spreads["factors"]) == (False, [])
    assert spreads["metadata"] == {"reason": "no_calculations_available"}


def test_a_page_of_positions(demo_results: DemoResults) -> None:
    client = demo_results.client(OWNER)
    found = answer(client, f"{PATH}/positions/factor-exposures", limit=5, offset=28)
    assert (found["total"], found["limit"], found["offset"], len(found["positions"])) == (30, 5, 28, 2)
    assert found["data_quality"]["should_recalculate"] is False
    beyond = answer(client, f"{PATH}/positions/factor-exposures", offset=30)
    assert (beyond["available"], beyond["total"], beyond["positions"]) == (True, 30, [])


def test_symbols_are_trimmed_and_upper_cased(demo_results: DemoResults) -> None:
    found = answer(demo_results.client(OWNER), f"{PATH}/positions/factor-exposures", symbols=" nflx ,XOM,, none")
    assert [lot["symbol"] for lot in found["positions"]] == ["NFLX", "XOM"]
    assert found["total"] == 2


def test_an_empty_list_of_symbols_is_none(demo_results: DemoResults) -> None:
    assert answer(demo_results.client(OWNER), f"{PATH}/positions/factor-exposures", symbols=" , ")["total"] == 30


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 201}, {"offset": -1}, {"limit": "many"}])
def test_limits(demo_results: DemoResults, query: dict[str, str]) -> None:
    given = demo_results.client(OWNER).get(f"/api/v1/{PATH}/positions/factor-exposures", query)
    assert given.status_code == 422


def test_spreads_with_words(demo_results: DemoResults) -> None:
    found = answer(demo_results.client(OWNER), f"{PATH}/spread-factors")
    assert found["metadata"] == {
        "calculation_method": "OLS_SPREAD", "regression_window_days": 252, "factors_calculated": 4, "expected_factors": 4,
    }  # fmt: skip
    for factor in found["factors"]:
        assert f"{abs(factor['beta']):.2f}%" in factor["explanation"]
        assert (factor["beta"] > 0) == (factor["exposure_dollar"] > 0)
    assert answer(demo_results.client(OWNER), f"analytics/{HEDGE_FUND}/spread-factors") == found


def test_the_aggregate_serves_map_and_array(demo_results: DemoResults) -> None:
    found = answer(demo_results.client(OWNER), "analytics/aggregate/factor-exposures")
    alone = answer(demo_results.client(OWNER), f"{PATH}/factor-exposures")
    assert [factor["name"] for factor in found["factors"]] == [factor["name"] for factor in alone["factors"]]
    for one, two in zip(found["factors"], alone["factors"], strict=True):
        assert one["aggregate_beta"] == pytest.approx(two["beta"], abs=2e-6)
        assert one["aggregate_exposure_dollar"] == two["exposure_dollar"]
    assert list(found["aggregate_factors"]) == ["market", "size", "value", "momentum", "quality"]
    assert "message" not in found
    assert found["calculation_date"] == "2025-11-20"
    assert answer(demo_results.client(OWNER), "analytics/factor-exposures") == found


def test_the_aggregate_without_results_and_without_portfolios(demo_results: DemoResults) -> None:
    book = PortfolioFactory(results_as_of=dt.date(2025, 11, 20))
    client = client_of(book.user)
    found = answer(client, "analytics/aggregate/factor-exposures")
    assert (found["factors"], found["aggregate_factors"], found["calculation_date"]) == ([], {}, None)
    assert (found["portfolio_count"], found["net_asset_value"]) == (1, 100000)
    Portfolio.objects.filter(pk=book.pk).delete()
    nobody = answer(client, "analytics/aggregate/factor-exposures")
    assert (nobody["portfolios"], nobody["message"], nobody["total_value"]) == ([], "No portfolios found", 0)
