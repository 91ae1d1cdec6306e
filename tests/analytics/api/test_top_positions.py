"""/data/positions/top: the largest lots, now and at a past session."""

from __future__ import annotations

from typing import Any

import pytest

from portfolios.models import PositionSnapshot
from sigmasight.core.demo import rows
from tests.analytics.api.callers import answer, client_of
from tests.analytics.api.test_position_details import DETAILS, HEDGE_FUND
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory, PositionFactory

pytestmark = pytest.mark.django_db

ACCOUNT = "demo_hedgefundstyle"
INDIVIDUAL = next(row["id"] for row in rows("portfolios") if row["portfolio"] == "individual")


def top(demo: DemoResults, **query: Any) -> Any:
    return answer(demo.client(ACCOUNT), f"data/positions/top/{HEDGE_FUND}", **query)


def test_they_are_the_largest_of_the_details(demo_results: DemoResults) -> None:
    details = answer(demo_results.client(ACCOUNT), DETAILS, portfolio_id=HEDGE_FUND)["positions"]
    gross = sum(abs(lot["market_value"]) for lot in details)
    wanted = sorted(details, key=lambda lot: -abs(lot["market_value"]))[:5]
    found = top(demo_results, limit=5)
    assert [row["position_id"] for row in found["data"]] == [lot["id"] for lot in wanted]
    for row, lot in zip(found["data"], wanted, strict=True):
        assert (row["value"], row["market_value"], row["qty"]) == (
            abs(lot["market_value"]), lot["market_value"], lot["quantity"],
        )  # fmt: skip
        assert (row["name"], row["sector"]) == (lot["company_name"], lot["sector"])
        assert row["weight"] == pytest.approx(100 * row["value"] / gross, abs=5e-5)
    assert found["coverage_percent"] == pytest.approx(sum(row["weight"] for row in found["data"]), abs=0.01)
    assert (found["total_positions"], found["meta"]["truncated"], found["meta"]["rows_returned"]) == (30, True, 5)
    assert found["meta"]["applied"] == {"limit": 5, "sort_by": "market_value", "as_of_date": "2025-11-20T21:00:00Z"}


def test_all_of_them_cover_everything(demo_results: DemoResults) -> None:
    found = top(demo_results, limit=50, sort_by="weight")
    assert (found["coverage_percent"], found["meta"]["truncated"]) == (100, False)
    assert found["meta"]["applied"]["limit"] == 30


def test_a_past_session_is_as_it_was_booked(demo_results: DemoResults) -> None:
    found = top(demo_results, limit=50, as_of_date="2025-09-01T12:00:00Z")
    assert found["meta"]["requested"]["as_of_date"] == "2025-09-01T12:00:00Z"
    # Labor Day: the session before it.
    assert found["meta"]["applied"]["as_of_date"] == "2025-08-29T20:00:00Z"
    night = PositionSnapshot.objects.get(portfolio_id=HEDGE_FUND, snapshot_date="2025-08-29")
    booked = {str(lot): value for lot, value in zip(night.position_ids, night.market_value, strict=True)}
    assert {row["position_id"]: row["market_value"] for row in found["data"]} == booked
    before_the_split = next(row for row in found["data"] if row["symbol"] == "NFLX")
    assert before_the_split["qty"] == -432


@pytest.mark.parametrize("text", ["", "yesterday", "2025-13-45", "2027-01-01", "2025-11-21T01:00:00Z"])
def test_what_is_unreadable_or_later_is_now(demo_results: DemoResults, text: str) -> None:
    assert top(demo_results, as_of_date=text)["meta"]["applied"]["as_of_date"] == "2025-11-20T21:00:00Z"


def test_before_the_first_session_nothing_was_held(demo_results: DemoResults) -> None:
    found = top(demo_results, as_of_date="1999-01-01")
    # 180 days before the 20th of November 2025.
    assert found["meta"]["applied"]["as_of_date"] == "2025-05-23T20:00:00Z"
    assert (found["data"], found["total_positions"], found["coverage_percent"]) == ([], 0, 0)


@pytest.mark.parametrize("limit", ["0", "51", "-1"])
def test_a_limit_out_of_bounds_is_422(demo_results: DemoResults, limit: str) -> None:
    refused = demo_results.client(ACCOUNT).get(f"/api/v1/data/positions/top/{HEDGE_FUND}", {"limit": limit})
    assert refused.status_code == 422


def test_a_book_without_results_shows_the_present(demo_results: DemoResults) -> None:
    book = PortfolioFactory()
    [lot] = [PositionFactory(portfolio=book)]
    found = answer(client_of(book.user), f"data/positions/top/{book.pk}")
    assert found["meta"]["applied"]["as_of_date"] == "2025-11-21T02:30:00Z"
    assert [(row["position_id"], row["value"], row["weight"]) for row in found["data"]] == [(str(lot.pk), 500, 100)]


def test_somebody_elses_book_is_404(demo_results: DemoResults) -> None:
    assert demo_results.client(ACCOUNT).get(f"/api/v1/data/positions/top/{INDIVIDUAL}").status_code == 404
