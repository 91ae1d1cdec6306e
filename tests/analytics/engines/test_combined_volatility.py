"""Books held together: less volatile than their mean, exactly as volatile as their summed returns."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.engines.aggregation import combined_volatility
from analytics.engines.correlation import pairwise


def test_it_is_the_deviation_of_the_summed_returns() -> None:
    returns = np.random.default_rng(7).normal(0.0, [0.01, 0.02, 0.015], size=(63, 3)) + 0.2 * np.random.default_rng(
        8
    ).normal(0.0, 0.02, size=(63, 1))
    weights = np.array([0.5, 0.2, 0.3])
    alone = returns.std(axis=0, ddof=1) * np.sqrt(252)
    found = combined_volatility(weights, alone, pairwise(returns).correlation)
    assert found.volatility == pytest.approx((returns @ weights).std(ddof=1) * np.sqrt(252), rel=1e-12)


def test_parts_add_up_and_a_hedge_takes_away() -> None:
    found = combined_volatility(np.array([0.8, 0.2]), np.array([0.2, 0.3]), np.array([[1.0, -0.5], [-0.5, 1.0]]))
    assert found.component.sum() == pytest.approx(found.volatility)
    assert found.component[1] < 0 < found.component[0]


def test_two_that_move_alike_have_their_mean() -> None:
    found = combined_volatility(np.array([0.25, 0.75]), np.array([0.2, 0.4]), np.ones((2, 2)))
    assert found.volatility == pytest.approx(0.35)


def test_an_unknown_pair_is_no_reason_for_less_risk() -> None:
    unknown = np.array([[1.0, np.nan], [np.nan, 1.0]])
    assert combined_volatility(np.array([0.5, 0.5]), np.array([0.2, 0.4]), unknown).volatility == pytest.approx(0.3)


def test_a_book_alone_keeps_its_own() -> None:
    found = combined_volatility(np.array([1.0]), np.array([0.1234]), np.array([[np.nan]]))
    assert found.volatility == pytest.approx(0.1234)


def test_a_book_without_one_adds_nothing() -> None:
    found = combined_volatility(np.array([0.5, 0.5]), np.array([0.2, np.nan]), np.eye(2))
    assert found.volatility == pytest.approx(0.1)
    assert np.isnan(found.component[1])


def test_none_known_is_unknown_and_none_moving_is_zero() -> None:
    assert np.isnan(combined_volatility(np.array([1.0]), np.array([np.nan]), np.eye(1)).volatility)
    assert combined_volatility(np.array([1.0]), np.array([0.0]), np.eye(1)).volatility == 0
    assert np.isnan(combined_volatility(np.empty(0), np.empty(0), np.empty((0, 0))).volatility)
