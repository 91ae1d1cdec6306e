"""Exposures, risk and stress: the numbers of the endpoints and services, in the units the names say."""

from __future__ import annotations

from typing import Any

import pytest

from analytics.services.factors import FactorReading
from analytics.services.risk_contributions import incremental_value_at_risk, risk_contributions
from analytics.services.value_at_risk import value_at_risk
from analytics.services.var_backtest import var_backtest
from assistant.tools.exposures import _tilt
from portfolios.models import PortfolioSnapshot
from tests.assistant.tools.asking import ACCOUNTS, ask, books_of, data_of, person
from tests.demo_fixtures import DemoResults

pytestmark = pytest.mark.django_db


def served(demo: DemoResults, account: str, path: str) -> Any:
    book = books_of(person(account))[0]
    answer = demo.client(account).get(f"/api/v1/analytics/portfolio/{book.pk}/{path}")
    assert answer.status_code == 200
    return answer.json()


def close(value: float | None, *, per: float = 0.51) -> Any:
    return None if value is None else pytest.approx(value, abs=per)


@pytest.mark.parametrize("account", ACCOUNTS)
def test_the_overview_is_the_endpoints(demo_results: DemoResults, account: str) -> None:
    there, found = served(demo_results, account, "overview"), data_of(ask("get_analytics_overview", account))
    night = PortfolioSnapshot.objects.get(portfolio=books_of(person(account))[0], snapshot_date=demo_results.session)
    assert found["net_asset_value_usd"] == close(there["net_asset_value"])
    assert found["leverage_gross_over_nav"] == there["leverage"]
    assert found["exposures"]["net_pct_of_nav"] == there["exposures"]["net_percentage"]
    assert found["pnl"]["ytd_pnl_usd"] == close(there["pnl"]["ytd_pnl"])
    assert found["day"]["pnl_usd"] == close(float(night.daily_pnl))
    assert found["day"]["return_pct"] == close(100 * float(night.daily_return), per=0.006)
    assert found["beta_to_market"]["calculated_90d"] == close(float(night.beta_calculated_90d), per=0.0006)
    assert found["volatility_pct_a_year"]["realized_21d"] == close(
        100 * float(night.realized_volatility_21d), per=0.006
    )
    assert found["last_year"]["max_drawdown_pct"] < 0


def test_options_count_at_their_delta(demo_results: DemoResults) -> None:
    found = data_of(ask("get_analytics_overview"))
    night = PortfolioSnapshot.objects.get(portfolio=books_of(person())[0], snapshot_date=demo_results.session)
    assert found["with_options_at_delta"]["net_exposure_usd"] == close(float(night.net_delta_exposure))
    assert found["with_options_at_delta"]["vega_usd_per_volatility_point"] == close(float(night.portfolio_vega))
    assert data_of(ask("get_analytics_overview", "demo_familyoffice"))["with_options_at_delta"] is None


def test_factors_are_the_endpoints(demo_results: DemoResults) -> None:
    there, found = served(demo_results, "demo_hedgefundstyle", "factor-exposures"), data_of(ask("get_factor_exposures"))
    assert [row["name"] for row in found["factors"]] == [row["name"] for row in there["factors"]]
    for mine, theirs in zip(found["factors"], there["factors"], strict=True):
        assert mine["beta"] == close(theirs["beta"], per=0.0006)
        assert mine["usd_per_1pct"] == close(theirs["exposure_dollar"] / 100)
    assert len(found["tilts"]) == 4


def test_increments_are_the_services_and_the_endpoints(demo_results: DemoResults) -> None:
    book = books_of(person())[0]
    _, falls = incremental_value_at_risk(book.user, book.pk)
    assert falls is not None
    there = served(demo_results, "demo_hedgefundstyle", "risk?increments=true")["data"]["contributions"]
    assert {row["position_id"]: row["incremental_var"] for row in there} == {
        str(pk): fall for pk, fall in falls.items()
    }
    result = ask("get_risk_analysis", include_increments=True)
    told = {row["symbol"]: row["var_falls_without_it_usd"] for row in data_of(result)["contributions"]}
    assert told == {row["symbol"]: close(row["incremental_var"]) for row in there}
    assert any("do not add up" in note for note in result.envelope["meta"]["notes"])
    plain = served(demo_results, "demo_hedgefundstyle", "risk")["data"]["contributions"]
    assert {row["incremental_var"] for row in plain} == {None}
    assert "var_falls_without_it_usd" not in data_of(ask("get_risk_analysis"))["contributions"][0]


def test_reasons_are_words_and_not_codes(demo_results: DemoResults) -> None:
    book = books_of(person("demo_familyoffice"))[1]
    for name in ("get_volatility_analysis", "get_risk_analysis", "get_factor_exposures"):
        found = data_of(ask(name, "demo_familyoffice", portfolio_id=str(book.pk)))
        assert "_" not in found["reason"], name


def test_a_tilt_of_unknown_beta_is_not_explained_as_neutral() -> None:
    told = _tilt(FactorReading("Size Spread", None, 1_000.0, 1.0))
    assert (told["beta"], told["direction"], told["magnitude"]) == (None, "Unknown", None)
    assert told["explanation"].startswith("Not known")


