"""How the demo's books have done: from the ledger's own rows, beside SPY."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.services.performance import performance_report, performance_up_to
from portfolios.models import EquityChange, Portfolio, PortfolioSnapshot
from sigmasight.core.errors import NotFound
from tests.analytics.services.conftest import book_of
from tests.demo_fixtures import DemoResults
from tests.factories import PortfolioFactory, UserFactory

pytestmark = pytest.mark.django_db


def nights_of(book: Portfolio) -> list[PortfolioSnapshot]:
    return list(PortfolioSnapshot.objects.filter(portfolio=book).order_by("snapshot_date"))


def test_returns_and_profit_add_up(demo_book: Portfolio) -> None:
    _, found = performance_report(demo_book.user, demo_book.pk)
    assert found is not None
    nights = nights_of(demo_book)
    first, last = nights[0], nights[-1]
    assert (found.first, found.last, found.sessions) == (first.snapshot_date, last.snapshot_date, len(nights) - 1)
    assert found.pnl == pytest.approx(float(last.cumulative_pnl - first.cumulative_pnl), abs=0.02)
    assert not EquityChange.objects.filter(portfolio=demo_book).exists()
    growth = float(last.net_asset_value / first.net_asset_value) - 1
    assert found.twr == pytest.approx(growth, abs=1e-4)
    assert found.mwr == pytest.approx(growth, abs=2e-6)
    assert sum(one.pnl for one in found.earned) == pytest.approx(found.pnl, abs=0.01 * len(found.earned) * len(nights))
    assert found.values[-1] == (last.snapshot_date, float(last.net_asset_value))
    assert found.annual_return is None, "less than a year"


def test_ratios_and_falls_by_hand(demo_results: DemoResults) -> None:
    book = book_of("hedge_fund")
    _, found = performance_report(book.user, book.pk)
    assert found is not None
    nights = nights_of(book)
    returns = np.array([float(one.daily_return or 0) for one in nights[1:]])
    assert found.volatility == pytest.approx(returns.std(ddof=1) * math.sqrt(252), abs=1e-6)
    assert found.sharpe == pytest.approx(returns.mean() / returns.std(ddof=1) * math.sqrt(252), abs=1e-5)
    assert found.fall is not None
    assert found.fall.depth == pytest.approx(min(one.drawdown or 0 for one in nights), abs=1e-5)
    trough = min(nights, key=lambda one: one.drawdown or 0)
    assert found.fall.trough == trough.snapshot_date
    assert found.best == (
        max(nights[1:], key=lambda one: one.daily_return or 0).snapshot_date,
        pytest.approx(returns.max()),
    )
    assert found.days_up == pytest.approx((returns > 0).mean(), abs=1e-6)
    assert found.beta is not None
    assert 0.3 < found.beta < 1.5
    assert found.tracking_error is not None
    assert found.tracking_error > 0


def test_periods_end_at_the_published_session(demo_results: DemoResults) -> None:
    book = book_of("hedge_fund")
    _, found = performance_report(book.user, book.pk)
    assert found is not None
    nights = {one.snapshot_date: one for one in nights_of(book)}
    last = nights[found.last]
    periods = {one.name: one for one in found.periods}
    assert set(periods) == {"1d", "5d", "21d", "63d", "mtd", "since_start"}, "no year has passed, none has begun"
    assert periods["mtd"].since == dt.date(2025, 10, 31)
    for one in periods.values():
        assert one.pnl == pytest.approx(float(last.cumulative_pnl - nights[one.since].cumulative_pnl), abs=0.02)
        assert one.twr == pytest.approx(last.twr_index / nights[one.since].twr_index - 1, abs=1e-4)
        assert one.benchmark is not None
    assert periods["1d"].twr == pytest.approx(float(last.daily_return or 0), abs=1e-6)


def test_a_session_that_began_without_equity_breaks_the_chain_and_is_told(demo_results: DemoResults) -> None:
    book = book_of("hedge_fund")
    PortfolioSnapshot.objects.filter(pk=nights_of(book)[40].pk).update(daily_return=None)
    _, found = performance_report(book.user, book.pk)
    assert found is not None
    assert (found.twr, found.fall, found.reason) == (None, None, "invalid_equity")
    assert found.volatility is not None
    assert performance_report(book.user, book.pk, sessions=21)[1].reason is None  # type: ignore[union-attr]


def test_a_window_of_few_sessions_says_so(demo_results: DemoResults) -> None:
    book = book_of("hedge_fund")
    found = performance_up_to(book.pk, nights_of(book)[5].snapshot_date)
    assert found is not None
    assert (found.sharpe, found.reason) == (None, "insufficient_data")


def test_a_shorter_window_begins_later(demo_results: DemoResults) -> None:
    book = book_of("hedge_fund")
    _, whole = performance_report(book.user, book.pk)
    _, month = performance_report(book.user, book.pk, sessions=21)
    assert whole is not None
    assert month is not None
    assert month.sessions == 21
    assert len(month.values) == 22
    assert month.twr == {one.name: one.twr for one in whole.periods}["21d"]
    assert month.periods == whole.periods


def test_in_five_statements(demo_results: DemoResults) -> None:
    book = book_of("hedge_fund")
    with CaptureQueriesContext(connection) as statements:
        performance_report(book.user, book.pk)
    assert len(statements) <= 5


def test_before_the_first_night_there_is_nothing_and_foreign_books_are_not_there(demo_results: DemoResults) -> None:
    fresh = PortfolioFactory()
    assert performance_report(fresh.user, fresh.pk)[1] is None
    with pytest.raises(NotFound):
        performance_report(UserFactory(), book_of("hedge_fund").pk)
