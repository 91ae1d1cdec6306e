"""What the forecast is worth: right for a market of known volatility, nothing learnt from the future, nothing from rounding."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.engines.har_models import har
from analytics.engines.volatility import (
    MONTH,
    YEAR,
    ForecastMethod,
    ewma,
    forecast,
    percentile,
    range_variance,
    realized,
    rolling,
    trend,
)
from analytics.engines.windows import window_mean, window_sum
from tests.analytics.engines.return_strategies import panels

examples = settings(max_examples=40, deadline=None)
SIGMA = 0.20


def diffusion(sessions: int, paths: int, *, ticks: int = 40) -> tuple[np.ndarray, ...]:
    """Open, high, low and close (T, N) of a price with a volatility of `SIGMA` a year, a fifth of its variance overnight."""
    generator = np.random.default_rng(20250630)
    day = SIGMA**2 / YEAR
    overnight = np.sqrt(0.2 * day) * generator.standard_normal((sessions, paths))
    steps = np.sqrt(0.8 * day / ticks) * generator.standard_normal((sessions, ticks, paths))
    inside = np.concatenate([np.zeros((sessions, 1, paths)), steps.cumsum(axis=1)], axis=1)
    closes = (overnight + inside[:, -1]).cumsum(axis=0)
    opened = closes - inside[:, -1]
    high, low = opened + inside.max(axis=1), opened + inside.min(axis=1)
    return tuple(np.exp(log) for log in (opened, high, low, closes))


def simple(close: np.ndarray) -> np.ndarray:
    returns = np.full(close.shape, np.nan)
    returns[1:] = close[1:] / close[:-1] - 1
    return returns


@pytest.mark.parametrize(
    ("sessions", "method"), [(504, ForecastMethod.LOG_HAR), (300, ForecastMethod.LOG_HAR), (120, ForecastMethod.EWMA)]
)
def test_a_constant_volatility_is_forecast_without_bias(sessions: int, method: ForecastMethod) -> None:
    opened, high, low, close = diffusion(sessions, 300)
    result = forecast(simple(close), range_variance(opened, high, low, close))
    assert (result.method == method).all()
    assert (result.volatility > 0).all()
    assert np.median(result.volatility) == pytest.approx(SIGMA, rel=0.02)


@pytest.mark.parametrize("missing", [0.0, 0.02, 0.1])
def test_a_series_that_always_moves_alike_has_no_model(missing: float) -> None:
    # Many sizes of the move: only some of them leave rounding in a mean over a window with gaps.
    daily = np.geomspace(1e-5, 0.05, 1000)
    returns = np.tile(daily, (504, 1))
    returns[np.random.default_rng(1).random(returns.shape) < missing] = np.nan
    result = forecast(returns)
    np.testing.assert_array_equal(result.method, ForecastMethod.EWMA)
    assert np.isnan(result.model_r_squared).all()
    np.testing.assert_allclose(result.volatility, np.log1p(daily) * np.sqrt(YEAR), rtol=1e-12)


@examples
@given(returns=panels(rows=(120, 200), gaps=True), last=st.integers(60, 119), scale=st.sampled_from([0.0, 1e6]))
def test_later_days_change_nothing(returns: np.ndarray, last: int, scale: float) -> None:
    returns[0] = 0.01
    later = returns.copy()
    later[last:] *= scale
    known, after = returns[:last], later
    np.testing.assert_array_equal(window_mean(after, MONTH)[:last], window_mean(known, MONTH))
    shown = rolling(known)
    np.testing.assert_array_equal(np.isnan(rolling(after)[: len(shown)]), np.isnan(shown))
    if scale == 0.0:
        np.testing.assert_allclose(rolling(after)[: len(shown)], shown, rtol=1e-10, atol=1e-12)
    variance = returns**2
    level = ewma(variance[:last])
    continued = np.where(np.arange(len(returns))[:, None] < last, variance, np.nan)
    np.testing.assert_array_equal(ewma(continued), level)


@examples
@given(returns=panels(rows=(70, 120)), window=st.integers(1, 64), spike=st.sampled_from([0.0, 1e12]))
def test_a_window_is_the_sum_of_its_own_days(returns: np.ndarray, window: int, spike: float) -> None:
    values = returns**2
    values[0] += spike
    sums = window_sum(values, window)
    assert len(sums) == len(values) - window + 1
    for start in range(len(sums)):
        np.testing.assert_allclose(sums[start], values[start : start + window].sum(axis=0), rtol=1e-13)


@examples
@given(returns=panels(rows=(300, 330), columns=(2, 5), gaps=True), order=st.randoms(use_true_random=False))
def test_the_order_of_columns_changes_nothing(returns: np.ndarray, order: object) -> None:
    places = list(range(returns.shape[1]))
    order.shuffle(places)  # type: ignore[attr-defined]
    moved = returns[:, places]
    np.testing.assert_array_equal(realized(moved, 63), realized(returns, 63)[places])
    np.testing.assert_array_equal(percentile(moved), percentile(returns)[places])
    np.testing.assert_array_equal(trend(moved).direction, trend(returns).direction[places])
    np.testing.assert_allclose(har(moved**2).variance, har(returns**2).variance[places], rtol=1e-9)
