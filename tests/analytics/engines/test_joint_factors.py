"""The joint factor model: its factors, the sums of its loadings over a book, the drawing towards a sector, the covariance."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.engines.aggregation import factor_exposures
from analytics.engines.factors import (
    FACTOR_FUNDS,
    JOINT_FACTORS,
    PRIOR_STD_FLOOR,
    SMALLEST_SECTOR,
    JointLoadings,
    factor_covariance,
    joint_factor_returns,
    joint_loadings,
    shrink_by_sector,
    style_exposures,
)
from analytics.engines.regression import COLUMNS, exponential_weights, fit
from tests.analytics.engines.return_strategies import panels, seeds

examples = settings(max_examples=40, deadline=None)
TIGHT = {"rtol": 1e-9, "atol": 1e-12}
K = len(JOINT_FACTORS)
SPY, TLT = FACTOR_FUNDS.index("SPY"), FACTOR_FUNDS.index("TLT")
BY_SYMBOL = [field.name for field in fields(JointLoadings)]


@st.composite
def funds(draw: Any, *, rows: tuple[int, int] = (90, 252)) -> np.ndarray:
    """(T, 8) returns of the funds, each with the market in it."""
    own = draw(panels(rows=rows, columns=(8, 8), stream=2))
    market = own[:, :1].copy()
    own[:, 1:7] = market + 0.3 * own[:, 1:7]
    return own


@st.composite
def markets(draw: Any, *, gaps: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Returns of symbols (T, N) and of the funds (T, 8) on the same days."""
    of_funds = draw(funds())
    returns = draw(panels(rows=(len(of_funds), len(of_funds)), columns=(3, 8), gaps=gaps))
    return returns + of_funds[:, :1], of_funds


def unsheltered(count: int) -> np.ndarray:
    return np.zeros(count, dtype=bool)


@examples
@given(of_funds=funds())
def test_the_rates_factor_holds_no_market(of_funds: np.ndarray) -> None:
    factors = joint_factor_returns(of_funds)
    assert factors.shape == (len(of_funds), K)
    weight = exponential_weights(len(of_funds), 126.0)
    market, rates = of_funds[:, SPY], factors[:, JOINT_FACTORS.index("Rates")]
    level = weight @ market / weight.sum()
    np.testing.assert_allclose(weight @ rates, 0, atol=1e-12)
    np.testing.assert_allclose((weight * (market - level)) @ rates, 0, atol=1e-14)
    np.testing.assert_array_equal(factors[:, 0], market)


@examples
@given(of_funds=funds(), missing=st.integers(0, 7), day=st.integers(0, 80))
def test_a_day_without_one_of_the_funds_is_no_day(of_funds: np.ndarray, missing: int, day: int) -> None:
    of_funds[day, missing] = np.nan
    factors = joint_factor_returns(of_funds)
    np.testing.assert_array_equal(np.isnan(factors).any(axis=1), np.arange(len(factors)) == day)
    assert np.isnan(factors[day]).all()


@examples
@given(market=markets())
def test_a_fund_is_the_sum_of_its_factors(market: tuple[np.ndarray, np.ndarray]) -> None:
    _, of_funds = market
    factors = joint_factor_returns(of_funds)
    joint = joint_loadings(of_funds, factors, np.zeros(8, np.int64), np.ones(8, dtype=bool))
    expected = {
        "SPY": {0: 1.0},
        "MTUM": {0: 1.0, 2: 1.0},
        "IWM": {0: 1.0, 3: 1.0},
        "QUAL": {0: 1.0, 4: 1.0},
        "USMV": {0: 1.0, 5: 1.0},
    }
    for name, loads in expected.items():
        wanted = np.array([loads.get(k, 0.0) for k in range(K)])
        np.testing.assert_allclose(joint.raw[FACTOR_FUNDS.index(name)], wanted, rtol=0, atol=1e-9)
    np.testing.assert_allclose(joint.raw[TLT, JOINT_FACTORS.index("Rates")], 1.0, atol=1e-9)
    spread = joint.raw[FACTOR_FUNDS.index("VUG")] - joint.raw[FACTOR_FUNDS.index("VTV")]
    np.testing.assert_allclose(spread, np.eye(K)[1], atol=1e-9)
    np.testing.assert_array_equal(joint.shrunk, joint.raw)


