"""What holds when betas of symbols become exposures of books."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.engines.aggregation import FactorExposures, factor_exposures, net_by_symbol
from tests.analytics.engines.book_strategies import SYMBOLS, Lots, lots, shuffled_lots, split_lots

examples = settings(max_examples=100, deadline=None)
FACTORS = 3
NAMES = [field.name for field in fields(FactorExposures)]


@st.composite
def betas(draw: Any) -> np.ndarray:
    """(N, K) in halves, NaN where a symbol has none."""
    beta = st.integers(-4, 4).map(lambda n: n / 2) | st.just(float("nan"))
    return np.array(
        draw(st.lists(st.lists(beta, min_size=FACTORS, max_size=FACTORS), min_size=SYMBOLS, max_size=SYMBOLS))
    )


def held(book: Lots) -> np.ndarray:
    return net_by_symbol(book.dollars, book.portfolio, book.symbol, book.count, SYMBOLS)


def equity(book: Lots) -> np.ndarray:
    return np.linspace(50_000.0, 200_000.0, book.count)


@examples
@given(book=lots(unknown=True))
def test_holdings_are_the_net_of_their_known_lots(book: Lots) -> None:
    result = held(book)
    for p in range(book.count):
        for s in range(SYMBOLS):
            own = book.dollars[(book.portfolio == p) & (book.symbol == s)]
            assert result[p, s] == np.nansum(own)


@examples
@given(book=lots(), outside=st.sets(st.integers(0, SYMBOLS - 1)))
def test_lots_without_a_symbol_are_left_out(book: Lots, outside: set[int]) -> None:
    symbol = np.where(np.isin(book.symbol, list(outside)), -1, book.symbol)
    result = net_by_symbol(book.dollars, book.portfolio, symbol, book.count, SYMBOLS)
    wanted = held(book)
    wanted[:, list(outside)] = 0
    np.testing.assert_array_equal(result, wanted)


@examples
@given(pair=shuffled_lots() | split_lots(), slopes=betas())
def test_neither_order_nor_number_of_lots_matters(pair: tuple[Lots, Lots], slopes: np.ndarray) -> None:
    one, other = (factor_exposures(held(book), slopes, equity(book)) for book in pair)
    for name in NAMES:
        np.testing.assert_array_equal(getattr(other, name), getattr(one, name), err_msg=name)


@examples
@given(book=lots(), slopes=betas())
def test_an_exposure_is_the_sum_over_symbols_with_a_beta(book: Lots, slopes: np.ndarray) -> None:
    holdings = held(book)
    result = factor_exposures(holdings, slopes, equity(book))
    for p in range(book.count):
        for k in range(FACTORS):
            known = [s for s in range(SYMBOLS) if not np.isnan(slopes[s, k])]
            covered, total = sum(abs(holdings[p, s]) for s in known), np.abs(holdings[p]).sum()
            if not covered:
                assert np.isnan(result.dollar[p, k])
                assert np.isnan(result.value[p, k])
            else:
                dollars = sum(holdings[p, s] * slopes[s, k] for s in known)
                np.testing.assert_allclose(result.dollar[p, k], dollars, rtol=1e-12, atol=1e-6)
                np.testing.assert_allclose(result.value[p, k], dollars / equity(book)[p], rtol=1e-12, atol=1e-12)
            np.testing.assert_allclose(result.coverage[p, k], covered / total if total else np.nan, rtol=1e-12)


@examples
@given(book=lots(), slopes=betas())
def test_doubling_book_and_equity_leaves_the_exposure(book: Lots, slopes: np.ndarray) -> None:
    single = factor_exposures(held(book), slopes, equity(book))
    double = factor_exposures(held(book.scaled(2)), slopes, 2 * equity(book))
    np.testing.assert_array_equal(double.dollar, 2 * single.dollar)
    np.testing.assert_array_equal(double.value, single.value)
    np.testing.assert_array_equal(double.coverage, single.coverage)


@examples
@given(book=lots(), slopes=betas(), apart=st.integers(1, 1_000_000).map(float))
def test_dollars_outside_the_symbols_lower_coverage_only(book: Lots, slopes: np.ndarray, apart: float) -> None:
    holdings = held(book)
    without = factor_exposures(holdings, slopes, equity(book))
    result = factor_exposures(holdings, slopes, equity(book), uncovered=np.full(book.count, apart))
    np.testing.assert_array_equal(result.dollar, without.dollar)
    np.testing.assert_array_equal(result.value, without.value)
    total = np.abs(holdings).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(result.coverage, np.nan_to_num(without.coverage) * total / (total + apart), rtol=1e-12)


@examples
@given(book=lots(), slopes=betas())
def test_a_book_without_equity_keeps_its_dollars(book: Lots, slopes: np.ndarray) -> None:
    result = factor_exposures(held(book), slopes, np.zeros(book.count))
    assert np.isnan(result.value).all()
    np.testing.assert_array_equal(result.dollar, factor_exposures(held(book), slopes, equity(book)).dollar)
