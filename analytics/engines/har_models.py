"""Heterogeneous autoregressions of one series in full: coefficients with robust errors, and the iterated forecast.

The published forecast is the batched one in `volatility`; these are the variants it is compared with.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.engines.regression import Floats

MONTH = 21


@dataclass(frozen=True)
class HarFit:
    """Constant, day, week and month slopes (4,), their HAC errors (4,), R², observations, forecast of the mean daily variance,
    the same held inside the range of the target, and that range."""

    coefficients: Floats
    hac_std_errors: Floats
    r_squared: float
    observations: int
    forecast: float
    filtered: float
    bounds: tuple[float, float]


def _means(variance: Floats, window: int) -> Floats:
    running = np.concatenate([[0.0], np.cumsum(variance)])
    result = np.full(len(variance), np.nan)
    result[window - 1 :] = (running[window:] - running[:-window]) / window
    return result


def fit_har(variance: Floats, *, horizon: int, last: int | None = None) -> HarFit:
    """Direct regression of the mean variance of the coming `horizon` days on day, week and month.

    Parameters
    ----------
    variance : (T,) daily variances without NaN. last : use only that many of the newest observations.

    Errors are Newey-West with as many Bartlett lags as the horizon overlaps, without a small-sample factor.
    Source: Corsi (2009); Newey and West (1987).
    """
    design = np.column_stack([np.ones(len(variance)), variance, _means(variance, 5), _means(variance, MONTH)])
    ahead = _means(variance, horizon)
    rows = np.arange(MONTH - 1, len(variance) - horizon)
    if last is not None:
        rows = rows[-last:]
    x, y = design[rows], ahead[rows + horizon]
    coefficients = np.linalg.lstsq(x, y, rcond=None)[0]
    residual = y - x @ coefficients
    scores = x * residual[:, None]
    long_run = scores.T @ scores
    for lag in range(1, horizon + 1):
        product = scores[lag:].T @ scores[:-lag]
        long_run += (1 - lag / (horizon + 1)) * (product + product.T)
    inverse = np.linalg.inv(x.T @ x)
    errors = np.sqrt(np.diag(inverse @ long_run @ inverse))
    forecast = float(design[-1] @ coefficients)
    bounds = (float(y.min()), float(y.max()))
    return HarFit(
        coefficients, errors, float(1 - residual @ residual / ((y - y.mean()) ** 2).sum()), len(rows), forecast,  # type: ignore[arg-type]
        float(np.clip(forecast, *bounds)), bounds,
    )  # fmt: skip


def iterate_har(variance: Floats, coefficients: Floats, *, horizon: int = MONTH) -> Floats:
    """Day-by-day forecasts of a one-day model, each fed with the ones before it, (horizon,)."""
    path = variance.tolist()
    for _ in range(horizon):
        day, week, month = path[-1], float(np.mean(path[-5:])), float(np.mean(path[-MONTH:]))
        path.append(float(coefficients @ np.array([1.0, day, week, month])))
    return np.array(path[len(variance) :])