@examples
@given(market=markets(), seed=seeds)
def test_a_book_loads_on_factors_as_its_own_returns_do(market: tuple[np.ndarray, np.ndarray], seed: int) -> None:
    returns, of_funds = market
    factors = joint_factor_returns(of_funds)
    dollars = np.random.default_rng(seed).uniform(-1e5, 1e5, (3, returns.shape[1]))
    equity = np.array([1e5, 2e5, 3e5])
    joint = joint_loadings(returns, factors, np.zeros(returns.shape[1], np.int64), unsheltered(returns.shape[1]))
    summed = factor_exposures(dollars, joint.raw, equity)
    direct = fit(returns @ (dollars / equity[:, None]).T, factors, weights=exponential_weights(len(returns), 126.0))
    np.testing.assert_allclose(summed.value, direct.coefficients, rtol=1e-8, atol=1e-11)
    np.testing.assert_allclose(summed.coverage, 1.0)


@examples
@given(market=markets(gaps=True), order=st.randoms(use_true_random=False))
def test_the_order_of_symbols_does_not_matter(market: tuple[np.ndarray, np.ndarray], order: Any) -> None:
    returns, of_funds = market
    factors = joint_factor_returns(of_funds)
    count = returns.shape[1]
    sector, sheltered = np.arange(count) % 2, np.arange(count) == 1
    places = list(range(count))
    order.shuffle(places)
    plain = joint_loadings(returns, factors, sector, sheltered)
    moved = joint_loadings(returns[:, places], factors, sector[places], sheltered[places])
    for name in BY_SYMBOL:
        np.testing.assert_allclose(getattr(moved, name), getattr(plain, name)[places], **TIGHT, err_msg=name)


@examples
@given(market=markets(), split=st.integers(1, 40))
def test_a_gap_elsewhere_changes_no_complete_symbol(market: tuple[np.ndarray, np.ndarray], split: int) -> None:
    returns, of_funds = market
    factors = joint_factor_returns(of_funds)
    weight = exponential_weights(len(returns), 126.0)
    whole = fit(returns, factors, weights=weight, newey_west=True)
    returns[:split, 0] = np.nan
    with_gap = fit(returns, factors, weights=weight, newey_west=True)
    np.testing.assert_allclose(with_gap.coefficients[1:], whole.coefficients[1:], rtol=1e-10, atol=1e-13)
    assert with_gap.newey_west is not None
    assert whole.newey_west is not None
    np.testing.assert_allclose(with_gap.newey_west[1:], whole.newey_west[1:], rtol=1e-10)
    # One solve for all rows at once, as a textbook does it.
    root = np.sqrt(weight)[:, None]
    design = np.column_stack([np.ones(len(factors)), factors])
    wanted = np.linalg.lstsq(root * design, root * returns[:, 1:], rcond=None)[0]
    np.testing.assert_allclose(with_gap.coefficients[1:], wanted[1:].T, rtol=1e-9, atol=1e-12)


def test_more_symbols_than_a_block_are_the_symbols_one_by_one() -> None:
    generator = np.random.default_rng(7)
    factors = 0.01 * generator.standard_normal((120, 3))
    series = 0.02 * generator.standard_normal((120, 2 * COLUMNS + 3))
    series[generator.random(series.shape) < 0.02] = np.nan
    together = fit(series, factors, newey_west=True)
    for i in (0, COLUMNS - 1, COLUMNS, 2 * COLUMNS + 2):
        alone = fit(series[:, i : i + 1], factors, newey_west=True)
        for field in fields(together):
            value, own = getattr(together, field.name), getattr(alone, field.name)
            value = value[:, i : i + 1] if field.name == "residuals" else value[i : i + 1]
            np.testing.assert_allclose(value, own, rtol=1e-10, atol=1e-14, err_msg=field.name)