def test_sectors_are_the_endpoints(demo_results: DemoResults) -> None:
    there = served(demo_results, "demo_hedgefundstyle", "sector-exposure")["data"]
    result = ask("get_sector_exposure")
    rows = {row["sector"]: row for row in data_of(result)["sectors"]}
    for sector, weight in there["portfolio_weights"].items():
        assert rows[sector]["gross_pct"] == close(100 * weight, per=0.006)
        assert rows[sector]["net_pct"] == close(100 * there["net_weights"][sector], per=0.006)
    assert rows["Technology"]["active_pct"] == close(100 * there["over_underweight"]["Technology"], per=0.006)
    assert "162 % of net asset value" in result.envelope["meta"]["notes"][0]


def test_correlations_are_the_endpoints(demo_results: DemoResults) -> None:
    path = "correlation-matrix?lookback_days=60&max_symbols=5"
    there = served(demo_results, "demo_hedgefundstyle", path)["data"]
    found = data_of(ask("get_correlation_matrix", lookback_days=60, max_symbols=5))
    assert found["average_correlation"] == close(there["average_correlation"], per=0.0006)
    assert [row["symbol"] for row in found["rows"]] == list(there["matrix"])[:4]
    for row in found["rows"]:
        for other, value in row["with"].items():
            assert value == close(there["matrix"][row["symbol"]][other], per=0.0051)
    assert found["highest_pairs"][0]["correlation"] >= found["lowest_pairs"][0]["correlation"]


def test_concentration_is_the_endpoints(demo_results: DemoResults) -> None:
    there = served(demo_results, "demo_hnw", "concentration")["data"]
    found = data_of(ask("get_concentration_metrics", "demo_hnw"))
    assert found["hhi"] == close(there["hhi"])
    assert found["top_3_pct_of_gross"] == close(100 * there["top_3_concentration"], per=0.006)
    assert sum(row["pct_of_gross"] for row in found["largest"][:3]) == close(found["top_3_pct_of_gross"], per=0.02)


def test_volatility_is_the_endpoints(demo_results: DemoResults) -> None:
    there = served(demo_results, "demo_hedgefundstyle", "volatility")["data"]
    found = data_of(ask("get_volatility_analysis"))
    assert found["expected_21d_pct"] == close(100 * there["expected_volatility_21d"], per=0.006)
    assert found["trend"] == there["volatility_trend"]
    assert 0 <= found["percentile_pct"] <= 100


def test_stress_is_the_endpoints_worst_first(demo_results: DemoResults) -> None:
    there = served(demo_results, "demo_hedgefundstyle", "stress-test")["data"]
    found = data_of(ask("get_stress_test_results"))
    impacts = {row["id"]: row["impact"] for row in there["scenarios"]}
    assert len(found["scenarios"]) == len(impacts) == 22
    for row in found["scenarios"]:
        assert row["impact_usd"] == close(impacts[row["id"]]["dollar_impact"])
        assert row["impact_pct"] == close(impacts[row["id"]]["percentage_impact"], per=0.006)
    dollars = [row["impact_usd"] for row in found["scenarios"]]
    assert dollars == sorted(dollars)


@pytest.mark.parametrize("account", ["demo_hedgefundstyle", "demo_individual"])
def test_risk_is_the_services_and_contributions_add_up(demo_results: DemoResults, account: str) -> None:
    user = person(account)
    book = books_of(user)[0]
    found = data_of(ask("get_risk_analysis", account, backtest_method="filtered"))
    _, tails = value_at_risk(user, book.pk)
    historical = {row["method"]: row for row in found["value_at_risk"]}["historical"]
    one = tails.tail("historical", 1, 0.95)
    assert one is not None
    assert historical["1d_95pct"]["var_usd"] == close(one.value_at_risk)
    assert historical["1d_95pct"]["es_usd"] == close(one.expected_shortfall)
    assert historical["1d_95pct"]["var_pct_of_nav"] == close(100 * (one.share_of_equity or 0), per=0.006)
    _, parts = risk_contributions(user, book.pk)
    assert sum(row["var_usd"] for row in found["contributions"]) == pytest.approx(one.value_at_risk, rel=1e-3)
    assert sum(row["volatility_share_pct"] for row in found["contributions"]) == pytest.approx(100, abs=0.3)
    assert len(found["contributions"]) == len(parts.lots)
    assert found["variance"]["factor_share_pct"] + found["variance"]["specific_share_pct"] == pytest.approx(
        100, abs=0.02
    )
    _, tests = var_backtest(user, book.pk, method="filtered")
    assert [row["exceptions"] for row in found["backtest"]] == [test.exceptions for test in tests]


def test_a_book_of_private_holdings_says_why_there_is_no_risk(demo_results: DemoResults) -> None:
    private = books_of(person("demo_familyoffice"))[1]
    found = data_of(ask("get_risk_analysis", "demo_familyoffice", portfolio_id=private.pk))
    assert found == {"available": False, "reason": "No value at risk: the book holds nothing with a market price."}
    for name in ("get_volatility_analysis", "get_correlation_matrix"):
        assert data_of(ask(name, "demo_familyoffice", portfolio_id=private.pk))["available"] is False
