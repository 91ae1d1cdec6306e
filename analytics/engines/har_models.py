"""Heterogeneous autoregressions of daily variance: the published forecast of all columns at once, and the variants of one
series it is compared with, with robust errors or iterated day by day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.engines.regression import Floats, Ints
from analytics.engines.windows import window_mean

MONTH = 21
# Spread as a share of the level below which a series is constant.
ROUNDING = 1e-10


@dataclass(frozen=True)
class HarForecast:
    """Forecasts of the mean daily variance over the horizon, (N,) each.

    coefficients (N, 4): constant, day, week, month. lower, upper : the range of the target in the sample. raw : before the
    forecast was held inside it. residual_variance of the regression. observations of the regression.
    """

    variance: Floats
    raw: Floats
    coefficients: Floats
    r_squared: Floats
    residual_variance: Floats
    lower: Floats
    upper: Floats
    observations: Ints


def har(variance: Floats, *, horizon: int = MONTH, logs: bool = True) -> HarForecast:
    """Heterogeneous autoregression of daily variance on its day, week and month.

    The mean over the coming `horizon` days is regressed directly on v_t, the mean of 5 and the mean of 21 days; in logs the
    forecast is multiplied by exp(half the residual variance). It is held inside the range the target had in the sample.

    Parameters
    ----------
    variance : (T, N) daily variances, NaN where missing.

    Source: Corsi (2009).
    """
    rows, count = variance.shape
    if rows < MONTH + horizon:
        return _no_forecast(count)
    target = window_mean(variance, horizon)[MONTH - 1 + horizon :]
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [
            np.log(part) if logs else part
            for part in (variance, window_mean(variance, 5), window_mean(variance, MONTH))
        ]
        y = np.log(target) if logs else target
    # Row t of the sample is explained by what is known on day t, and explains the days after it.
    x = [part[MONTH - 1 : rows - horizon] for part in parts]
    usable = np.isfinite(y)
    for part in x:
        usable &= np.isfinite(part)
    n = usable.sum(axis=0)
    if not usable.all():
        x, y = [np.where(usable, part, 0.0) for part in x], np.where(usable, y, 0.0)
        lower = np.where(usable, target, np.inf).min(axis=0)
        upper = np.where(usable, target, -np.inf).max(axis=0)
    else:
        lower, upper = target.min(axis=0), target.max(axis=0)
    safe = np.maximum(n, 1)
    centre, level = np.stack([part.sum(axis=0) / safe for part in x]), y.sum(axis=0) / safe
    x, y = [part - middle for part, middle in zip(x, centre, strict=True)], y - level
    if not usable.all():
        for part in (*x, y):
            part[~usable] = 0.0
    gram, moments = np.empty((count, 3, 3)), np.empty((count, 3))
    for i in range(3):
        moments[:, i] = np.einsum("tn,tn->n", x[i], y)
        for j in range(i, 3):
            gram[:, i, j] = gram[:, j, i] = np.einsum("tn,tn->n", x[i], x[j])
    scale = np.sqrt(np.einsum("nii->ni", gram))
    # A spread this far below the level is rounding, not movement.
    floor = ROUNDING * np.maximum(np.abs(centre), 1.0 if logs else 0.0).T * np.sqrt(safe)[:, None]
    enough = (n >= 8) & (scale > floor).all(axis=1)
    scale[~enough] = 1.0
    balanced = gram / (scale[:, :, None] * scale[:, None, :])
    balanced[~enough] = np.eye(3)
    enough &= np.abs(np.linalg.det(balanced)) > 1e-12
    balanced[~enough] = np.eye(3)
    slopes = np.linalg.solve(balanced, (moments / scale)[:, :, None])[:, :, 0] / scale
    sst = np.einsum("tn,tn->n", y, y)
    explained = 2 * np.einsum("ni,ni->n", slopes, moments) - np.einsum("ni,nij,nj->n", slopes, gram, slopes)
    sse = np.maximum(sst - explained, 0.0)
    newest = np.stack([part[-1] for part in parts])
    forecast = level + np.einsum("ni,in->n", slopes, newest - centre)
    spread = sse / np.maximum(n - 4, 1)
    raw = np.exp(forecast + 0.5 * spread) if logs else forecast
    good = enough & np.isfinite(newest).all(axis=0)
    constant = level - np.einsum("ni,in->n", slopes, centre)

    def kept(values: Floats) -> Floats:
        return np.where(good, values, np.nan)

    with np.errstate(divide="ignore", invalid="ignore"):
        r_squared = np.where(sst > 0, 1 - sse / sst, 0.0)
    return HarForecast(
        variance=kept(np.clip(raw, lower, upper)),
        raw=kept(raw),
        coefficients=np.where(good[:, None], np.column_stack([constant, slopes]), np.nan),
        r_squared=kept(r_squared),
        residual_variance=kept(spread),
        lower=kept(lower),
        upper=kept(upper),
        observations=n,
    )


def _no_forecast(count: int) -> HarForecast:
    nothing = np.full(count, np.nan)
    return HarForecast(
        nothing, nothing, np.full((count, 4), np.nan), nothing, nothing, nothing, nothing, np.zeros(count, np.int64)
    )


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
