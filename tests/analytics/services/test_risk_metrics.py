"""Metrics of a stretch of days, by hand."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from analytics.models import PortfolioRisk
from analytics.services.risk_metrics import risk_metrics
from portfolios.models import PortfolioSnapshot
from tests.analytics.services.conftest import book_of, snapshot_of
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db


def test_by_hand(demo_results: Any) -> None:
    book = book_of("individual")
    rows = PortfolioSnapshot.objects.filter(portfolio=book, snapshot_date__gte=dt.date(2025, 8, 22)).order_by(
        "snapshot_date"
    )
    returns = np.array([float(row.daily_return or 0) for row in rows])
    index = np.array([row.twr_index for row in rows])
    _, found, window = risk_metrics(book.user, book.id, 90)
    assert found is not None
    assert window is not None
    assert found.annualized_volatility == pytest.approx(returns.std(ddof=1) * np.sqrt(252), abs=1e-6)
    assert found.max_drawdown == pytest.approx((index / np.maximum.accumulate(index) - 1).min(), abs=2e-6)
    assert found.sharpe_ratio == pytest.approx(returns.mean() / returns.std(ddof=1) * np.sqrt(252), abs=1e-5)
    assert found.portfolio_beta == snapshot_of(book).beta_calculated_90d
    assert found.var_95_1d == PortfolioRisk.objects.get(portfolio=book, calculation_date=book.results_as_of).var_95_1d
    assert (window.first, window.last, window.observations) == (dt.date(2025, 8, 22), book.results_as_of, len(returns))
    assert window.warnings == []


def test_a_longer_look_back_sees_more_days(demo_results: Any) -> None:
    book = book_of("individual")
    counts = [window.observations for days in (30, 90, 252) if (window := risk_metrics(book.user, book.id, days)[2])]
    assert counts == sorted(counts)
    assert counts[0] < counts[2]


def test_one_snapshot_has_no_spread(demo_results: Any) -> None:
    book = book_of("individual")
    PortfolioSnapshot.objects.filter(portfolio=book).exclude(snapshot_date=book.results_as_of).delete()
    _, found, window = risk_metrics(book.user, book.id, 90)
    assert found is not None
    assert window is not None
    assert (found.annualized_volatility, found.max_drawdown, found.sharpe_ratio) == (0.0, 0.0, None)
    assert window.warnings == ["few_snapshots"]


def test_a_book_without_returns_says_so(demo_results: Any) -> None:
    book = book_of("family_office_private")
    PortfolioSnapshot.objects.filter(portfolio=book).update(daily_return=None)
    _, found, window = risk_metrics(book.user, book.id, 90)
    assert found is not None
    assert window is not None
    assert (found.annualized_volatility, found.max_drawdown) == (None, None)
    assert window.warnings == ["no_returns", "no_values", "beta_unavailable"]


def test_a_loss_beyond_everything_has_no_drawdown(demo_results: Any) -> None:
    book = book_of("individual")
    PortfolioSnapshot.objects.filter(portfolio=book, snapshot_date=dt.date(2025, 11, 19)).update(
        daily_return=Decimal(-2)
    )
    _, found, window = risk_metrics(book.user, book.id, 90)
    assert found is not None
    assert window is not None
    assert found.max_drawdown is None
    assert window.warnings == ["no_values"]


def test_before_the_first_session_there_are_none() -> None:
    book = PortfolioFactory()
    assert risk_metrics(book.user, book.id, 90)[1:] == (None, None)
