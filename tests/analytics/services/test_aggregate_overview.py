"""All portfolios as one are the sums of each."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from analytics.services.aggregate_overview import aggregate_breakdown, aggregate_overview
from analytics.services.overview import portfolio_overview
from portfolios.models import PortfolioSnapshot
from tests.analytics.services.conftest import book_of, snapshot_of
from tests.factories import PortfolioFactory, UserFactory

pytestmark = pytest.mark.django_db
OFFICE = ("family_office_public", "family_office_private")


def test_sums_of_the_overviews(demo_results: Any) -> None:
    books = [book_of(name) for name in OFFICE]
    each = [portfolio_overview(book.user, book.id)[1] for book in books]
    found = aggregate_overview(books[0].user)
    assert found.selection.total_value == sum(one.equity for one in each)
    for figure in ("long_exposure", "short_exposure", "gross_exposure", "net_exposure"):
        assert getattr(found.exposures, figure) == round(sum(getattr(one.exposures, figure) for one in each), 2)
    for figure in ("total_pnl", "unrealized_pnl", "realized_pnl", "cumulative_pnl", "ytd_pnl", "mtd_pnl"):
        assert getattr(found.pnl, figure) == round(sum(getattr(one.pnl, figure) for one in each), 2)
    assert found.counts.total_positions == sum(one.counts.total_positions for one in each)
    assert found.cash == round(sum(one.cash for one in each), 2)


def test_one_alone_is_its_overview(demo_results: Any) -> None:
    book = book_of("hedge_fund")
    found, alone = aggregate_overview(book.user), portfolio_overview(book.user, book.id)[1]
    assert (found.exposures, found.pnl, found.counts) == (alone.exposures, alone.pnl, alone.counts)
    assert (found.cash, found.leverage) == (alone.cash, alone.leverage)
    assert found.risk.portfolio_beta == float(snapshot_of(book).beta_calculated_90d or 0)
    assert found.risk.volatility == float(snapshot_of(book).realized_volatility_21d or 0)


def test_drawdown_and_sharpe_of_the_booked_days(demo_results: Any) -> None:
    book = book_of("hedge_fund")
    rows = PortfolioSnapshot.objects.filter(portfolio=book).order_by("snapshot_date")
    returns = np.array([float(row.daily_return or 0) for row in rows])
    found = aggregate_overview(book.user).risk
    assert found.observations == len(returns)
    assert found.max_drawdown == pytest.approx(min(row.drawdown or 0 for row in rows), abs=2e-6)
    assert found.sharpe_ratio == pytest.approx(returns.mean() / returns.std(ddof=1) * np.sqrt(252), abs=1e-3)


def test_sectors_come_in_percent_the_largest_first(demo_results: Any) -> None:
    found = aggregate_overview(book_of(OFFICE[0]).user).sector_percentages
    assert list(found.values()) == sorted(found.values(), reverse=True)
    assert sum(found.values()) == pytest.approx(99.72, abs=0.05)


def test_shares_add_up(demo_results: Any) -> None:
    book = book_of(OFFICE[0])
    found = aggregate_breakdown(book.user)
    assert sum(share.weight_percent for share in found.shares) == pytest.approx(100, abs=0.01)
    assert [share.position_count for share in found.shares] == [12, 9]
    assert found.total_weight == 1
    assert Decimal(str(found.average_value)) == round(found.selection.total_value / 2, 2)


def test_nothing_is_zero() -> None:
    for user in (UserFactory(), PortfolioFactory(opening_equity=0).user):
        found = aggregate_overview(user)
        assert (found.cash, found.leverage, found.counts.total_positions) == (0.0, 0.0, 0)
        assert set(vars(found.pnl).values()) == {0.0}
        assert (found.risk.portfolio_beta, found.risk.volatility, found.risk.max_drawdown) == (None, None, None)
        assert (found.top_positions, found.sector_percentages) == ([], {})
    assert aggregate_breakdown(UserFactory()).average_value == 0
