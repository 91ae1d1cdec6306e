"""The split of variance into factors and the rest, against a simulated market that is exactly so."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from analytics.engines.factors import factor_shares, variance_parts

FACTORS, SYMBOLS = 3, 8


def world() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Loadings (N, K), factor covariance (K, K) and residual volatilities (N,)."""
    generator = np.random.default_rng(8)
    root = 0.01 * generator.standard_normal((FACTORS, FACTORS))
    return generator.standard_normal((SYMBOLS, FACTORS)), root @ root.T, generator.uniform(0.005, 0.03, SYMBOLS)


def test_parts_add_up_to_the_variance_of_the_full_covariance() -> None:
    loadings, covariance, residual = world()
    dollars = np.array([[5e4, -2e4, 0, 1e4, 0, 0, 3e4, -1e3], [0, 0, 7e4, 0, 0, 0, 0, 0]])
    equity = np.array([1e5, 5e4])
    weights = dollars / equity[:, None]
    parts = variance_parts(weights @ loadings, covariance, csr_matrix(dollars), residual, equity)
    full = loadings @ covariance @ loadings.T + np.diag(residual**2)
    np.testing.assert_allclose(parts.factor**2 + parts.specific**2, np.diag(weights @ full @ weights.T))
    shares = factor_shares((weights @ loadings)[0], covariance)
    assert shares.sum() == pytest.approx(parts.factor[0] ** 2)


def test_doubling_a_book_with_its_equity_changes_nothing_and_without_doubles_both() -> None:
    loadings, covariance, residual = world()
    dollars = np.random.default_rng(2).normal(0, 1e4, (1, SYMBOLS))
    equity = np.array([1e5])

    def parts_of(size: float, money: float) -> np.ndarray:
        held = size * dollars
        found = variance_parts(
            held @ loadings / (money * equity[:, None]), covariance, csr_matrix(held), residual, money * equity
        )
        return np.array([found.factor[0], found.specific[0]])

    np.testing.assert_allclose(parts_of(2, 2), parts_of(1, 1))
    np.testing.assert_allclose(parts_of(2, 1), 2 * parts_of(1, 1))


def test_a_hedge_of_the_market_leaves_what_is_specific() -> None:
    covariance = np.array([[1e-4]])
    dollars = csr_matrix(np.array([[1e5, -1e5]]))
    parts = variance_parts(np.array([[0.0]]), covariance, dollars, np.array([0.02, 0.0]), np.array([1e5]))
    assert (parts.factor[0], parts.specific[0]) == (0.0, pytest.approx(0.02))


def test_without_loadings_or_equity_there_are_no_parts() -> None:
    _, covariance, residual = world()
    loadings = np.array([[np.nan] * FACTORS, [0.5] * FACTORS])
    dollars = csr_matrix(np.ones((2, SYMBOLS)))
    parts = variance_parts(loadings, covariance, dollars, residual, np.array([1e5, -1.0]))
    assert np.isnan(parts.factor).all()
    assert np.isnan(parts.specific).all()
