"""Betas beyond the plain fit: books, thin trading, spreads, and the penalty cross-validation picks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.engines.beta import BetaStatus, blume, dimson, ols_beta
from analytics.engines.factors import spread_returns
from analytics.engines.regression import fit
from analytics.engines.ridge import GCV_ALPHAS, generalised_alpha, leave_one_out_alpha, ridge
from tests.analytics.engines.return_strategies import panels, seeds

examples = settings(max_examples=40, deadline=None)
VECTORS = Path(__file__).parents[2] / "vectors"


@examples
@given(returns=panels(columns=(3, 6)), seed=seeds)
def test_the_beta_of_a_book_is_the_weighted_sum_of_betas(returns: np.ndarray, seed: int) -> None:
    market, symbols = returns[:, 0], returns[:, 1:]
    weight = np.random.default_rng(seed).uniform(-2, 2, symbols.shape[1])
    book = ols_beta(symbols @ weight[:, None], market)
    parts = ols_beta(symbols, market)
    np.testing.assert_allclose(book.beta[0], weight @ parts.beta, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(book.alpha[0], weight @ parts.alpha, rtol=1e-9, atol=1e-14)


@examples
@given(returns=panels(columns=(3, 3), rows=(200, 300)), share=st.floats(0.2, 0.9))
def test_dimson_finds_a_beta_that_arrives_a_day_late(returns: np.ndarray, share: float) -> None:
    market = returns[:, 0]
    late = np.concatenate([[0.0], market[:-1]])
    thin = (1 - share) * market + share * late
    beta, error, slopes = dimson(thin[1:, None], market[1:])
    np.testing.assert_allclose(beta, 1.0, rtol=1e-9)
    np.testing.assert_allclose(slopes[0], [share, 1 - share], rtol=1e-8, atol=1e-9)
    assert error[0] < 1e-8


def test_blume_leaves_one_alone() -> None:
    np.testing.assert_allclose(blume(np.array([1.0, 0.0, 2.0])), [1.0, 0.33, 1.67])


def test_a_benchmark_that_stood_still_has_no_beta() -> None:
    asset = 0.01 * np.random.default_rng(0).standard_normal((60, 2))
    estimate = ols_beta(asset, np.full(60, 0.0003))
    assert (estimate.status == BetaStatus.ZERO_BENCHMARK_VARIANCE).all()
    assert np.isnan(estimate.beta).all()


@examples
@given(returns=panels(rows=(80, 120), columns=(6, 6), gaps=True), weighted=st.booleans())
def test_cross_validation_is_that_of_the_smoother(returns: np.ndarray, weighted: bool) -> None:
    factors, series = np.nan_to_num(returns[:, :3]), returns[:, 3:] + np.nan_to_num(returns[:, :1])
    weight = np.linspace(0.3, 1, len(series)) if weighted else None
    best, errors = generalised_alpha(series, factors, GCV_ALPHAS, weights=weight, min_observations=40)
    for a, alpha in enumerate(GCV_ALPHAS):
        fits = ridge(series, factors, alpha=float(alpha), weights=weight, min_observations=40)
        for i in range(series.shape[1]):
            rows = ~np.isnan(series[:, i])
            y, n = series[rows, i], int(rows.sum())
            w = np.ones(n) if weight is None else weight[rows] * n / weight[rows].sum()
            total = (w * (y - fits.intercept[i]) ** 2).sum()
            left = total * (1 - fits.r_squared[i])
            wanted = left / n / (1 - (1 + fits.effective_dof[i]) / n) ** 2
            np.testing.assert_allclose(errors[a, i], wanted, rtol=1e-8)
    np.testing.assert_array_equal(best, GCV_ALPHAS[errors.argmin(axis=0)])


def test_cross_validation_agrees_with_leaving_one_out() -> None:
    inputs = json.loads((VECTORS / "08_ridge.json").read_text())["inputs"]
    factors, series = np.column_stack(list(inputs["factors"].values())), np.array(inputs["y"])[:, None]
    best, errors = generalised_alpha(series, factors)
    exact, left_out = leave_one_out_alpha(series, factors, GCV_ALPHAS)
    np.testing.assert_array_equal(best, exact)
    np.testing.assert_allclose(errors, left_out, rtol=0.02)


def test_cross_validation_of_too_few_rows_is_unknown() -> None:
    generator = np.random.default_rng(1)
    best, errors = generalised_alpha(generator.standard_normal((59, 2)), generator.standard_normal((59, 3)))
    assert np.isnan(best).all()
    assert np.isnan(errors).all()


def test_a_regressor_that_stands_still_on_a_series_own_rows_gives_no_ridge() -> None:
    generator = np.random.default_rng(2)
    factors, series = 0.01 * generator.standard_normal((252, 3)), 0.01 * generator.standard_normal((252, 200))
    series[:120, ::2] = np.nan
    for level in generator.uniform(-0.01, 0.01, 50):
        factors[120:, 1] = level
        fits = ridge(series, factors)
        assert np.isnan(fits.coefficients[::2]).all()
        assert np.isfinite(fits.coefficients[1::2]).all()


def test_spreads_one_by_one_take_the_market_for_growth() -> None:
    vector = json.loads((VECTORS / "09_spread_factors.json").read_text())
    inputs = vector["inputs"]
    for case, rows in (("mixed", 252), ("mixed", 144), ("pure_market", 144)):
        y = np.array(inputs[f"y_{case}"])[-rows:, None]
        for name, expected in vector["expected"][f"{case}_n{rows}"]["univariate_reference"].items():
            long, short = (np.array(inputs["factors"][fund])[-rows:] for fund in inputs["spreads"][name])
            alone = fit(y, spread_returns(long, short)[:, None])
            for field in ("alpha", "r_squared"):
                np.testing.assert_allclose(getattr(alone, field)[0], expected[field], rtol=1e-8)
            np.testing.assert_allclose(alone.coefficients[0, 0], expected["beta"], rtol=1e-8)
            np.testing.assert_allclose(alone.std_errors[0, 0], expected["std_error"], rtol=1e-8)
            np.testing.assert_allclose(alone.p_values[0, 0], expected["p_value"], rtol=1e-6, atol=1e-12)
