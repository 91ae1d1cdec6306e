"""Realised volatility, its trend and percentile, and the forecast of the next 21 sessions.

The same functions serve symbols and portfolios: columns of daily returns or daily variances. Volatilities are annualised
fractions, variances are daily.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from analytics.engines.har_models import MONTH, har
from analytics.engines.regression import Floats, Ints
from analytics.engines.windows import WINDOW_COVER, inside_history, window_sum

YEAR = 252.0
DECAY = 0.94
HAR_MINIMUM = 252
FORECAST_MINIMUM = 63
PERCENTILE_WINDOW = 252
PERCENTILE_MINIMUM = 126
TREND_MINIMUM = 42
TREND_SLOPE = 0.001
TREND_R_SQUARED = 0.3
# A few hundred columns at a time stay in the processor's cache.
COLUMNS = 512


class Trend(IntEnum):
    UNKNOWN = -1
    STABLE = 0
    INCREASING = 1
    DECREASING = 2


class ForecastMethod(IntEnum):
    NONE = 0
    LOG_HAR = 1
    EWMA = 2


def realized(returns: Floats, window: int) -> Floats:
    """Volatility of the last `window` rows, (N,): sample standard deviation times sqrt(252).

    Parameters
    ----------
    returns : (T, N) simple daily returns. A series with a missing value among them has fewer; below 80 % of the window NaN.
    """
    last = returns[-window:]
    count = (~np.isnan(last)).sum(axis=0)
    enough = (count >= max(2, int(np.ceil(WINDOW_COVER * window)))) & (len(returns) >= window)
    deviation = np.full(returns.shape[1], np.nan)
    if enough.any():
        # The same to the last bit where nothing is missing, in a quarter of the time.
        std = np.std if count.min() == window else np.nanstd
        deviation[enough] = std(last[:, enough], axis=0, ddof=1)
    return deviation * np.sqrt(YEAR)


def rolling(returns: Floats, window: int = MONTH) -> Floats:
    """Realised volatility of every window, (T - window + 1, N); NaN where it has under 80 % of its values."""
    rows, count = len(returns) - window + 1, returns.shape[1]
    path = np.empty((max(rows, 0), count))
    if rows > 0:
        for start in range(0, count, COLUMNS):
            columns = slice(start, start + COLUMNS)
            path[:, columns] = _rolling(returns[:, columns], window)
    return path


def _rolling(returns: Floats, window: int) -> Floats:
    known = ~np.isnan(returns)
    count: Floats | float = float(window)
    # Centred by column, so that squaring loses nothing where the mean is large against the deviation.
    if known.all():
        values = returns - returns.mean(axis=0)
        enough: NDArray[np.bool_] | bool = window >= 2
    else:
        filled = np.where(known, returns, 0.0)
        values = np.where(known, filled - filled.sum(axis=0) / np.maximum(known.sum(axis=0), 1), 0.0)
        count = window_sum(known.astype(np.float64), window)
        enough = (count >= max(2, np.ceil(WINDOW_COVER * window))) & inside_history(known, window)
    total, square = window_sum(values, window), window_sum(values**2, window)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.where(enough, (square - total**2 / count) / (count - 1), np.nan)
    return np.asarray(np.sqrt(np.maximum(variance, 0.0) * YEAR))


@dataclass(frozen=True)
class VolatilityTrend:
    """Direction of the last 21 rolling volatilities, (N,): slope a day, R² as `strength`, `Trend` codes."""

    slope: Floats
    strength: Floats
    direction: NDArray[np.int8]


def trend(returns: Floats) -> VolatilityTrend:
    """Least squares line through the last 21 rolling 21-day volatilities; needs 42 rows."""
    count = returns.shape[1]
    slope, strength = np.full(count, np.nan), np.full(count, np.nan)
    direction = np.full(count, Trend.UNKNOWN, dtype=np.int8)
    if len(returns) >= TREND_MINIMUM:
        path = rolling(returns[-TREND_MINIMUM:])[-MONTH:]
        known = ~np.isnan(path).any(axis=0)
        if known.any():
            x = np.arange(MONTH) - (MONTH - 1) / 2
            y = path[:, known] - path[:, known].mean(axis=0)
            slope[known] = x @ y / (x @ x)
            total = (y**2).sum(axis=0)
            strength[known] = np.divide((x @ y) ** 2, (x @ x) * total, out=np.zeros(known.sum()), where=total > 0)
            strong = strength > TREND_R_SQUARED
            direction[known] = Trend.STABLE
            direction[known & strong & (slope > TREND_SLOPE)] = Trend.INCREASING
            direction[known & strong & (slope < -TREND_SLOPE)] = Trend.DECREASING
    return VolatilityTrend(slope, strength, direction)


def percentile(returns: Floats) -> Floats:
    """Mid-rank of the present 21-day volatility among the last 252 of its kind, fraction (N,); needs 126 of them."""
    path = rolling(returns[-(PERCENTILE_WINDOW + MONTH - 1) :])
    if not len(path):
        return np.full(returns.shape[1], np.nan)
    now, known = path[-1], ~np.isnan(path)
    below = (path < now).sum(axis=0) + 0.5 * (path == now).sum(axis=0)
    count = known.sum(axis=0)
    enough = (count >= PERCENTILE_MINIMUM) & known[-1]
    return np.where(enough, below / np.maximum(count, 1), np.nan)


def range_variance(opened: Floats, high: Floats, low: Floats, close: Floats, growth: Floats | None = None) -> Floats:
    """Daily variance from the bar: overnight move squared plus the Rogers-Satchell term, (T, N), row 0 NaN.

    Parameters
    ----------
    opened, high, low, close : (T, N) raw prices, NaN where missing.
    growth : (T, N) of what a split and a dividend of the session multiply a holding by (1 on ordinary days), so that the
        overnight move is that of the holder. Days without any range give NaN.

    Source: Rogers and Satchell (1991).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        overnight = np.full(close.shape, np.nan)
        overnight[1:] = np.log(opened[1:] / close[:-1] * (1.0 if growth is None else growth[1:]))
        inside = np.log(high / close) * np.log(high / opened) + np.log(low / close) * np.log(low / opened)
        variance = overnight**2 + inside
    return np.where(variance > 0, variance, np.nan)


