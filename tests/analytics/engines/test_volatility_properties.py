"""What holds for volatilities and their forecasts, whatever the returns."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.engines.volatility import (
    FORECAST_MINIMUM,
    HAR_MINIMUM,
    MONTH,
    ForecastMethod,
    VolatilityForecast,
    ewma,
    forecast,
    har,
    percentile,
    range_variance,
    range_volatility,
    realized,
    rolling,
    trend,
)
from tests.analytics.engines.return_strategies import panels

examples = settings(max_examples=60, deadline=None)
slow = settings(max_examples=20, deadline=None)
TIGHT = {"rtol": 1e-9, "atol": 1e-12}
FORECAST = [field.name for field in fields(VolatilityForecast)]
long_panels = panels(rows=(HAR_MINIMUM, 400), columns=(2, 4), gaps=True)


def bars(returns: np.ndarray) -> tuple[np.ndarray, ...]:
    """Open, high, low and close that have these returns and a range around them."""
    close = 50 * np.cumprod(1 + np.nan_to_num(returns), axis=0)
    opened = np.vstack([close[:1], close[:-1]]) * (1 + 0.1 * np.nan_to_num(returns))
    spread = 1 + np.abs(np.nan_to_num(returns)) / 2 + 0.001
    return opened, np.maximum(opened, close) * spread, np.minimum(opened, close) / spread, close


@examples
@given(
    returns=panels(),
    window=st.sampled_from([5, 21, 63]),
    scale=st.sampled_from([-1.0, 0.5, 3.0]),
    shift=st.floats(-0.01, 0.01),
)
def test_volatility_has_the_size_of_the_returns(returns: np.ndarray, window: int, scale: float, shift: float) -> None:
    plain = realized(returns, window)
    np.testing.assert_allclose(realized(scale * returns + shift, window), abs(scale) * plain, **TIGHT)
    np.testing.assert_allclose(plain, returns[-window:].std(axis=0, ddof=1) * np.sqrt(252), **TIGHT)


@examples
@given(returns=panels(gaps=True), window=st.sampled_from([5, 21, 63]))
def test_every_rolling_window_is_the_realized_volatility_of_its_day(returns: np.ndarray, window: int) -> None:
    returns[0] = 0.01
    path = rolling(returns, window)
    assert path.shape == (len(returns) - window + 1, returns.shape[1])
    for last in range(window, len(returns) + 1):
        np.testing.assert_allclose(path[last - window], realized(returns[:last], window), **TIGHT)


@examples
@given(returns=panels(), window=st.sampled_from([21, 63]))
def test_a_short_history_has_no_volatility(returns: np.ndarray, window: int) -> None:
    assert np.isnan(realized(returns[-window + 1 :], window)).all()
    returns[-window : -window + window // 4] = np.nan
    assert np.isnan(realized(returns, window)).all()


@examples
@given(returns=panels(rows=(150, 300)), scale=st.floats(0.1, 10))
def test_rank_and_direction_do_not_depend_on_size(returns: np.ndarray, scale: float) -> None:
    # A power of two keeps every bit, so that ties stay ties.
    exact = 2.0 ** np.round(np.log2(scale))
    rank = percentile(returns)
    assert ((rank > 0) & (rank < 1)).all()
    np.testing.assert_array_equal(percentile(exact * returns), rank)
    plain, moved = trend(returns), trend(scale * returns)
    np.testing.assert_allclose(moved.slope, scale * plain.slope, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(moved.strength, plain.strength, rtol=1e-7, atol=1e-10)
    assert ((plain.strength >= 0) & (plain.strength <= 1 + 1e-12)).all()


@examples
@given(returns=panels())
def test_a_calmer_last_month_ranks_lowest(returns: np.ndarray) -> None:
    history = np.vstack([returns, returns, returns])
    history[-MONTH:] *= 0.001
    np.testing.assert_allclose(percentile(history), 0.5 / (min(len(history) - MONTH + 1, 252)))


@examples
@given(returns=panels(gaps=True), decay=st.floats(0.5, 0.99))
def test_a_weighted_mean_lies_within_its_values(returns: np.ndarray, decay: float) -> None:
    variance = returns**2
    level = ewma(variance, decay=decay)
    assert (level >= np.nanmin(variance, axis=0) * (1 - 1e-12)).all()
    assert (level <= np.nanmax(variance, axis=0) * (1 + 1e-12)).all()
    np.testing.assert_allclose(ewma(np.full_like(variance, 2e-4), decay=decay), 2e-4, rtol=1e-12)


@examples
@given(returns=panels(), price=st.floats(0.1, 100))
def test_ranges_do_not_depend_on_the_price_level(returns: np.ndarray, price: float) -> None:
    plain, dearer = bars(returns), tuple(price * part for part in bars(returns))
    np.testing.assert_allclose(range_variance(*dearer), range_variance(*plain), rtol=1e-6, atol=1e-15)
    for field in fields(range_volatility(*plain)):
        np.testing.assert_allclose(
            getattr(range_volatility(*dearer), field.name), getattr(range_volatility(*plain), field.name), rtol=1e-8
        )


@examples
@given(returns=panels(), ratio=st.sampled_from([2.0, 4.0, 0.1]), day=st.integers(1, 60))
def test_a_split_is_no_move(returns: np.ndarray, ratio: float, day: int) -> None:
    opened, high, low, close = bars(returns)
    plain = range_variance(opened, high, low, close)
    growth = np.ones_like(close)
    growth[day] = ratio
    after = np.where(np.arange(len(close))[:, None] >= day, 1 / ratio, 1.0)
    np.testing.assert_allclose(
        range_variance(*(after * p for p in (opened, high, low, close)), growth), plain, rtol=1e-6, atol=1e-15
    )


@slow
@given(returns=long_panels, scale=st.sampled_from([0.5, 2.0]), last=st.sampled_from([1e-9, 1.0, 1e9]))
def test_a_har_forecast_stays_in_its_sample_and_scales(returns: np.ndarray, scale: float, last: float) -> None:
    variance = returns**2
    variance[-1] *= last
    model, larger = har(variance), har(scale**2 * variance)
    known = ~np.isnan(model.variance)
    assert (model.variance[known] >= model.lower[known]).all()
    assert (model.variance[known] <= model.upper[known]).all()
    np.testing.assert_array_equal(model.variance, np.clip(model.raw, model.lower, model.upper))
    assert (model.r_squared[known] <= 1).all()
    assert (model.r_squared[known] >= -1e-9).all()
    np.testing.assert_allclose(larger.variance, scale**2 * model.variance, rtol=1e-6)


@slow
@given(returns=long_panels)
def test_a_forecast_does_not_depend_on_its_neighbours(returns: np.ndarray) -> None:
    together = forecast(returns)
    for i in range(returns.shape[1]):
        alone = forecast(returns[:, i : i + 1])
        for name in FORECAST:
            np.testing.assert_allclose(getattr(alone, name)[0], getattr(together, name)[i], rtol=1e-9, err_msg=name)


@pytest.mark.parametrize("days", [0, 1, MONTH - 10, MONTH - 1, MONTH, FORECAST_MINIMUM - 1])
def test_a_young_series_has_no_forecast(days: int) -> None:
    result = forecast(0.01 * np.ones((days, 2)))
    np.testing.assert_array_equal(result.observations, days)
    np.testing.assert_array_equal(result.method, ForecastMethod.NONE)
    assert np.isnan(result.volatility).all()


@slow
@given(returns=panels(rows=(2, 300)), days=st.integers(0, 300))
def test_the_method_follows_from_the_number_of_days(returns: np.ndarray, days: int) -> None:
    result = forecast(returns[:days])
    np.testing.assert_array_equal(np.isnan(result.volatility), result.observations < FORECAST_MINIMUM)
    np.testing.assert_array_equal(result.method == ForecastMethod.NONE, result.observations < FORECAST_MINIMUM)
    assert (result.observations[result.method == ForecastMethod.LOG_HAR] >= HAR_MINIMUM).all()
    np.testing.assert_array_equal(np.isnan(result.model_r_squared), result.method != ForecastMethod.LOG_HAR)
