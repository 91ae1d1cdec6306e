"""What holds for tails and contributions, whatever the history."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.engines.risk import MINIMUM, euler_volatility, historical_tail, lot_contributions, performance
from tests.analytics.engines.return_strategies import panels

examples = settings(max_examples=60, deadline=None)
confidences = st.sampled_from([0.90, 0.95, 0.975, 0.99])
holdings = st.lists(st.integers(-100, 100).filter(bool).map(float), min_size=6, max_size=6)


@examples
@given(pnl=panels(gaps=True), confidence=confidences)
def test_the_mean_of_the_tail_is_no_smaller_than_its_edge(pnl: np.ndarray, confidence: float) -> None:
    tail = historical_tail(pnl, confidence, min_observations=30)
    assert (tail.expected_shortfall >= tail.var).all()
    assert (tail.expected_shortfall <= -np.nanmin(pnl, axis=0) + 1e-15).all()
    np.testing.assert_array_equal(tail.observations, (~np.isnan(pnl)).sum(axis=0))


@examples
@given(
    pnl=panels(gaps=True), confidence=confidences, size=st.sampled_from([0.5, 2.0, 1e6]), cash=st.floats(-0.01, 0.01)
)
def test_losses_scale_with_the_book_and_cash_moves_them(
    pnl: np.ndarray, confidence: float, size: float, cash: float
) -> None:
    plain, moved = (historical_tail(p, confidence, min_observations=30) for p in (pnl, size * pnl + cash))
    np.testing.assert_allclose(moved.var, size * plain.var - cash, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(moved.expected_shortfall, size * plain.expected_shortfall - cash, rtol=1e-9, atol=1e-14)


@examples
@given(pnl=panels(), confidence=confidences, order=st.randoms(use_true_random=False))
def test_the_order_of_days_does_not_matter(pnl: np.ndarray, confidence: float, order: object) -> None:
    days = list(range(len(pnl)))
    order.shuffle(days)  # type: ignore[attr-defined]
    plain, moved = historical_tail(pnl, confidence), historical_tail(pnl[days], confidence)
    np.testing.assert_array_equal(moved.var, plain.var)
    np.testing.assert_array_equal(moved.expected_shortfall, plain.expected_shortfall)


@examples
@given(pnl=panels(gaps=True), confidence=confidences)
def test_days_without_a_value_are_not_days(pnl: np.ndarray, confidence: float) -> None:
    together = historical_tail(pnl, confidence, min_observations=30)
    for i in range(pnl.shape[1]):
        own = pnl[~np.isnan(pnl[:, i]), i : i + 1]
        alone = historical_tail(own, confidence, min_observations=30)
        assert alone.var[0] == together.var[i]
        assert alone.expected_shortfall[0] == pytest.approx(together.expected_shortfall[i], rel=1e-12)


@examples
@given(pnl=panels(), confidence=confidences)
def test_holding_two_books_is_no_riskier_than_the_two(pnl: np.ndarray, confidence: float) -> None:
    joint, first, second = (historical_tail(p, confidence) for p in (pnl[:, :1] + pnl[:, 1:2], pnl[:, :1], pnl[:, 1:2]))
    assert joint.expected_shortfall[0] <= first.expected_shortfall[0] + second.expected_shortfall[0] + 1e-12


@examples
@given(pnl=panels(rows=(2, MINIMUM - 1)), confidence=confidences)
def test_a_short_history_has_no_tail(pnl: np.ndarray, confidence: float) -> None:
    tail = historical_tail(pnl, confidence)
    assert np.isnan(tail.var).all()
    assert np.isnan(tail.expected_shortfall).all()


@examples
@given(returns=panels(), weights=holdings)
def test_contributions_add_up_to_the_volatility(returns: np.ndarray, weights: list[float]) -> None:
    held = np.array(weights[: returns.shape[1]])
    risk = euler_volatility(returns, held)
    assert risk.volatility == pytest.approx((returns @ held).std(ddof=1))
    assert risk.component.sum() == pytest.approx(risk.volatility)
    assert risk.percent.sum() == pytest.approx(100)
    assert risk.diversification_ratio >= 1 - 1e-9


@examples
@given(returns=panels(), weights=holdings)
def test_a_marginal_risk_is_the_slope_of_the_volatility(returns: np.ndarray, weights: list[float]) -> None:
    held = np.array(weights[: returns.shape[1]])
    risk = euler_volatility(returns, held)
    for i in range(len(held)):
        step = np.zeros(len(held))
        step[i] = 1e-4
        slope = (
            euler_volatility(returns, held + step).volatility - euler_volatility(returns, held - step).volatility
        ) / 2e-4
        assert risk.marginal[i] == pytest.approx(slope, rel=1e-5, abs=1e-8)


@examples
@given(returns=panels(columns=(4, 4)), unused=st.sets(st.integers(0, 30), max_size=10))
def test_lots_add_up_to_their_book(returns: np.ndarray, unused: set[int]) -> None:
    portfolio = np.array([0, 1, 1, 0])
    books = np.column_stack([returns[:, portfolio == p].sum(axis=1) for p in (0, 1)])
    books[list(unused)] = np.nan
    parts = lot_contributions(returns, portfolio, books)
    for p in (0, 1):
        assert parts[portfolio == p].sum() == pytest.approx(np.nanstd(books[:, p], ddof=1))


@examples
@given(returns=panels())
def test_performance_is_that_of_the_wealth(returns: np.ndarray) -> None:
    result = performance(returns[:, 0])
    wealth = np.concatenate([[1.0], np.cumprod(1 + returns[:, 0])])
    worst = min(wealth[j] / wealth[i] - 1 for i in range(len(wealth)) for j in range(i, len(wealth)))
    assert result.max_drawdown == pytest.approx(worst)
    assert result.cumulative_return == pytest.approx(wealth[-1] - 1)
    assert (1 + result.annual_return) ** (len(returns) / 252) == pytest.approx(wealth[-1])
