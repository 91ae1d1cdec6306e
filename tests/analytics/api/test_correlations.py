"""/analytics/.../correlation-matrix and /diversification-score: what the risk page gets, with and without results."""

from __future__ import annotations

from typing import Any

import pytest

from portfolios.models import Portfolio
from tests.analytics.api.callers import answer, client_of
from tests.analytics.api.test_position_details import HEDGE_FUND
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db
PATH = f"analytics/portfolio/{HEDGE_FUND}"
OWNER = "demo_hedgefundstyle"


def matrix(demo: DemoResults, **query: Any) -> Any:
    return answer(demo.client(OWNER), f"{PATH}/correlation-matrix", **query)


def test_rows_and_columns_have_one_order(demo_results: DemoResults) -> None:
    found = matrix(demo_results)
    square = found["data"]["matrix"]
    names = list(square)
    assert all(list(row) == names for row in square.values())
    for one in names:
        assert square[one][one] == 1
        assert all(square[one][other] == square[other][one] for other in names)
        assert all(-1 <= value <= 1 for value in square[one].values())


def test_what_was_asked_for_is_told(demo_results: DemoResults) -> None:
    found = matrix(demo_results, lookback_days=60, min_overlap=40, max_symbols=4)
    assert found["metadata"] == {
        "calculation_date": "2025-11-20T21:00:00Z",
        "duration_days": 60,
        "symbols_included": 4,
        "positions_included": 4,
        "lookback_days": 60,
        "min_overlap": 40,
        "max_symbols": 4,
        "selection_method": "weight",
        "symbols_left_out": [],
    }
    assert len(found["data"]["matrix"]) == 4
    assert found["data_quality"] is None


def test_the_average_does_not_depend_on_the_cut(demo_results: DemoResults) -> None:
    few, many = matrix(demo_results, max_symbols=3), matrix(demo_results, max_symbols=50)
    assert few["data"]["average_correlation"] == many["data"]["average_correlation"]


@pytest.mark.parametrize("path", ["correlation-matrix", "diversification-score"])
def test_more_overlap_than_window_is_refused(demo_results: DemoResults, path: str) -> None:
    given = demo_results.client(OWNER).get(f"/api/v1/{PATH}/{path}", {"lookback_days": 30, "min_overlap": 31})
    assert given.status_code == 400
    assert given.json() == {"detail": "Min overlap cannot exceed lookback days"}


@pytest.mark.parametrize(
    ("name", "value"), [("lookback_days", 29), ("lookback_days", 366), ("min_overlap", 9), ("max_symbols", 51)]
)
def test_limits(demo_results: DemoResults, name: str, value: int) -> None:
    given = demo_results.client(OWNER).get(f"/api/v1/{PATH}/correlation-matrix", {name: value})
    assert given.status_code == 422
    assert given.json()["detail"][0]["loc"] == ["query", name]


def test_before_the_first_night(demo_results: DemoResults) -> None:
    book = PortfolioFactory()
    client = client_of(book.user)
    found = answer(client, f"analytics/portfolio/{book.pk}/correlation-matrix", lookback_days=120)
    assert (found["available"], found["data"]) == (False, None)
    assert found["data_quality"]["flag"] == "NO_CORRELATION_CALCULATION"
    assert found["metadata"]["reason"] == "no_calculation_available"
    assert found["metadata"]["requested_lookback_days"] == 120
    score = answer(client, f"analytics/portfolio/{book.pk}/diversification-score")
    assert (score["available"], score["portfolio_correlation"], score["symbols_included"]) == (False, None, None)
    assert score["metadata"]["reason"] == "no_calculation_available"


def test_private_holdings_have_too_few_symbols(demo_results: DemoResults) -> None:
    book = Portfolio.objects.get(account_name__icontains="private")
    client = client_of(book.user)
    found = answer(client, f"analytics/portfolio/{book.pk}/correlation-matrix")
    assert found["metadata"]["reason"] == "insufficient_symbols"
    assert found["metadata"]["symbols_found"] == found["data_quality"]["positions_analyzed"] == 0
    score = answer(client, f"analytics/portfolio/{book.pk}/diversification-score")
    assert (score["available"], score["symbols_included"]) == (False, 0)
    assert score["metadata"]["reason"] == "insufficient_symbols"
    alone = answer(client, "analytics/aggregate/correlation-matrix", portfolio_ids=[str(book.pk)])
    assert alone == {
        "available": False,
        "message": "Need at least 2 symbols for correlation matrix",
        "symbols_found": 0,
        "portfolio_count": 1,
    }


def test_the_score_is_the_other_side_of_the_correlation(demo_results: DemoResults) -> None:
    found = answer(demo_results.client(OWNER), f"{PATH}/diversification-score")
    assert found["diversification_score"] == pytest.approx(100 * (1 - found["portfolio_correlation"]), abs=1e-3)
    assert (found["calculation_date"], found["duration_days"]) == ("2025-11-20", 90)
    again = answer(demo_results.client(OWNER), f"{PATH}/diversification-score")
    assert again["metadata"]["calculation_id"] == found["metadata"]["calculation_id"]


def test_both_shapes_of_the_aggregate_say_the_same(demo_results: DemoResults) -> None:
    found = answer(demo_results.client(OWNER), "analytics/aggregate/correlation-matrix", max_positions=6)
    symbols = found["symbols"]
    assert len(symbols) == 6
    assert found["data"]["symbols"] == symbols == list(found["data"]["matrix"])
    assert found["correlation_matrix"] == [[found["data"]["matrix"][a][b] for b in symbols] for a in symbols]
    assert found["average_correlation"] == found["data"]["average_correlation"]
    assert found["metadata"]["symbols_requested"] == 6
    pairs = found["total_positions_analyzed"] * (found["total_positions_analyzed"] - 1) // 2
    assert found["data_quality"] == {"total_pairs": pairs, "valid_pairs": pairs, "coverage_percent": 100.0}


def test_one_portfolio_is_the_same_alone_and_in_the_aggregate(demo_results: DemoResults) -> None:
    alone = matrix(demo_results)
    together = answer(demo_results.client(OWNER), "analytics/aggregate/correlation-matrix")
    assert together["data"]["matrix"] == alone["data"]["matrix"]
    assert together["average_correlation"] == alone["data"]["average_correlation"]


def test_the_aggregate_of_nobody(demo_results: DemoResults) -> None:
    book = PortfolioFactory()
    client = client_of(book.user)
    found = answer(client, "analytics/aggregate/correlation-matrix")
    assert found["message"] == "No correlation calculations available"
    assert found["metadata"] == {"reason": "no_calculation_available"}
    book.delete()
    nobody = answer(client, "analytics/aggregate/correlation-matrix")
    assert nobody == {"available": False, "message": "No portfolios found", "portfolios": []}
