"""What holds for every correlation matrix and every covariance estimate."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.engines.correlation import (
    book_correlation,
    clusters,
    complete,
    ewma_correlation,
    fisher_interval,
    pairwise,
)
from analytics.engines.covariance import (
    nearest_correlation,
    oracle_approximating,
    sample_covariance,
    shrink_to_constant_correlation,
    shrink_to_identity,
)
from tests.analytics.engines.return_strategies import panels, seeds

examples = settings(max_examples=60, deadline=None)
TIGHT = {"rtol": 1e-9, "atol": 1e-12}


def assert_correlation(matrix: np.ndarray) -> None:
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_array_equal(np.diag(matrix), 1.0)
    assert (np.abs(matrix) <= 1 + 1e-12).all()


@st.composite
def inconsistent(draw: Any) -> np.ndarray:
    """(N, N) symmetric with unit diagonal and entries no common history could have."""
    generator = np.random.default_rng(draw(seeds))
    count = draw(st.integers(3, 8))
    upper = np.triu(generator.uniform(-0.99, 0.99, (count, count)), 1)
    return upper + upper.T + np.eye(count)


@examples
@given(returns=panels(gaps=True))
def test_a_pair_is_correlated_over_its_common_days(returns: np.ndarray) -> None:
    pairs = pairwise(returns)
    assert_correlation(pairs.correlation)
    for i in range(returns.shape[1]):
        for j in range(i):
            both = ~np.isnan(returns[:, i]) & ~np.isnan(returns[:, j])
            assert pairs.observations[i, j] == both.sum()
            wanted = np.corrcoef(returns[both, i], returns[both, j])[0, 1]
            np.testing.assert_allclose(pairs.correlation[i, j], wanted, **TIGHT)


@examples
@given(returns=panels(gaps=True), shift=st.floats(-0.05, 0.05))
def test_units_and_level_do_not_matter_and_sides_do(returns: np.ndarray, shift: float) -> None:
    sides = np.where(np.arange(returns.shape[1]) % 2, -1.0, 1.0)
    sizes = np.geomspace(0.01, 100, returns.shape[1])
    moved = pairwise(returns * sides * sizes + shift * sizes)
    plain = pairwise(returns)
    np.testing.assert_allclose(moved.correlation, plain.correlation * np.outer(sides, sides), rtol=1e-8, atol=1e-10)
    np.testing.assert_array_equal(moved.observations, plain.observations)


@examples
@given(returns=panels(gaps=True), order=st.randoms(use_true_random=False))
def test_the_order_of_columns_does_not_matter(returns: np.ndarray, order: Any) -> None:
    places = list(range(returns.shape[1]))
    order.shuffle(places)
    plain, moved = pairwise(returns), pairwise(returns[:, places])
    np.testing.assert_allclose(moved.correlation, plain.correlation[np.ix_(places, places)], **TIGHT)


@examples
@given(returns=panels(rows=(40, 80), gaps=True), least=st.integers(30, 80))
def test_pairs_with_few_common_days_are_unknown(returns: np.ndarray, least: int) -> None:
    pairs = pairwise(returns, min_overlap=least)
    np.testing.assert_array_equal(np.isnan(pairs.correlation), pairs.observations < least)


@examples
@given(returns=panels())
def test_the_interval_holds_the_correlation_and_narrows_with_days(returns: np.ndarray) -> None:
    pairs = pairwise(returns)
    off = ~np.eye(len(pairs.correlation), dtype=bool)
    low, high = fisher_interval(pairs.correlation, pairs.observations)
    closer = fisher_interval(pairs.correlation, 2 * pairs.observations)
    assert (low[off] < pairs.correlation[off]).all()
    assert (pairs.correlation[off] < high[off]).all()
    assert (low[off] < closer[0][off]).all()
    assert (closer[1][off] < high[off]).all()


@examples
@given(returns=panels(gaps=True), with_market=st.booleans())
def test_the_matrix_for_arithmetic_has_no_holes_and_no_negative_variance(
    returns: np.ndarray, with_market: bool
) -> None:
    # A column that shares too few days with the others leaves holes to be filled.
    returns[: len(returns) - 25, 0] = np.nan
    market = np.nan_to_num(returns[:, 1:]).mean(axis=1) if with_market else None
    result = complete(returns, pairwise(returns), market)
    assert_correlation(result.correlation)
    assert np.linalg.eigvalsh(result.correlation)[0] >= -1e-10
    assert result.corrected == (result.distance > 0)


@examples
@given(returns=panels(rows=(40, 60)), weights=st.lists(st.floats(1, 1e6), min_size=6, max_size=6))
def test_a_book_counts_between_one_and_all_of_its_symbols(returns: np.ndarray, weights: list[float]) -> None:
    pairs = pairwise(returns).correlation
    count = len(pairs)
    held = np.array(weights[:count])
    book = book_correlation(pairs, pairs, held)
    off = np.abs(pairs[np.triu_indices(count, 1)])
    assert book.pairs == len(off)
    assert off.min() - 1e-12 <= book.weighted_absolute <= off.max() + 1e-12
    assert off.min() - 1e-12 <= book.mean_absolute <= off.max() + 1e-12
    assert abs(book.mean_signed) <= book.mean_absolute + 1e-12
    assert book.effective_positions >= 1 - 1e-9
    doubled = book_correlation(pairs, pairs, 2 * held)
    assert doubled.effective_positions == pytest.approx(book.effective_positions)
    assert doubled.weighted_absolute == pytest.approx(book.weighted_absolute)


@examples
@given(matrix=inconsistent(), threshold=st.floats(0.1, 0.95))
def test_clusters_are_apart_and_hold_every_strong_pair(matrix: np.ndarray, threshold: float) -> None:
    groups = clusters(matrix, threshold=threshold)
    members = [int(i) for group in groups for i in group]
    assert len(members) == len(set(members))
    where = {i: g for g, group in enumerate(groups) for i in group.tolist()}
    for i in range(len(matrix)):
        strong = [j for j in range(len(matrix)) if j != i and abs(matrix[i, j]) >= threshold]
        assert (i in where) == bool(strong)
        assert all(where[j] == where[i] for j in strong)


@examples
@given(matrix=inconsistent())
def test_a_repaired_matrix_is_a_correlation_and_stays_one(matrix: np.ndarray) -> None:
    repaired, distance = nearest_correlation(matrix)
    assert_correlation(repaired)
    assert np.linalg.eigvalsh(repaired)[0] >= -1e-10
    assert distance == pytest.approx(np.linalg.norm(repaired - matrix), abs=1e-12)
    again, _ = nearest_correlation(repaired)
    np.testing.assert_allclose(again, repaired, rtol=0, atol=1e-7)


@examples
@given(matrix=inconsistent())
def test_no_correlation_matrix_is_nearer_than_the_repaired_one(matrix: np.ndarray) -> None:
    repaired, _ = nearest_correlation(matrix)
    # Optimal if what was added is, up to its diagonal, semidefinite and orthogonal to the result (Higham 2002, theorem 2.4).
    added = repaired - matrix
    np.fill_diagonal(added, 0.0)
    np.fill_diagonal(added, -(added * repaired).sum(axis=1))
    assert np.linalg.eigvalsh(added)[0] >= -1e-5
    np.testing.assert_allclose(added @ repaired, 0, atol=1e-5)


@examples
@given(returns=panels(columns=(3, 6)))  # two columns have one correlation, which is its own target
@pytest.mark.parametrize("shrink", [shrink_to_identity, oracle_approximating, shrink_to_constant_correlation])
def test_shrinkage_lies_between_sample_and_target(shrink: Any, returns: np.ndarray) -> None:
    covariance, intensity = shrink(returns)
    sample = sample_covariance(returns)
    assert 0 <= intensity <= 1
    np.testing.assert_allclose(np.trace(covariance), np.trace(sample), rtol=1e-10)
    assert np.linalg.eigvalsh(covariance)[0] >= -1e-15
    larger, same = shrink(10 * returns)
    assert same == pytest.approx(intensity, rel=1e-7, abs=1e-9)
    np.testing.assert_allclose(larger, 100 * covariance, rtol=1e-7, atol=1e-12)


@examples
@given(returns=panels(columns=(3, 6)))
@pytest.mark.parametrize("shrink", [shrink_to_identity, shrink_to_constant_correlation])
def test_twice_the_history_needs_half_the_shrinkage(shrink: Any, returns: np.ndarray) -> None:
    # Opposite sides keep the correlations apart; where they are all alike the target is the sample.
    sides = np.where(np.arange(returns.shape[1]) % 2, -1.0, 1.0)
    often, oftener = (shrink(np.tile(sides * returns, (times, 1)))[1] for times in (300, 600))
    assert often < 1
    assert oftener == pytest.approx(often / 2, rel=1e-6, abs=1e-12)


@examples
@given(returns=panels(), decay=st.floats(0.9, 1))
def test_weighted_correlations_are_correlations(returns: np.ndarray, decay: float) -> None:
    result = ewma_correlation(returns, decay)
    assert_correlation(result.correlation)
    assert 1 <= result.effective_observations <= len(returns) * (1 + 1e-12)
    np.testing.assert_allclose(
        ewma_correlation(7 * returns + 0.01, decay).correlation, result.correlation, rtol=1e-7, atol=1e-9
    )


@examples
@given(returns=panels(gaps=True))
def test_equal_weights_give_the_plain_correlation(returns: np.ndarray) -> None:
    np.testing.assert_allclose(ewma_correlation(returns, 1.0).correlation, pairwise(returns).correlation, **TIGHT)