@pytest.mark.parametrize("level", [0.0, 0.0007, 1 / 3000, -0.012345])
def test_a_constant_series_explains_nothing(level: float) -> None:
    factors = 0.01 * np.random.default_rng(3).standard_normal((120, 4))
    result = fit(np.full((120, 1), level), factors)
    np.testing.assert_array_equal(result.r_squared, 0.0)
    np.testing.assert_allclose(result.coefficients, 0, atol=1e-12)


def cross_section(seed: int, sizes: list[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    sector = np.repeat(np.arange(len(sizes)), sizes)
    loadings = generator.normal(sector[:, None], 0.5, (len(sector), K))
    return loadings, generator.uniform(0.01, 0.6, loadings.shape), sector


@examples
@given(seed=seeds, sizes=st.lists(st.integers(1, 9), min_size=1, max_size=4))
def test_a_loading_goes_towards_its_sector_or_everybody(seed: int, sizes: list[int]) -> None:
    loadings, errors, sector = cross_section(seed, sizes)
    shrunk = shrink_by_sector(loadings, errors, sector, unsheltered(len(sector)))
    for i, code in enumerate(sector):
        peers = sector == code if sizes[code] >= SMALLEST_SECTOR else np.ones(len(sector), dtype=bool)
        spread = loadings[peers].var(axis=0, ddof=1) if peers.sum() > 1 else np.zeros(K)
        prior = np.maximum(spread - (errors[peers] ** 2).mean(axis=0), PRIOR_STD_FLOOR**2)
        weight = prior / (prior + errors[i] ** 2)
        np.testing.assert_allclose(
            shrunk[i], weight * loadings[i] + (1 - weight) * loadings[peers].mean(axis=0), **TIGHT
        )


@examples
@given(seed=seeds, lost=st.integers(0, 5))
def test_unknown_loadings_stay_unknown_and_teach_nothing(seed: int, lost: int) -> None:
    loadings, errors, sector = cross_section(seed, [8, 8])
    sheltered = unsheltered(16)
    sheltered[6] = True
    loadings[lost] = np.nan
    shrunk = shrink_by_sector(loadings, errors, sector, sheltered)
    np.testing.assert_array_equal(np.isnan(shrunk).all(axis=1), np.arange(16) == lost)
    np.testing.assert_array_equal(shrunk[6], loadings[6])
    kept = np.delete(np.arange(16), [lost, 6])
    without = shrink_by_sector(loadings[kept], errors[kept], sector[kept], unsheltered(14))
    np.testing.assert_allclose(shrunk[kept], without, **TIGHT)


def test_a_symbol_without_a_sector_has_the_prior_of_everybody() -> None:
    loadings, errors, _ = cross_section(11, [6, 6])
    nobody = np.full(12, -1)
    np.testing.assert_array_equal(
        shrink_by_sector(loadings, errors, nobody, unsheltered(12)),
        shrink_by_sector(loadings, errors, np.zeros(12, dtype=np.int64), unsheltered(12)),
    )


@examples
@given(of_funds=funds(), share=st.floats(0, 1))
def test_the_covariance_keeps_its_diagonal_and_stays_positive(of_funds: np.ndarray, share: float) -> None:
    factors = joint_factor_returns(of_funds)
    plain, drawn = factor_covariance(factors, shrinkage=0.0), factor_covariance(factors, shrinkage=share)
    np.testing.assert_array_equal(drawn, drawn.T)
    np.testing.assert_allclose(np.diag(drawn), np.diag(plain), rtol=1e-14)
    np.testing.assert_allclose(
        drawn - np.diag(np.diag(drawn)), (1 - share) * (plain - np.diag(np.diag(plain))), atol=1e-18
    )
    assert np.linalg.eigvalsh(drawn)[0] >= -1e-18
    weight = exponential_weights(len(factors), 126.0)
    np.testing.assert_allclose(plain, np.cov(factors, rowvar=False, aweights=weight, ddof=0), rtol=1e-10, atol=1e-18)


def test_value_is_growth_turned_round() -> None:
    joint = np.arange(14.0).reshape(2, 7)
    styles = style_exposures(joint)
    np.testing.assert_array_equal(styles["Value"], -styles["Growth"])
    assert list(styles) == ["Value", "Growth", "Momentum", "Size", "Quality", "Low Volatility"]
