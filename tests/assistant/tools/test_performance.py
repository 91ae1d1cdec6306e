"""How a book has done, as the service reckons it."""

from __future__ import annotations

import pytest

from analytics.services.performance import performance_report
from portfolios.models import PortfolioSnapshot
from tests.assistant.tools.asking import ask, books_of, data_of, person
from tests.demo_fixtures import DemoResults

pytestmark = pytest.mark.django_db


def test_performance_is_the_services(demo_results: DemoResults) -> None:
    user = person()
    _, wanted = performance_report(user, books_of(user)[0].pk)
    result = ask("get_performance", include_values=True)
    found = data_of(result)
    assert wanted is not None
    assert wanted.fall is not None
    assert found["window"]["pnl_usd"] == pytest.approx(wanted.pnl, abs=0.51)
    assert found["window"]["twr_pct"] == pytest.approx(100 * (wanted.twr or 0), abs=0.006)
    assert found["worst_fall"]["depth_pct"] == pytest.approx(100 * wanted.fall.depth, abs=0.006)
    assert found["worst_fall"]["to_close_of"] == wanted.fall.trough.isoformat()
    assert [row["period"] for row in found["periods"]] == [one.name for one in wanted.periods]
    assert found["values"][0]["date"] == "2025-11-20"
    made = [row["pnl_usd"] for row in found["made_most"]]
    lost = [row["pnl_usd"] for row in found["lost_most"]]
    assert made == sorted(made, reverse=True)
    assert lost == sorted(lost)
    assert sum(row["pnl_usd"] for row in found["sectors"]) == pytest.approx(wanted.pnl, abs=10)
    assert any("not annualised" in note for note in result.envelope["meta"]["notes"])
    assert len(result.text) <= 10_000


def test_a_session_that_began_without_equity_is_told(demo_results: DemoResults) -> None:
    user = person()
    night = PortfolioSnapshot.objects.filter(portfolio=books_of(user)[0]).order_by("-snapshot_date")[20]
    PortfolioSnapshot.objects.filter(pk=night.pk).update(daily_return=None)
    result = ask("get_performance")
    assert "twr_pct" not in data_of(result)["window"]
    assert any("without positive equity" in note for note in result.envelope["meta"]["notes"])