def ewma(variance: Floats, *, decay: float = DECAY) -> Floats:
    """Exponentially weighted mean of daily variances, started at the first value, (N,); missing days are passed over."""
    known = ~np.isnan(variance)
    started = np.maximum.accumulate(known, axis=0)
    first = known.copy()
    first[1:] &= ~started[:-1]
    keep = np.where(known, np.where(first, 0.0, decay), 1.0)
    fresh = np.where(known, np.where(first, variance, (1 - decay) * variance), 0.0)
    level = np.zeros(variance.shape[1])
    for share, value in zip(keep, fresh, strict=True):
        level *= share
        level += value
    return np.where(known.any(axis=0), level, np.nan)


@dataclass(frozen=True)
class VolatilityForecast:
    """Expected volatility of the next 21 sessions, annualised (N,), with the fit's R² (NaN for the fallback) and `ForecastMethod`
    codes; `observations` are the days with a variance."""

    volatility: Floats
    model_r_squared: Floats
    method: NDArray[np.int8]
    observations: Ints


def forecast(returns: Floats, bars: Floats | None = None) -> VolatilityForecast:
    """The published forecast: log-HAR on range variances scaled to the level of returns, or their weighted mean.

    Parameters
    ----------
    returns : (T, N) simple daily total returns, NaN where missing.
    bars : (T, N) range variances from `range_variance`; a column with ranges on fewer than half of its days uses squared
        returns instead, as all do without `bars`.

    Returns
    -------
    VolatilityForecast: log-HAR from 252 usable days on, the exponentially weighted mean from 63, NaN below.
    """
    if not returns.size:
        count = returns.shape[1]
        nothing = np.full(count, np.nan)
        return VolatilityForecast(nothing, nothing, np.zeros(count, np.int8), np.zeros(count, np.int64))
    parts = [
        _forecast(returns[:, start : start + COLUMNS], None if bars is None else bars[:, start : start + COLUMNS])
        for start in range(0, returns.shape[1], COLUMNS)
    ]
    return VolatilityForecast(*(np.concatenate([getattr(part, name) for part in parts]) for name in _FIELDS))


