"""A number, told with where it comes from."""

from __future__ import annotations

import pytest

from tests.assistant.tools.asking import ask, books_of, data_of, person
from tests.demo_fixtures import DemoResults

pytestmark = pytest.mark.django_db


def test_a_figure_is_told_in_its_unit_and_agrees_with_the_other_tools(demo_results: DemoResults) -> None:
    overview, risk = data_of(ask("get_analytics_overview")), data_of(ask("get_risk_analysis"))
    beta = data_of(ask("explain_number", metric="market_beta"))
    assert beta["value"] == overview["beta_to_market"]["calculated_90d"]
    assert (beta["window"]["sessions"], beta["engine"]["name"]) == (90, "factor_analysis")
    volatility = data_of(ask("explain_number", metric="expected_volatility_21d"))
    assert volatility["value_pct"] == overview["volatility_pct_a_year"]["expected_21d"]
    var = data_of(ask("explain_number", metric="var_95_1d"))
    assert (
        var["value_usd"] == {row["method"]: row for row in risk["value_at_risk"]}["historical"]["1d_95pct"]["var_usd"]
    )
    assert var["window"] == {"sessions": 252, "from": "2024-11-19", "to": "2025-11-20", "least": 60, "used": 252}
    assert var["prices"]["by_source"] == {"simulated": 30}


def test_a_missing_figure_is_told_with_its_reason(demo_results: DemoResults) -> None:
    private = books_of(person("demo_familyoffice"))[1]
    found = data_of(ask("explain_number", "demo_familyoffice", portfolio_id=private.pk, metric="var_95_1d"))
    assert (found["available"], found["value_usd"], found["reason"]) == (
        False,
        None,
        "the book holds nothing with a market price",
    )
    assert found["prices"]["not_of_the_session"]


def test_covariances_are_told_with_the_digits_they_have(demo_results: DemoResults) -> None:
    found = data_of(ask("explain_number", metric="factor_covariance", of="Market / Market"))
    assert 0 < found["value"] < 0.001
    assert found["value"] == pytest.approx(found["stored_with_it"]["variance_of_first"], rel=1e-3)
