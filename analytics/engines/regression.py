"""Linear regression of many series on the same regressors at once, with weights, gaps and robust errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class LinearFits:
    """Fits of N series on K regressors and a constant; NaN where a series has too few rows.

    coefficients, std_errors, p_values : (N, K). alpha, alpha_std_error (per day), r_squared, residual_variance (with n - K - 1
    degrees of freedom) : (N,). newey_west : (N, K) or None. observations : (N,). residuals : (T, N), NaN where unused.
    """

    coefficients: Floats
    std_errors: Floats
    p_values: Floats
    alpha: Floats
    alpha_std_error: Floats
    r_squared: Floats
    residual_variance: Floats
    observations: Ints
    residuals: Floats
    newey_west: Floats | None

    def adjusted_r_squared(self, regressors: int) -> Floats:
        """R² corrected for the number of regressors, (N,)."""
        n = self.observations
        return np.asarray(1 - (1 - self.r_squared) * (n - 1) / (n - regressors - 1))


def newey_west_lags(observations: int) -> int:
    """Bartlett lags ``floor(4 (n / 100)^(2/9))``. Source: Newey and West (1994)."""
    return int(4 * (observations / 100) ** (2 / 9))


def exponential_weights(rows: int, half_life: float) -> Floats:
    """Weights ``0.5^(age / half_life)`` for rows in time order, the newest last, (T,), not normalised."""
    return np.asarray(0.5 ** (np.arange(rows - 1, -1, -1) / half_life))


def fit(
    series: Floats,
    regressors: Floats,
    *,
    weights: Floats | None = None,
    min_observations: int = 3,
    newey_west: bool = False,
) -> LinearFits:
    """Least squares of every column of `series` on the same regressors, each on the rows where it has values.

    Parameters
    ----------
    series : (T, N), NaN where a value is missing. regressors : (T, K); a row with a NaN is used by nobody.
    weights : (T,) of the rows; normalised for each series to sum to its number of rows.
    min_observations : series with fewer rows (or fewer than K + 2) come back as NaN, `observations` tells why.
    newey_west : also Newey-West errors, Bartlett kernel, with the factor n / (n - K - 1).

    Returns
    -------
    LinearFits.

    Raises
    ------
    ValueError if the inputs do not share their first axis.

    Source: Greene, Econometric Analysis, chapters 4 and 20; Newey and West (1987).
    """
    if series.ndim != 2 or regressors.ndim != 2 or len(series) != len(regressors):
        raise ValueError(f"series {series.shape} and regressors {regressors.shape} must be (T, N) and (T, K)")
    rows, count = series.shape
    usable = ~np.isnan(regressors).any(axis=1)
    mask = ~np.isnan(series) & usable[:, None]  # type: ignore[index]
    n = mask.sum(axis=0)
    factors = regressors.shape[1]
    enough = n >= max(min_observations, factors + 2)
    centre = regressors[usable].mean(axis=0) if usable.any() else np.zeros(factors)
    design = np.column_stack([np.ones(rows), np.where(usable[:, None], regressors - centre, 0.0)])  # type: ignore[index]
    y = np.where(mask, series, 0.0)
    weight = mask.astype(np.float64)
    if weights is not None:
        weight *= weights[:, None]
        total = weight.sum(axis=0)
        weight *= np.divide(n, total, out=np.zeros(count), where=total > 0)
    size = factors + 1
    outer = (design[:, :, None] * design[:, None, :]).reshape(rows, size * size)
    gram = (weight.T @ outer).reshape(count, size, size)
    gram[~enough] = np.eye(size)
    # A regressor without variance makes the system singular; such a series gets no estimate.
    with np.errstate(all="ignore"):
        scale = np.sqrt(np.einsum("nii->ni", gram))
        scale[scale == 0] = 1.0
        balanced = gram / (scale[:, :, None] * scale[:, None, :])
        singular = np.abs(np.linalg.det(balanced)) < 1e-13
    balanced[singular] = np.eye(size)
    inverse = np.linalg.inv(balanced) / (scale[:, :, None] * scale[:, None, :])
    moments = (weight * y).T @ design
    solution = np.einsum("nij,nj->ni", inverse, moments)
    residuals = np.where(mask, series - design @ solution.T, 0.0)
    # One step of refinement: the residuals hold what the normal equations lost.
    correction = np.einsum("nij,nj->ni", inverse, (weight * residuals).T @ design)
    solution = solution + correction
    residuals = np.where(mask, series - design @ solution.T, 0.0)
    bad = ~enough | singular
    freedom = np.maximum(n - size, 1)
    sse = (weight * residuals**2).sum(axis=0)
    mean = np.divide((weight * y).sum(axis=0), n, out=np.zeros(count), where=n > 0)
    sst = (weight * np.where(mask, series - mean, 0.0) ** 2).sum(axis=0)
    variance = sse / freedom
    errors = np.sqrt(np.maximum(variance[:, None] * np.einsum("nii->ni", inverse), 0.0))
    shift = (
        np.einsum("nij,i,j->n", inverse[:, 1:, 1:], centre, centre) - 2 * inverse[:, 0, 1:] @ centre + inverse[:, 0, 0]
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        t = solution / errors
        p = 2 * stdtr(freedom[:, None], -np.abs(t))
        r_squared = np.where(sst > 0, 1 - sse / sst, 0.0)
    robust = None
    if newey_west:
        robust = _newey_west(design, weight * residuals, inverse, n, size)
        robust[bad] = np.nan
    for array in (solution, errors, p, variance, r_squared):
        array[bad] = np.nan
    return LinearFits(
        coefficients=solution[:, 1:],
        std_errors=errors[:, 1:],
        p_values=p[:, 1:],
        alpha=solution[:, 0] - solution[:, 1:] @ centre,
        alpha_std_error=np.where(bad, np.nan, np.sqrt(np.maximum(np.nan_to_num(variance) * shift, 0.0))),
        r_squared=r_squared,
        residual_variance=variance,
        observations=n,
        residuals=np.where(mask & ~bad, residuals, np.nan),
        newey_west=None if robust is None else robust[:, 1:],
    )


def _newey_west(design: Floats, scores: Floats, inverse: Floats, n: Ints, size: int) -> Floats:
    """Newey-West standard errors, (N, K + 1). `scores` (T, N) are weighted residuals, zero where a row is missing.

    The long-run covariance of e_t x_t is a sum of products e_t e_{t-l} times the outer products of the shared regressors, so
    every lag is one matrix product for all series.
    """
    rows, count = scores.shape
    lags = np.array([newey_west_lags(int(k)) for k in n])
    total = np.zeros((count, size, size))
    for lag in range(int(lags.max(initial=0)) + 1):
        outer = (design[lag:, :, None] * design[: rows - lag, None, :]).reshape(rows - lag, size * size)
        part = ((scores[lag:] * scores[: rows - lag]).T @ outer).reshape(count, size, size)
        if lag:
            part = part + part.transpose(0, 2, 1)
        total += np.where(lag <= lags, 1 - lag / (lags + 1), 0.0)[:, None, None] * part
    covariance = inverse @ total @ inverse
    factor = n / np.maximum(n - size, 1)
    return np.asarray(np.sqrt(np.maximum(np.einsum("nii->ni", covariance) * factor[:, None], 0.0)))
