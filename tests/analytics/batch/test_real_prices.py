"""The demo on real prices through its three splits: no jump in equity, and what has no price is said to have none.

The files lie beside the project and are not part of it; without them these tests are skipped.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analytics.batch.night import Outcome, Request
from analytics.models import EngineResult
from portfolios.models import Portfolio, PortfolioSnapshot, Position, PositionSnapshot
from tests.analytics.batch.conftest import nights_in
from tests.demo_fixtures import working_in

SHARED = Path(os.environ.get("SIGMASIGHT_SHARED") or Path(__file__).resolve().parents[4] / "shared")
PRICES = SHARED / "data" / "real_prices"
LAST = dt.date(2025, 12, 8)
SPLITS = {"NFLX": (dt.date(2025, 11, 17), 10), "XLK": (dt.date(2025, 12, 5), 2), "XLY": (dt.date(2025, 12, 5), 2)}

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.timeout(240),
    pytest.mark.skipif(not PRICES.is_dir(), reason="the real price files do not lie beside the project"),
]


@pytest.fixture(scope="module")
def real(django_db_setup: None, django_db_blocker: Any) -> Iterator[Outcome]:
    request = Request(source=f"files:{PRICES}", session=LAST)
    with (
        django_db_blocker.unblock(),
        nights_in("real", request) as (name, outcome),
        working_in(name),
        django_db_blocker.block(),
    ):
        yield outcome


def values(symbol: str, day: dt.date) -> tuple[float, float]:
    """Quantity and value of the demo's lot of a symbol on a day."""
    lot = Position.objects.get(symbol=symbol)
    row = PositionSnapshot.objects.get(portfolio=lot.portfolio, snapshot_date=day)
    place = row.position_ids.index(lot.id)
    return row.quantity[place], row.market_value[place]


@pytest.mark.parametrize("symbol", sorted(SPLITS))
def test_a_split_multiplies_shares_and_leaves_value(real: Outcome, symbol: str) -> None:
    ex_date, ratio = SPLITS[symbol]
    before = PortfolioSnapshot.objects.filter(snapshot_date__lt=ex_date).order_by("-snapshot_date").first()
    assert before is not None
    shares, value = values(symbol, before.snapshot_date)
    split_shares, split_value = values(symbol, ex_date)
    assert split_shares == shares * ratio
    assert split_value == pytest.approx(value, rel=0.05)


def test_no_day_of_any_book_jumps(real: Outcome) -> None:
    returns = PortfolioSnapshot.objects.exclude(daily_return=None).values_list("daily_return", flat=True)
    assert len(returns) == 5 * 113
    assert max(abs(r) for r in returns) < 0.06


def test_the_last_date_of_the_files_bounds_the_run(real: Outcome) -> None:
    assert set(Portfolio.objects.values_list("results_as_of", flat=True)) == {LAST}


def test_funds_without_prices_are_named_and_left_out_of_risk(real: Outcome) -> None:
    individual = Portfolio.objects.get(account_name="Demo Individual")
    results = EngineResult.objects.get(portfolio=individual, calculation_date=LAST).results
    assert {name for name, _ in results["portfolio_snapshot"]["skipped"]} == {"FXNAX", "FCNTX", "VTIAX"}
    assert {reason for _, reason in results["factor_analysis"]["skipped"]} == {"no_price_data"}
    snapshot = PortfolioSnapshot.objects.get(portfolio=individual, snapshot_date=LAST)
    assert (snapshot.nav_quality, snapshot.missing_count) == ("partial", 3)
    assert snapshot.realized_volatility_21d is None
