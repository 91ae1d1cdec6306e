"""What holds for every regression: gaps, neighbours, units and the normal equations."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.engines.beta import BetaStatus, ols_beta, vasicek
from analytics.engines.regression import LinearFits, fit
from analytics.engines.ridge import RidgeFits, ridge
from tests.analytics.engines.return_strategies import panels

examples = settings(max_examples=60, deadline=None)
BY_SERIES = [field.name for field in fields(LinearFits) if field.name not in {"residuals", "newey_west"}]
RIDGE = [field.name for field in fields(RidgeFits)]
TIGHT = {"rtol": 1e-9, "atol": 1e-13}
System = tuple[np.ndarray, np.ndarray]


@st.composite
def systems(draw: Any, *, gaps: bool = False) -> System:
    """Series (T, N) and the regressors (T, K) they partly follow."""
    series = draw(panels(gaps=gaps))
    factors = draw(panels(rows=(len(series), len(series)), columns=(1, 4), stream=1))
    return series + factors @ np.linspace(-1, 1.5, factors.shape[1])[:, None], factors


def weights(rows: int) -> np.ndarray:
    return np.linspace(0.2, 1.0, rows)


@examples
@given(system=systems(gaps=True), weighted=st.booleans())
def test_a_series_with_gaps_is_fitted_as_its_own_rows(system: System, weighted: bool) -> None:
    series, factors = system
    weight = weights(len(series)) if weighted else None
    together = fit(series, factors, weights=weight)
    for i in range(series.shape[1]):
        rows = ~np.isnan(series[:, i])
        alone = fit(series[rows, i : i + 1], factors[rows], weights=None if weight is None else weight[rows])
        for name in BY_SERIES:
            np.testing.assert_allclose(getattr(alone, name)[0], getattr(together, name)[i], **TIGHT, err_msg=name)
        np.testing.assert_allclose(alone.residuals[:, 0], together.residuals[rows, i], **TIGHT)
        assert np.isnan(together.residuals[~rows, i]).all()


@examples
@given(system=systems(), late=st.integers(1, 20))
def test_a_series_that_began_late_has_the_robust_errors_of_its_rows(system: System, late: int) -> None:
    series, factors = system
    series[:late, 0] = np.nan
    together = fit(series, factors, newey_west=True).newey_west
    alone = fit(series[late:, :1], factors[late:], newey_west=True).newey_west
    assert together is not None
    assert alone is not None
    np.testing.assert_allclose(together[0], alone[0], **TIGHT)


@examples
@given(system=systems())
def test_coefficients_solve_the_normal_equations(system: System) -> None:
    series, factors = system
    result = fit(series, factors)
    design = np.column_stack([np.ones(len(factors)), factors])
    wanted = np.linalg.lstsq(design, series, rcond=None)[0]
    np.testing.assert_allclose(result.alpha, wanted[0], **TIGHT)
    np.testing.assert_allclose(result.coefficients, wanted[1:].T, **TIGHT)
    np.testing.assert_allclose(design.T @ result.residuals, 0, atol=1e-12)
    spread = ((series - series.mean(axis=0)) ** 2).sum(axis=0)
    np.testing.assert_allclose(result.r_squared, 1 - (result.residuals**2).sum(axis=0) / spread, **TIGHT)


@examples
@given(system=systems(gaps=True), size=st.sampled_from([0.01, 1.0, 50.0]))
def test_only_the_proportions_of_weights_count(system: System, size: float) -> None:
    series, factors = system
    equal, plain = fit(series, factors, weights=np.full(len(series), size)), fit(series, factors)
    uneven = [fit(series, factors, weights=scale * weights(len(series))) for scale in (1.0, size)]
    for name in BY_SERIES:
        np.testing.assert_allclose(getattr(equal, name), getattr(plain, name), **TIGHT, err_msg=name)
        np.testing.assert_allclose(getattr(uneven[1], name), getattr(uneven[0], name), **TIGHT, err_msg=name)


@examples
@given(system=systems(gaps=True), scale=st.sampled_from([-1.0, 0.01, 100.0]), shift=st.floats(-0.1, 0.1))
def test_units_of_a_series_pass_to_its_coefficients(system: System, scale: float, shift: float) -> None:
    series, factors = system
    plain, moved = fit(series, factors), fit(scale * series + shift, factors)
    np.testing.assert_allclose(moved.coefficients, scale * plain.coefficients, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(moved.alpha, scale * plain.alpha + shift, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(moved.std_errors, abs(scale) * plain.std_errors, rtol=1e-8)
    np.testing.assert_allclose(moved.r_squared, plain.r_squared, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(moved.p_values, plain.p_values, rtol=1e-6, atol=1e-12)


@examples
@given(system=systems(gaps=True), order=st.randoms(use_true_random=False))
def test_the_order_of_series_does_not_matter(system: System, order: Any) -> None:
    series, factors = system
    places = list(range(series.shape[1]))
    order.shuffle(places)
    plain, moved = fit(series, factors), fit(series[:, places], factors)
    for name in BY_SERIES:
        np.testing.assert_allclose(getattr(moved, name), getattr(plain, name)[places], **TIGHT, err_msg=name)


@examples
@given(system=systems(), least=st.integers(40, 100))
def test_too_few_rows_give_no_estimate(system: System, least: int) -> None:
    series, factors = system
    rows = least - 1
    result = fit(series[:rows], factors[:rows], min_observations=least, newey_west=True)
    if len(series) >= rows:
        assert (result.observations < least).all()
    for name in BY_SERIES:
        if name != "observations":
            assert np.isnan(getattr(result, name)).all(), name


@examples
@given(returns=panels(gaps=True), beta=st.floats(0.1, 3) | st.floats(-3, -0.1), alpha=st.floats(-0.01, 0.01))
def test_a_levered_market_has_the_beta_of_its_leverage(returns: np.ndarray, beta: float, alpha: float) -> None:
    market = np.nan_to_num(returns[:, 0])
    asset = np.where(np.isnan(returns[:, 1:]), np.nan, alpha + beta * market[:, None])
    estimate = ols_beta(asset, market)
    np.testing.assert_allclose(estimate.beta, beta, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(estimate.alpha, alpha, rtol=1e-9, atol=1e-12)
    assert (estimate.status == BetaStatus.OK).all()


@examples
@given(returns=panels(), prior=st.floats(0.05, 1))
def test_shrinkage_lies_between_estimate_and_prior(returns: np.ndarray, prior: float) -> None:
    estimate = ols_beta(returns[:, 1:], returns[:, 0])
    shrunk, weight = vasicek(estimate.beta, estimate.std_error, prior_std=prior)
    assert ((weight > 0) & (weight < 1)).all()
    low, high = np.minimum(estimate.beta, 1), np.maximum(estimate.beta, 1)
    assert ((shrunk >= low) & (shrunk <= high)).all()
    np.testing.assert_allclose(weight / (1 - weight), (prior / estimate.std_error) ** 2, rtol=1e-9)


@examples
@given(system=systems(gaps=True), alpha=st.floats(0.01, 10))
def test_ridge_with_gaps_is_ridge_on_its_own_rows(system: System, alpha: float) -> None:
    series, factors = system
    together = ridge(series, factors, alpha=alpha, min_observations=30)
    for i in range(series.shape[1]):
        rows = ~np.isnan(series[:, i])
        alone = ridge(series[rows, i : i + 1], factors[rows], alpha=alpha, min_observations=30)
        for name in RIDGE:
            np.testing.assert_allclose(getattr(alone, name)[0], getattr(together, name)[i], **TIGHT, err_msg=name)


@examples
@given(system=systems(), alpha=st.floats(0.1, 1000))
def test_a_penalty_shortens_the_slopes_of_least_squares(system: System, alpha: float) -> None:
    series, factors = system
    plain, penalised, more = (ridge(series, factors, alpha=a) for a in (0.0, alpha, 10 * alpha))
    np.testing.assert_allclose(plain.coefficients, fit(series, factors).coefficients, rtol=1e-7, atol=1e-10)
    lengths = [np.linalg.norm(fits.standardised, axis=1) for fits in (plain, penalised, more)]
    assert (lengths[0] >= lengths[1]).all()
    assert (lengths[1] >= lengths[2]).all()
    np.testing.assert_allclose(plain.effective_dof, factors.shape[1], rtol=1e-9)
    assert (penalised.effective_dof < factors.shape[1]).all()
    assert (more.r_squared <= penalised.r_squared).all()
    assert (penalised.r_squared <= plain.r_squared).all()
