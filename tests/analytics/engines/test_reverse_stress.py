"""The first move that costs so much, and the independent directions of a book, against closed forms and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import entropy, ortho_group

from analytics.engines.bets import bets
from analytics.engines.covariance import shrink_to_constant_correlation
from analytics.engines.reverse_stress import first_moves


def test_of_a_straight_line_it_is_the_quotient() -> None:
    found = first_moves(lambda move: 400 * move, np.array([100.0, 200.0, 396.0, 397.0]), -0.99)
    assert found.lowest == pytest.approx(-396)
    np.testing.assert_allclose(found.moves, [-0.25, -0.5, -0.99, np.nan], atol=1e-9)


def test_a_rise_is_looked_for_on_its_own_side() -> None:
    assert np.isnan(first_moves(lambda move: 400 * move, np.array([1.0]), 1.0).moves).all()
    assert first_moves(lambda move: -400 * move, np.array([100.0]), 1.0).moves == pytest.approx(0.25)


@given(st.floats(-3e4, -1e3), st.floats(0, 5e4), st.floats(0.05, 0.9))
def test_of_a_bent_book_it_is_the_root_that_scipy_finds(slope: float, gamma: float, share: float) -> None:
    def pnl(move: np.ndarray) -> np.ndarray:
        return slope * move - gamma * move**2

    loss = -share * float(pnl(np.array([1.0]))[0])
    root = brentq(lambda move: float(pnl(np.array([move]))[0]) + loss, 0.0, 1.0, xtol=1e-14)
    assert first_moves(pnl, np.array([loss]), 1.0).moves == pytest.approx(root, abs=1e-9)


def test_of_losses_that_come_and_go_the_first_is_found() -> None:
    found = first_moves(lambda move: 10 * np.sin(20 * move), np.array([5.0, 11.0]), -0.9).moves
    assert found[0] == pytest.approx(-np.pi / 6 / 20)
    assert np.isnan(found[1])


@pytest.mark.parametrize(("loss", "limit"), [(0.0, -0.5), (-1.0, -0.5), (1.0, 0.0)])
def test_what_is_no_loss_and_no_way_is_refused(loss: float, limit: float) -> None:
    with pytest.raises(ValueError, match="Losses are positive"):
        first_moves(lambda move: move, np.array([loss]), limit)


def test_bets_of_unrelated_holdings_are_their_own() -> None:
    split = bets(np.diag([0.04, 0.01, 0.09]), np.array([1.0, -2.0, 0.0]))
    assert split.volatility == pytest.approx(np.sqrt(0.08))
    np.testing.assert_allclose(split.shares, [0.5, 0.5, 0.0])
    assert split.effective_bets == pytest.approx(2.0)
    assert split.diversification_ratio == pytest.approx((0.2 + 0.2) / np.sqrt(0.08))


def test_what_moves_as_one_is_one_bet() -> None:
    split = bets(np.full((5, 5), 0.02), np.full(5, 3.0))
    assert (split.effective_bets, split.diversification_ratio) == (pytest.approx(1.0), pytest.approx(1.0))


@given(st.integers(2, 12), st.integers(0, 2**32 - 1))
def test_shares_make_one_and_bets_are_the_entropy_that_scipy_finds(size: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    turned, spread, weights = ortho_group.rvs(size, random_state=rng), rng.uniform(0.1, 2, size), rng.normal(size=size)
    covariance = turned @ np.diag(spread) @ turned.T
    split = bets(covariance, weights)
    assert split.shares.sum() == pytest.approx(1.0)
    assert split.volatility == pytest.approx(np.sqrt(weights @ covariance @ weights))
    assert split.effective_bets == pytest.approx(np.exp(entropy(spread * (turned.T @ weights) ** 2)))
    assert 1 - 1e-9 <= split.effective_bets <= size + 1e-9
    assert split.diversification_ratio >= 1 - 1e-9


def test_a_perfect_hedge_and_an_empty_book_are_no_bets() -> None:
    for covariance, weights in ((np.full((2, 2), 0.02), [1.0, -1.0]), (np.eye(2), [0.0, 0.0])):
        split = bets(covariance, np.array(weights))
        assert split.volatility == 0
        assert np.isnan([split.effective_bets, split.diversification_ratio, *split.shares]).all()


def test_gaps_and_other_sizes_are_refused() -> None:
    for covariance in (np.eye(3), np.array([[1.0, np.nan], [np.nan, 1.0]])):
        with pytest.raises(ValueError, match="2 holdings"):
            bets(covariance, np.ones(2))


def test_a_shrunk_covariance_keeps_variances_and_bets_between_those_of_its_ends() -> None:
    returns = np.random.default_rng(5).normal(0, 0.01, (80, 60))
    shrunk, intensity = shrink_to_constant_correlation(returns, ddof=1)
    np.testing.assert_allclose(np.diag(shrunk), returns.var(axis=0, ddof=1))
    assert 0 < intensity <= 1
    assert np.linalg.eigvalsh(shrunk)[0] > 0