_FIELDS = ("volatility", "model_r_squared", "method", "observations")


def _forecast(returns: Floats, bars: Floats | None) -> VolatilityForecast:
    with np.errstate(invalid="ignore", divide="ignore"):
        squares = np.log1p(returns) ** 2
    variance = np.where(squares > 0, squares, np.nan)
    if bars is not None:
        both = ~np.isnan(bars) & ~np.isnan(squares)
        ranged = both.sum(axis=0) * 2 >= (~np.isnan(squares)).sum(axis=0)
        # Ranges from discrete ticks are too small; the scale restores the level of close-to-close moves.
        variance = np.where(ranged, bars * range_scale(squares, bars), variance)
    days = (~np.isnan(variance)).sum(axis=0)
    fits = har(variance)
    modelled = (days >= HAR_MINIMUM) & ~np.isnan(fits.variance)
    mean = np.full(len(days), np.nan)
    simple = ~modelled & (days >= FORECAST_MINIMUM)
    if simple.any():
        mean[simple] = ewma(variance[:, simple])
    method = np.where(
        modelled, ForecastMethod.LOG_HAR, np.where(np.isnan(mean), ForecastMethod.NONE, ForecastMethod.EWMA)
    )
    return VolatilityForecast(
        volatility=np.sqrt(YEAR * np.where(modelled, fits.variance, mean)),
        model_r_squared=np.where(modelled, fits.r_squared, np.nan),
        method=method.astype(np.int8),
        observations=days,
    )


@dataclass(frozen=True)
class RangeVolatility:
    """Annualised volatilities of the last bars by four estimators, (N,)."""

    yang_zhang: Floats
    parkinson: Floats
    garman_klass: Floats
    rogers_satchell: Floats


def range_volatility(
    opened: Floats, high: Floats, low: Floats, close: Floats, *, window: int = MONTH
) -> RangeVolatility:
    """Range estimators over the last `window` bars (T, N); Yang-Zhang takes one earlier close.

    Source: Parkinson (1980); Garman and Klass (1980); Rogers and Satchell (1991); Yang and Zhang (2000).
    """
    o, h, low_, c = (np.log(prices[-window:]) for prices in (opened, high, low, close))
    before = np.log(close[-window - 1 : -1])
    rogers = ((h - c) * (h - o) + (low_ - c) * (low_ - o)).mean(axis=0)
    parkinson = ((h - low_) ** 2).mean(axis=0) / (4 * np.log(2))
    garman = (0.5 * (h - low_) ** 2 - (2 * np.log(2) - 1) * (c - o) ** 2).mean(axis=0)
    k = 0.34 / (1.34 + (window + 1) / (window - 1))
    yang = (o - before).var(axis=0, ddof=1) + k * (c - o).var(axis=0, ddof=1) + (1 - k) * rogers
    return RangeVolatility(*(np.sqrt(YEAR * v) for v in (yang, parkinson, garman, rogers)))


def annualise(variance: float) -> float:
    """Annual volatility of a daily variance."""
    return float(np.sqrt(YEAR * variance))


def zero_mean(returns: Floats, window: int) -> Floats:
    """Realised volatility about zero instead of the window's mean, (N,)."""
    return np.asarray(np.sqrt(YEAR * np.nanmean(returns[-window:] ** 2, axis=0)))


def range_scale(squares: Floats, bars: Floats) -> Floats:
    """What range variances have to be multiplied by to have the level of squared returns, (N,)."""
    both = ~np.isnan(bars) & ~np.isnan(squares)
    level, total = np.where(both, squares, 0.0).sum(axis=0), np.where(both, bars, 0.0).sum(axis=0)
    return np.divide(level, total, out=np.ones(len(level)), where=total > 0)


def ewma_backcast(variance: Floats, *, decay: float = DECAY, days: int = 75) -> Floats:
    """Exponentially weighted variance forecast started from a backcast: the weighted mean of the first days, (N,)."""
    weight = decay ** np.arange(min(days, len(variance)))
    level = (weight[:, None] * variance[: len(weight)]).sum(axis=0) / weight.sum()
    for row in variance:
        level = decay * level + (1 - decay) * row
    return np.asarray(level)
