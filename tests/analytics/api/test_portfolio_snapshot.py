"""/data/portfolio/{id}/snapshot: the headline figures of the newest published session."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from portfolios.models import Portfolio, PortfolioSnapshot
from tests.analytics.api.callers import answer, client_of
from tests.analytics.api.test_position_details import HEDGE_FUND
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db

MONEY = dict.fromkeys(
    ("net_asset_value", "cash_value", "long_value", "short_value", "gross_exposure", "net_exposure", "daily_unrealized_pnl",
     "daily_realized_pnl", "daily_income", "daily_capital_flow", "cumulative_pnl", "cumulative_realized_pnl",
     "cumulative_capital_flow"), Decimal(0),
)  # fmt: skip


def snapshot(book: Portfolio) -> Any:
    return answer(client_of(book.user), f"data/portfolio/{book.pk}/snapshot")


def test_figures_are_the_nights(demo_results: DemoResults) -> None:
    found = answer(demo_results.client("demo_hedgefundstyle"), f"data/portfolio/{HEDGE_FUND}/snapshot")
    night = PortfolioSnapshot.objects.get(portfolio_id=HEDGE_FUND, snapshot_date=demo_results.session)
    assert found["snapshot_date"] == "2025-11-20"
    for name in ("daily_pnl", "daily_return", "beta_calculated_90d", "beta_provider_1y", "target_price_return_eoy"):
        assert found[name] == float(getattr(night, name)), name
    assert found["target_price_positions_count"] == night.target_price_positions_count
    assert found["target_price_last_updated"].endswith("Z")


def test_without_results_all_keys_are_there(demo_results: DemoResults) -> None:
    found = snapshot(PortfolioFactory())
    assert len(found) == 12
    assert (found["target_price_positions_count"], found["target_price_total_positions"]) == (0, 0)
    assert (found["snapshot_date"], found["daily_pnl"], found["daily_return"]) == (None, None, None)


def test_a_newer_session_that_is_not_published_is_not_told(demo_results: DemoResults) -> None:
    book = PortfolioFactory(results_as_of=dt.date(2025, 11, 19))
    for day, pnl in ((19, "12.50"), (20, "99.00")):
        PortfolioSnapshot.objects.create(
            portfolio=book, snapshot_date=dt.date(2025, 11, day), twr_index=1, daily_pnl=Decimal(pnl), num_positions=4,
            **MONEY,
        )  # fmt: skip
    found = snapshot(book)
    assert (found["snapshot_date"], found["daily_pnl"], found["daily_return"]) == ("2025-11-19", 12.5, None)
    assert (found["target_price_positions_count"], found["target_price_total_positions"]) == (0, 4)
    assert (found["target_price_coverage_pct"], found["target_price_return_eoy"]) == (0, None)
