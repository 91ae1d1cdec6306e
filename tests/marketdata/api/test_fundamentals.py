"""Statements and estimates over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from marketdata.models import IncomeStatement
from tests.demo_fixtures import DemoResults

pytestmark = pytest.mark.django_db


@pytest.fixture
def get(demo_results: DemoResults, db: None) -> Any:
    client = demo_results.client()
    return lambda path: client.get(f"/api/v1/fundamentals/{path}")


def test_statements_as_the_frontend_reads_them(get: Any) -> None:
    income = get("aapl/income-statement?periods=4&frequency=a").json()
    cash = get("AAPL/cash-flow?periods=4&frequency=a").json()
    assert (income["symbol"], income["currency"], income["periods_returned"]) == ("AAPL", "USD", 4)
    years = [period["fiscal_year"] for period in income["periods"]]
    assert years == sorted(years, reverse=True) == [period["fiscal_year"] for period in cash["periods"]]
    for period, flow in zip(income["periods"], cash["periods"], strict=True):
        assert period["gross_margin"] == pytest.approx(period["gross_profit"] / period["total_revenue"], abs=1e-6)
        assert flow["fcf_margin"] == pytest.approx(flow["free_cash_flow"] / period["total_revenue"], abs=1e-6)
    stored = IncomeStatement.objects.get(security__symbol="AAPL", frequency="a", fiscal_year=years[0])
    assert income["periods"][0]["net_income"] == float(stored.net_income or 0)


def test_quarters_are_the_default(get: Any) -> None:
    answer = get("MSFT/balance-sheet").json()
    assert (answer["frequency"], answer["periods_returned"]) == ("q", 4)
    assert all(period["fiscal_quarter"] in (1, 2, 3, 4) for period in answer["periods"])


def test_estimates_agree_with_the_profile(demo_results: DemoResults, get: Any) -> None:
    estimates = get("AAPL/analyst-estimates").json()["estimates"]
    [profile] = demo_results.client().get("/api/v1/data/company-profiles?symbols=AAPL").json()["profiles"]
    for name in ("current_year_earnings_avg", "next_year_earnings_avg", "current_year_revenue_avg"):
        assert estimates[name] == profile[name] is not None
    assert estimates["current_year_analyst_count"] == 12


@pytest.mark.parametrize("path", ["NOSUCH/income-statement", "SPY/cash-flow", "NOSUCH/analyst-estimates"])
def test_what_is_not_stored_is_404(get: Any, path: str) -> None:
    answer = get(path)
    assert answer.status_code == 404
    assert path.split("/")[0] in answer.json()["detail"]


@pytest.mark.parametrize("query", ["periods=0", "periods=21", "frequency=x", "periods=four"])
def test_wrong_queries_are_422(get: Any, query: str) -> None:
    assert get(f"AAPL/income-statement?{query}").status_code == 422
