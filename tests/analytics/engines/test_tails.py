"""Every method's tails against independent computations, and what holds for all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from analytics.engines.holdings import FOLLOWS_NOTHING, LotColumns, book_holdings
from analytics.engines.risk import (
    LotHistory,
    incremental_var,
    shocked,
    tail_contributions,
    ten_day_pnl,
    var_contributions,
)
from analytics.engines.tails import (
    CONFIDENCES,
    DECAY,
    METHODS,
    SEED_DAYS,
    TAILS,
    Moments,
    cornish_fisher_tail,
    ewma_volatility,
    historical_tail,
    tail_table,
)
from tests.analytics.engines.return_strategies import panels

examples = settings(max_examples=40, deadline=None)
ROOT = np.sqrt(10)


def slot(method: str, days: int, confidence: float) -> int:
    return TAILS.index((method, days, confidence))


def ewma_by_hand(series: np.ndarray) -> tuple[np.ndarray, float]:
    """Day by day, the used days of one series."""
    known = series[~np.isnan(series)]
    level = (known[:SEED_DAYS] ** 2).mean()
    before = []
    for value in series:
        before.append(level)
        if not np.isnan(value):
            level = DECAY * level + (1 - DECAY) * value**2
    return np.sqrt(before), float(np.sqrt(level))


@examples
@given(pnl=panels(gaps=True))
def test_filter_is_the_recursion(pnl: np.ndarray) -> None:
    before, now = ewma_volatility(pnl)
    for column in range(pnl.shape[1]):
        expected, last = ewma_by_hand(pnl[:, column])
        np.testing.assert_allclose(before[:, column], expected, rtol=1e-11)
        assert now[column] == pytest.approx(last, rel=1e-11)


@settings(max_examples=10, deadline=None)
@given(pnl=panels(gaps=True, rows=(90, 120)), confidence=st.sampled_from(CONFIDENCES))
def test_every_method_is_what_scipy_says(pnl: np.ndarray, confidence: float) -> None:
    table = tail_table(pnl, ROOT * pnl)
    for book in range(pnl.shape[1]):
        own = pnl[:, book]
        known = own[~np.isnan(own)]
        before, now = ewma_by_hand(own)
        scaled = (own / before * now)[~np.isnan(own)]
        found = {method: table.var[book, slot(method, 1, confidence)] for method in METHODS}
        beyond = {method: table.expected_shortfall[book, slot(method, 1, confidence)] for method in METHODS}
        assert found["historical"] == pytest.approx(-np.quantile(known, 1 - confidence), rel=1e-10)
        assert found["filtered"] == pytest.approx(-np.quantile(scaled, 1 - confidence), rel=1e-9)
        normal = stats.norm(known.mean(), known.std(ddof=1))
        assert found["parametric"] == pytest.approx(-normal.ppf(1 - confidence), rel=1e-9)
        tail_mean = integrate.quad(normal.ppf, 0, 1 - confidence)[0] / (1 - confidence)
        assert beyond["parametric"] == pytest.approx(-tail_mean, rel=1e-4)
        z, s, k = stats.norm.ppf(1 - confidence), stats.skew(known), stats.kurtosis(known)
        quantile = z + (z * z - 1) * s / 6 + (z**3 - 3 * z) * k / 24 - (2 * z**3 - 5 * z) * s * s / 36
        assert found["cornish_fisher"] == pytest.approx(-known.mean() - quantile * known.std(ddof=1), rel=1e-9)
        assert table.observations[book] == len(known)
        assert table.deviation[book] == pytest.approx(known.std(ddof=1))


@pytest.mark.parametrize("confidence", CONFIDENCES)
def test_mean_of_the_corrected_tail_is_the_integral_of_its_quantiles(confidence: float) -> None:
    mean, deviation, s, k = 2.0, 30.0, -0.4, 1.5

    def quantile(p: float) -> float:
        z = stats.norm.ppf(p)
        return z + (z * z - 1) * s / 6 + (z**3 - 3 * z) * k / 24 - (2 * z**3 - 5 * z) * s * s / 36

    moments = Moments(*(np.array([x]) for x in (mean, deviation, s, k)))
    _, shortfall = cornish_fisher_tail(moments, confidence)
    expected = -(mean + deviation * integrate.quad(quantile, 0, 1 - confidence)[0] / (1 - confidence))
    assert shortfall[0] == pytest.approx(expected, rel=1e-6)


def test_a_normal_history_has_one_tail_by_every_method() -> None:
    pnl = 1000 * stats.norm.ppf((np.arange(2000) + 0.5) / 2000)[np.random.default_rng(5).permutation(2000)][:, None]
    table = tail_table(pnl, ROOT * pnl)
    for level, expected in ((0.95, 1644.85), (0.99, 2326.35)):
        for method in ("historical", "parametric", "cornish_fisher"):
            assert table.var[0, slot(method, 1, level)] == pytest.approx(expected, rel=0.01)


@examples
@given(pnl=panels(gaps=True), size=st.sampled_from([0.5, 2.0, 1e6]))
def test_size_order_and_horizon(pnl: np.ndarray, size: float) -> None:
    table, larger = (
        tail_table(pnl, ROOT * pnl, min_observations=30),
        tail_table(size * pnl, ROOT * size * pnl, min_observations=30),
    )
    np.testing.assert_allclose(larger.var, size * table.var, rtol=1e-9)
    np.testing.assert_allclose(larger.expected_shortfall, size * table.expected_shortfall, rtol=1e-9)
    assert (table.expected_shortfall >= table.var).all()
    for method in METHODS:
        day, ten = (table.var[:, slot(method, days, 0.99)] for days in (1, 10))
        np.testing.assert_allclose(ten, ROOT * day, rtol=1e-9)
        if method != "cornish_fisher":  # Beyond its bounds its quantiles need not be in order.
            assert (table.var[:, slot(method, 1, 0.99)] >= table.var[:, slot(method, 1, 0.95)]).all()


@examples
@given(pnl=panels(gaps=True, columns=(3, 5)))
def test_books_do_not_see_each_other(pnl: np.ndarray) -> None:
    together = tail_table(pnl, ROOT * pnl, min_observations=30)
    for book in range(pnl.shape[1]):
        own = pnl[:, book : book + 1]
        alone = tail_table(own, ROOT * own, min_observations=30)
        np.testing.assert_allclose(alone.var[0], together.var[book], rtol=1e-11)
        np.testing.assert_allclose(alone.expected_shortfall[0], together.expected_shortfall[book], rtol=1e-11)


def test_too_few_days_and_a_book_that_never_moves() -> None:
    pnl = np.zeros((80, 2))
    pnl[:30, 1] = np.nan
    table = tail_table(pnl, ROOT * pnl)
    assert (table.var[0] == 0).all()
    assert (table.expected_shortfall[0] == 0).all()
    assert np.isnan(table.var[1]).all()
    assert table.observations.tolist() == [80, 50]


def stock_book(values: np.ndarray) -> tuple[LotColumns, object]:
    count = len(values)
    lots = LotColumns(
        portfolio=np.zeros(count, dtype=np.int64), symbol=np.arange(count), contract=np.full(count, -1), market_value=values,
        delta_dollars=np.full(count, np.nan), shares=np.zeros(count), usable=np.ones(count, dtype=bool),
        is_private=np.zeros(count, dtype=bool), proxy=np.full(count, FOLLOWS_NOTHING), proxy_multiple=np.ones(count),
    )  # fmt: skip
    return lots, book_holdings(lots, books=1, symbols=count, contracts=0)


def test_ten_days_scale_shocks_and_stop_a_fall_at_its_floor() -> None:
    returns = np.array([[0.01, -0.02], [-0.40, 0.01], [-0.10, -0.50]])
    values = np.array([1000.0, -500.0])
    _, held = stock_book(values)
    pnl = (returns @ values)[:, None]
    nothing = np.empty((3, 0))
    found = ten_day_pnl(held, pnl, returns, nothing, nothing)  # type: ignore[arg-type]
    np.testing.assert_allclose(found[:, 0], np.maximum(ROOT * returns, -0.99) @ values)
    np.testing.assert_allclose(shocked(returns, 10), np.maximum(ROOT * returns, -0.99))


def history_of(lot_pnl: np.ndarray) -> LotHistory:
    count = lot_pnl.shape[1]
    return LotHistory(
        np.ones(count), np.arange(count), np.zeros(count), np.full(count, -1), lot_pnl, np.empty((len(lot_pnl), 0))
    )


@examples
@given(pnl=panels(columns=(4, 4), gaps=True), confidence=st.sampled_from(CONFIDENCES))
def test_contributions_to_the_tail_add_up_and_are_those_of_the_whole_split(pnl: np.ndarray, confidence: float) -> None:
    portfolio = np.array([0, 0, 0, 1])
    book = np.column_stack([pnl[:, :3].sum(axis=1), pnl[:, 3]])
    lots = history_of(pnl)
    parts = var_contributions(lots, portfolio, book, confidence, min_observations=30)
    whole = tail_contributions(lots, portfolio, book, confidence, min_observations=30)
    np.testing.assert_allclose(parts, whole.component_var, rtol=1e-12)
    sums = np.bincount(portfolio, weights=parts)
    np.testing.assert_allclose(sums, historical_tail(book, confidence, min_observations=30).var, rtol=1e-9)


def test_a_lot_nothing_is_known_of_adds_nothing() -> None:
    pnl = 0.01 * np.random.default_rng(1).standard_normal((100, 2))
    pnl[:, 1] = np.nan
    lots = LotHistory(
        np.array([1.0, 0.0]), np.array([0, -1]), np.zeros(2), np.full(2, -1), pnl[:, :1], np.empty((100, 0))
    )
    parts = var_contributions(lots, np.zeros(2, dtype=np.int64), pnl[:, :1], 0.95)
    assert parts[1] == 0
    assert parts[0] == pytest.approx(historical_tail(pnl[:, :1], 0.95).var[0])


@examples
@given(pnl=panels(columns=(3, 3)))
def test_increments_are_the_books_without_each_lot(pnl: np.ndarray) -> None:
    book = pnl.sum(axis=1)
    falls = incremental_var(pnl, book, 0.95)
    for lot in range(3):
        without = np.delete(pnl, lot, axis=1).sum(axis=1)
        assert falls[lot] == pytest.approx(np.quantile(without, 0.05) - np.quantile(book, 0.05), abs=1e-14)
    assert history_of(pnl).matrix() == pytest.approx(pnl)
