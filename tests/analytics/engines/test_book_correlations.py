"""Many books at once are the same books one by one."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.engines.book_correlations import BookCorrelations, correlate_books
from analytics.engines.correlation import book_correlation, clusters, complete, pairwise
from tests.analytics.engines.return_strategies import seeds

examples = settings(max_examples=40, deadline=None)
CLOSE = {"rtol": 1e-8, "atol": 1e-11}
THRESHOLD = 0.5
BY_HOLDING = {"cluster", "correlation_to_cluster", "cluster_correlation"}


@dataclass(frozen=True)
class Books:
    returns: np.ndarray
    market: np.ndarray
    portfolio: np.ndarray
    symbol: np.ndarray
    value: np.ndarray
    weight: np.ndarray
    count: int

    def correlate(self, chosen: np.ndarray | None = None, portfolio: np.ndarray | None = None) -> BookCorrelations:
        h = np.arange(len(self.symbol)) if chosen is None else chosen
        owner = self.portfolio[h] if portfolio is None else portfolio
        count = self.count if portfolio is None else int(portfolio.max(initial=-1)) + 1
        return correlate_books(
            self.returns, owner, self.symbol[h], self.value[h], self.weight[h], count, self.market, threshold=THRESHOLD
        )

    def held(self, book: int) -> np.ndarray:
        """Holdings of a book by symbol."""
        mine = np.flatnonzero(self.portfolio == book)
        return mine[np.argsort(self.symbol[mine])]


@st.composite
def books(draw: Any) -> Books:
    """Books over symbols of which some are complete, some have gaps, some are young, one never moves and one never trades."""
    generator = np.random.default_rng(draw(seeds))
    rows, symbols, count = draw(st.integers(40, 90)), 24, draw(st.integers(1, 8))
    market = 0.01 * generator.standard_normal(rows)
    returns = market[:, None] * generator.uniform(-0.5, 2, symbols) + 0.01 * generator.standard_normal((rows, symbols))
    returns[:, 8:16][generator.random((rows, 8)) < 0.05] = np.nan
    returns[: rows - 33, 16:20] = np.nan
    returns[: rows - 8, 20] = np.nan
    returns[:, 22], returns[:, 23] = 1 / 3000, np.nan
    chosen = [generator.choice(symbols, size=draw(st.integers(0, 12)), replace=False) for _ in range(count)]
    portfolio = np.repeat(np.arange(count), [len(c) for c in chosen])
    symbol = np.concatenate(chosen).astype(np.int64)
    order = generator.permutation(len(symbol))
    value, weight = generator.uniform(1e3, 1e6, (2, len(symbol)))
    return Books(returns, market, portfolio[order], symbol[order], value, weight, count)


@examples
@given(books=books())
def test_a_book_among_others_has_the_figures_it_has_alone(books: Books) -> None:
    together = books.correlate()
    for b in range(books.count):
        held = books.held(b)
        if len(held) < 2:
            assert np.isnan(together.mean_absolute[b])
            assert together.pairs[b] == 0
            continue
        returns = books.returns[:, books.symbol[held]]
        pairs = pairwise(returns)
        matrix = complete(returns, pairs, books.market)
        by_weight = book_correlation(pairs.correlation, matrix.correlation, books.weight[held])
        by_value = book_correlation(pairs.correlation, matrix.correlation, books.value[held])
        assert together.pairs[b] == by_weight.pairs
        np.testing.assert_allclose(together.mean_absolute[b], by_weight.mean_absolute, **CLOSE)
        np.testing.assert_allclose(together.mean_signed[b], by_weight.mean_signed, **CLOSE)
        np.testing.assert_allclose(together.weighted_absolute[b], by_value.weighted_absolute, **CLOSE)
        np.testing.assert_allclose(together.diversification_score[b], by_value.diversification_score, **CLOSE)
        np.testing.assert_allclose(together.effective_positions[b], by_weight.effective_positions, **CLOSE)
        np.testing.assert_allclose(
            together.effective_positions_equal_weight[b], by_weight.effective_positions_equal_weight, **CLOSE
        )
        if by_weight.pairs:
            np.testing.assert_allclose(together.distance[b], matrix.distance, rtol=1e-6, atol=1e-9)
        assert together.least_overlap[b] == pairs.observations[np.triu_indices(len(held), 1)].min()


@examples
@given(books=books())
def test_clusters_of_a_book_among_others_are_its_own(books: Books) -> None:
    together = books.correlate()
    for b in range(books.count):
        held = books.held(b)
        correlation = pairwise(books.returns[:, books.symbol[held]]).correlation
        groups = clusters(correlation, threshold=THRESHOLD)
        assert together.cluster[held].max(initial=-1) == len(groups) - 1
        for number, members in enumerate(groups):
            np.testing.assert_array_equal(np.flatnonzero(together.cluster[held] == number), members)
            inside = np.where(np.eye(len(members), dtype=bool), np.nan, correlation[np.ix_(members, members)])
            mine = held[members]
            np.testing.assert_allclose(together.cluster_correlation[mine], np.nanmean(inside), **CLOSE)
            np.testing.assert_allclose(together.correlation_to_cluster[mine], np.nanmean(inside, axis=1), **CLOSE)
        if together.pairs[b]:
            clustered = held[together.cluster[held] >= 0]
            share = books.value[clustered].sum() / books.value[held].sum()
            np.testing.assert_allclose(together.clustered_share[b], share, rtol=1e-12)


@examples
@given(books=books())
def test_neighbours_and_order_change_no_bit(books: Books) -> None:
    together = books.correlate()
    for b in range(books.count):
        held = books.held(b)
        if not len(held):
            continue
        alone = books.correlate(held, np.zeros(len(held), dtype=np.int64))
        for field in fields(BookCorrelations):
            everyone = getattr(together, field.name)
            own = everyone[held] if field.name in BY_HOLDING else everyone[b : b + 1]
            np.testing.assert_array_equal(getattr(alone, field.name), own, err_msg=field.name)


def test_a_symbol_twice_in_a_book_is_refused() -> None:
    one = np.ones(2)
    with pytest.raises(ValueError, match="net its lots"):
        correlate_books(np.ones((40, 3)), np.array([0, 0]), np.array([1, 1]), one, one, 1)


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan])
def test_a_holding_without_value_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="positive value"):
        correlate_books(np.ones((40, 3)), np.array([0, 0]), np.array([0, 1]), np.array([1.0, bad]), np.ones(2), 1)


def test_no_holdings_are_no_error() -> None:
    nothing = np.empty(0, dtype=np.int64)
    result = correlate_books(np.ones((40, 3)), nothing, nothing, np.empty(0), np.empty(0), 2)
    assert np.isnan(result.effective_positions).all()
    np.testing.assert_array_equal(result.symbols, [0, 0])
