"""Ridge regression of all symbols on the same standardised regressors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.engines.regression import ROUNDING, Floats, Ints, triangle

GCV_ALPHAS = np.logspace(-1, 3, 20)
# Variance of a regressor below this share of its mean square is rounding.
FLAT = 1e-12


@dataclass(frozen=True)
class RidgeFits:
    """Ridge slopes in original units (N, K); NaN where a symbol has too few rows.

    standardised : slopes on standardised regressors (N, K). intercept : mean of the series (N,). r_squared in sample (N,).
    effective_dof : trace of the smoother (N,). observations (N,).
    """

    coefficients: Floats
    standardised: Floats
    intercept: Floats
    r_squared: Floats
    effective_dof: Floats
    observations: Ints


def ridge(
    series: Floats, regressors: Floats, *, alpha: float = 1.0, weights: Floats | None = None, min_observations: int = 60
) -> RidgeFits:
    """Minimise ||y - Z c||² + alpha ||c||² for every column, Z the standardised regressors, y centred.

    Parameters
    ----------
    series : (T, N), NaN where missing. regressors : (T, K); rows with a NaN are used by nobody.
    weights : (T,), normalised per series to sum to its rows; the regressors are standardised with the same weights.
    min_observations : series with fewer rows come back as NaN.

    Raises
    ------
    ValueError if the inputs do not share their first axis, or alpha is negative.

    Source: Hoerl and Kennard (1970).
    """
    if alpha < 0:
        raise ValueError(f"alpha must not be negative: {alpha}")
    m = _moments(series, regressors, weights, min_observations)
    size = m.gram.shape[1]
    # The slopes, and the smoother whose trace is the effective number of regressors.
    right = np.concatenate([m.cross[:, :, None], m.gram], axis=2)
    solved = np.linalg.solve(m.gram + alpha * np.eye(size), right)
    slopes, dof = solved[:, :, 0], np.trace(solved[:, :, 1:], axis1=1, axis2=2)
    explained = 2 * (slopes * m.cross).sum(axis=1) - ((m.gram @ slopes[:, :, None])[:, :, 0] * slopes).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        r_squared = np.where(m.total > ROUNDING * m.observations * m.level**2, explained / m.total, 0.0)
    lost = ~m.enough
    intercept = m.level.copy()
    slopes, dof = slopes.copy(), dof.copy()
    for array in (slopes, dof, r_squared, intercept):
        array[lost] = np.nan
    return RidgeFits(slopes / m.deviation, slopes, intercept, r_squared, dof, m.observations)


def generalised_alpha(
    series: Floats, regressors: Floats, alphas: Floats = GCV_ALPHAS, *, weights: Floats | None = None, min_observations: int = 60
) -> tuple[Floats, Floats]:  # fmt: skip
    """The penalty with the smallest generalised cross-validation error for each series, each on its own rows.

    Parameters
    ----------
    series, regressors, weights, min_observations : as in `ridge`. alphas : (A,) candidates.

    Returns
    -------
    Best alpha (N,) and the errors (A, N), mean square over (1 - (1 + trace) / n) squared; NaN where there are too few rows.

    Source: Golub, Heath and Wahba (1979).
    """
    m = _moments(series, regressors, weights, min_observations)
    values, vectors = np.linalg.eigh(m.gram)
    along = (vectors.transpose(0, 2, 1) @ m.cross[:, :, None])[:, :, 0] ** 2
    n = np.maximum(m.observations, 1)
    errors = np.empty((len(alphas), len(n)))
    for i, alpha in enumerate(alphas):
        left = m.total - (along * (values + 2 * alpha) / (values + alpha) ** 2).sum(axis=1)
        trace = (values / (values + alpha)).sum(axis=1)
        errors[i] = left / n / (1 - (1 + trace) / n) ** 2
    errors[:, ~m.enough] = np.nan
    best = np.asarray(alphas)[np.where(m.enough, np.nan_to_num(errors, nan=np.inf).argmin(axis=0), 0)]
    return np.where(m.enough, best, np.nan), errors


@dataclass(frozen=True)
class _Moments:
    """Sums over the rows of each series with standardised regressors: gram (N, K, K), cross (N, K), total square of the centred
    series and its level (N,), deviations of the regressors (N, K)."""

    gram: Floats
    cross: Floats
    total: Floats
    level: Floats
    deviation: Floats
    observations: Ints
    enough: NDArray[np.bool_]


def _moments(series: Floats, regressors: Floats, weights: Floats | None, min_observations: int) -> _Moments:
    if len(series) != len(regressors):
        raise ValueError(f"series {series.shape} and regressors {regressors.shape} do not share their rows")
    rows, count = series.shape
    size = regressors.shape[1]
    usable = ~np.isnan(regressors).any(axis=1)
    mask = ~np.isnan(series) & usable[:, None]  # type: ignore[index]
    present = mask.astype(np.float64)
    n = mask.sum(axis=0)
    safe = np.maximum(n, 1)
    row_weight = np.ones(rows) if weights is None else np.where(usable, weights, 0.0)
    total = row_weight @ present
    norm = np.divide(n, total, out=np.zeros(count), where=total > 0)[:, None]
    x = np.where(usable[:, None], regressors, 0.0)  # type: ignore[index]
    x = np.where(usable[:, None], x - (x[usable].mean(axis=0) if usable.any() else 0.0), 0.0)  # type: ignore[index]
    y = np.where(mask, series, 0.0)
    weighted = x * row_weight[:, None]
    upper, full = triangle(size)
    mean_x = norm * (present.T @ weighted) / safe[:, None]
    level = norm[:, 0] * (row_weight @ y) / safe
    gram = (norm * (present.T @ (weighted[:, upper[0]] * x[:, upper[1]])))[:, full].reshape(count, size, size)
    square = np.einsum("nii->ni", gram).copy()
    gram = gram - n[:, None, None] * mean_x[:, :, None] * mean_x[:, None, :]
    variance = np.einsum("nii->ni", gram) / safe[:, None]
    # Of a regressor that does not move on the rows of a series the centring leaves rounding.
    enough = (n >= max(min_observations, 2)) & (variance * safe[:, None] > FLAT * square).all(axis=1)
    deviation = np.where(enough[:, None], np.sqrt(np.maximum(variance, 0.0)), 1.0)
    cross = (norm * (y.T @ weighted) - n[:, None] * mean_x * level[:, None]) / deviation
    gram = gram / (deviation[:, :, None] * deviation[:, None, :])
    gram[~enough] = np.eye(size)
    spread = norm[:, 0] * (row_weight @ ((y - level) * present) ** 2)
    return _Moments(gram, cross, spread, level, deviation, n, enough)


def leave_one_out_alpha(series: Floats, regressors: Floats, alphas: Floats) -> tuple[Floats, Floats]:
    """The penalty with the smallest leave-one-out error for each series, complete rows only.

    Parameters
    ----------
    series : (T, N) without NaN. regressors : (T, K) without NaN. alphas : (A,) candidates.

    Returns
    -------
    Best alpha (N,) and the mean squared leave-one-out errors (A, N), from one singular value decomposition.

    Source: Golub, Heath and Wahba (1979).
    """
    z = (regressors - regressors.mean(axis=0)) / regressors.std(axis=0)
    y = series - series.mean(axis=0)
    u, s, _ = np.linalg.svd(z, full_matrices=False)
    projected = u.T @ y
    rows = len(z)
    errors = np.empty((len(alphas), series.shape[1]))
    for i, alpha in enumerate(alphas):
        shrink = s**2 / (s**2 + alpha)
        fitted = u @ (shrink[:, None] * projected)
        leverage = (u**2 @ shrink) + 1.0 / rows
        errors[i] = (((y - fitted) / (1 - leverage)[:, None]) ** 2).mean(axis=0)
    return alphas[errors.argmin(axis=0)], errors
