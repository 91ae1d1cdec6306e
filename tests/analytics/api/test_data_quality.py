"""/data/portfolio/{id}/data-quality: the price history behind the lots, and what it suffices for."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from marketdata import calendar
from marketdata.models import DailyPrice, Security
from portfolios.models import InvestmentClass, Portfolio
from tests.analytics.api.callers import answer, client_of
from tests.demo_fixtures import DemoResults
from tests.factories import OptionContractFactory, PortfolioFactory, PositionFactory, SecurityFactory

pytestmark = pytest.mark.django_db

END = dt.date(2025, 11, 20)


@pytest.fixture
def book(demo_results: DemoResults) -> Portfolio:
    return PortfolioFactory(results_as_of=demo_results.session)


def priced(symbol: str, days: int, *, missing: int = 0, quality: str = "ok") -> Security:
    """A stock whose first price is `days` sessions old; of the sessions since, the last `missing` have none."""
    security = SecurityFactory(symbol=symbol)
    last = calendar.sessions(calendar.shift(END, 1 - days), END)
    DailyPrice.objects.bulk_create(
        DailyPrice(security=security, date=day, close=10, source="test", quality=quality)
        for day in last[: len(last) - missing]
    )
    return security


def quality(book: Portfolio, **query: Any) -> Any:
    return answer(client_of(book.user), f"data/portfolio/{book.pk}/data-quality", **query)


def hold(book: Portfolio, *securities: Security) -> None:
    for security in securities:
        PositionFactory(portfolio=book, security=security)


def test_lots_by_their_history(book: Portfolio) -> None:
    hold(book, priced("FULL", 200), priced("HALF", 70), priced("YOUNG", 5), priced("HOLED", 30, missing=15))
    hold(book, priced("DOUBTED", 200, quality="suspect"))
    found = quality(book)
    lists = found["position_data_quality"]
    assert lists["complete_history"] == ["FULL"]
    assert lists["partial_history"] == [{"symbol": "HALF", "days_available": 70, "days_missing": 80}]
    assert lists["insufficient_data"] == [
        {"symbol": "DOUBTED", "days_available": 0, "reason": "incomplete_data"},
        {"symbol": "HOLED", "days_available": 15, "reason": "incomplete_data"},
        {"symbol": "YOUNG", "days_available": 5, "reason": "recent_listing"},
    ]
    assert found["summary"] == {
        "total_positions": 5, "complete_data": 1, "partial_data": 1, "insufficient_data": 3, "data_coverage_percent": 20,
    }  # fmt: skip
    assert (found["assessment_date"], found["last_update"]) == ("2025-11-20", "2025-11-20T21:00:00Z")


def test_what_each_calculation_needs(book: Portfolio) -> None:
    hold(book, priced("A60", 60), priced("A30", 30), priced("A20", 20), priced("A19", 19))
    found = quality(book)["calculation_feasibility"]
    assert found["correlation_matrix"] == {
        "feasible": True, "positions_eligible": 2, "positions_excluded": 2, "min_days_overlap": 30,
    }  # fmt: skip
    assert found["factor_regression"] == {
        "feasible": True, "positions_eligible": 1, "positions_excluded": 3, "min_days_required": 60,
    }  # fmt: skip
    assert found["volatility_analysis"] == {
        "feasible": True, "positions_eligible": 3, "positions_excluded": 1, "min_days_required": 20,
    }  # fmt: skip


def test_two_lots_that_follow_one_price_do_not_correlate(book: Portfolio) -> None:
    stock = priced("ONE", 100)
    contract = OptionContractFactory(underlying=stock).security
    hold(book, stock, stock)
    PositionFactory(portfolio=book, position_type="LC", security=contract)
    found = quality(book)
    assert found["position_data_quality"]["partial_history"][2] == {
        "symbol": contract.symbol, "days_available": 100, "days_missing": 50,
    }  # fmt: skip
    correlations = found["calculation_feasibility"]["correlation_matrix"]
    assert (correlations["feasible"], correlations["positions_eligible"]) == (False, 3)


def test_a_private_holding_has_no_history(book: Portfolio) -> None:
    PositionFactory(portfolio=book, investment_class=InvestmentClass.PRIVATE, security=None, symbol="FUND", quantity=1)
    found = quality(book)
    assert found["position_data_quality"]["insufficient_data"] == [
        {"symbol": "FUND", "days_available": 0, "reason": "incomplete_data"}
    ]
    assert not any(one["feasible"] for one in found["calculation_feasibility"].values())


def test_the_funds_of_the_factors(book: Portfolio) -> None:
    DailyPrice.objects.filter(security__symbol="QUAL").delete()
    DailyPrice.objects.filter(security__symbol="MTUM", date__lt="2025-10-01").delete()
    assert quality(book)["factor_etf_coverage"] == {
        "complete": ["SPY", "VTV", "VUG", "IWM", "USMV", "TLT"], "partial": ["MTUM"], "missing": ["QUAL"],
    }  # fmt: skip
    assert "factor_etf_coverage" not in quality(book, check_factors="false")


def test_an_empty_book_can_compute_nothing(book: Portfolio) -> None:
    found = quality(book)
    assert found["summary"]["data_coverage_percent"] == 0
    assert not any(one["feasible"] for one in found["calculation_feasibility"].values())
