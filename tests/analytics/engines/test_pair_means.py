"""Means over the pairs of a book, and squares of correlations without holes."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.engines.correlation import pair_means, without_holes

NAN = np.nan


def square(entries: dict[tuple[int, int], float], size: int) -> np.ndarray:
    pairs = np.full((size, size), 0.5)
    np.fill_diagonal(pairs, 1.0)
    for (i, j), value in entries.items():
        pairs[i, j] = pairs[j, i] = value
    return pairs


def test_pairs_count_by_the_product_of_both_weights() -> None:
    means = pair_means(square({(0, 1): 0.8, (0, 2): -0.4, (1, 2): 0.1}, 3), np.array([60.0, 30.0, 10.0]))
    assert means.mean_absolute == pytest.approx((0.8 + 0.4 + 0.1) / 3)
    assert means.mean_signed == pytest.approx((0.8 - 0.4 + 0.1) / 3)
    assert means.weighted_absolute == pytest.approx((1800 * 0.8 + 600 * 0.4 + 300 * 0.1) / 2700)
    assert means.pairs == 3


def test_unknown_pairs_are_left_out() -> None:
    means = pair_means(square({(0, 1): NAN, (0, 2): 0.4, (1, 2): 0.2}, 3), np.array([60.0, 30.0, 10.0]))
    assert means.mean_absolute == pytest.approx(0.3)
    assert means.weighted_absolute == pytest.approx((600 * 0.4 + 300 * 0.2) / 900)
    assert means.pairs == 2


@pytest.mark.parametrize("pairs", [np.ones((1, 1)), square({(0, 1): NAN}, 2)])
def test_without_a_pair_there_is_no_mean(pairs: np.ndarray) -> None:
    means = pair_means(pairs, np.ones(len(pairs)))
    assert means.pairs == 0
    assert np.isnan([means.mean_absolute, means.mean_signed, means.weighted_absolute]).all()


def test_whoever_lacks_most_pairs_goes_first() -> None:
    assert without_holes(square({(1, 0): NAN, (1, 2): NAN, (1, 3): NAN}, 4)).tolist() == [0, 2, 3]


def test_of_equals_the_last_goes() -> None:
    assert without_holes(square({(0, 2): NAN}, 3)).tolist() == [0, 1]


def test_a_column_nothing_is_known_of_goes() -> None:
    assert without_holes(square({(0, 0): NAN}, 3)).tolist() == [1, 2]


def test_a_known_pair_is_never_lost() -> None:
    lonely = {(i, j): NAN for i in range(6) for j in range(i) if (i, j) != (5, 4)}
    assert without_holes(square(lonely, 6)).tolist() == [4, 5]
