"""Linear regression of many series on the same regressors at once, with weights, gaps and robust errors."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Columns worked on at a time: they stay in the processor's cache.
COLUMNS = 512
# Variance below this share of the squared mean is rounding.
ROUNDING = 1e-24


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


def known_or_zero(values: Floats) -> Floats:
    """The values with unknown ones as 0: they add nothing to a sum. A third of the time of `numpy.nan_to_num`."""
    return np.where(np.isnan(values), 0.0, values)


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
    blocks = [
        _fit(series[:, start : start + COLUMNS], regressors, weights, min_observations, newey_west)
        for start in range(0, max(series.shape[1], 1), COLUMNS)
    ]
    if len(blocks) == 1:
        return blocks[0]
    parts: dict[str, Any] = {name: [getattr(b, name) for b in blocks] for name in LinearFits.__dataclass_fields__}
    residuals, robust = np.concatenate(parts.pop("residuals"), axis=1), parts.pop("newey_west")
    return LinearFits(
        **{name: np.concatenate(values) for name, values in parts.items()},
        residuals=residuals,
        newey_west=np.concatenate(robust) if newey_west else None,
    )


def _fit(
    series: Floats, regressors: Floats, weights: Floats | None, min_observations: int, newey_west: bool
) -> LinearFits:
    rows, count = series.shape
    usable = ~np.isnan(regressors).any(axis=1)
    mask = ~np.isnan(series) & usable[:, None]  # type: ignore[index]
    present = mask.astype(np.float64)
    n = mask.sum(axis=0)
    factors = regressors.shape[1]
    size = factors + 1
    enough = n >= max(min_observations, factors + 2)
    centre = regressors[usable].mean(axis=0) if usable.any() else np.zeros(factors)
    design = np.column_stack([np.ones(rows), np.where(usable[:, None], regressors - centre, 0.0)])  # type: ignore[index]
    # A series' weights are those of the rows times one number, which the sums over rows leave outside.
    row_weight = np.ones(rows) if weights is None else np.where(usable, weights, 0.0)
    total = row_weight @ present
    norm = np.divide(n, total, out=np.zeros(count), where=total > 0)
    weighted = design * row_weight[:, None]
    y = np.where(mask, series, 0.0)
    upper, full = triangle(size)
    products = weighted[:, upper[0]] * design[:, upper[1]]
    gram = ((present.T @ products) * norm[:, None])[:, full].reshape(count, size, size)
    gram[~enough] = np.eye(size)
    # A regressor without variance makes the system singular; such a series gets no estimate.
    with np.errstate(all="ignore"):
        scale = np.sqrt(np.einsum("nii->ni", gram))
        scale[scale == 0] = 1.0
        balanced = gram / (scale[:, :, None] * scale[:, None, :])
        singular = np.abs(np.linalg.det(balanced)) < 1e-13
    balanced[singular] = np.eye(size)
    inverse = np.linalg.inv(balanced) / (scale[:, :, None] * scale[:, None, :])

    def solve(values: Floats) -> Floats:
        return np.asarray((inverse @ ((weighted.T @ values) * norm).T[:, :, None])[:, :, 0])

    def left_over(solution: Floats) -> Floats:
        residuals = design @ solution.T
        np.subtract(y, residuals, out=residuals)
        residuals *= present
        return np.asarray(residuals)

    solution = solve(y)
    # One step of refinement: the residuals hold what the normal equations lost.
    solution = solution + solve(left_over(solution))
    residuals = left_over(solution)
    bad = ~enough | singular
    freedom = np.maximum(n - size, 1)
    sse = (row_weight @ residuals**2) * norm
    mean = np.divide((row_weight @ y) * norm, n, out=np.zeros(count), where=n > 0)
    sst = (row_weight @ ((y - mean) * present) ** 2) * norm
    moving = sst > ROUNDING * n * mean**2
    variance = sse / freedom
    errors = np.sqrt(np.maximum(variance[:, None] * np.einsum("nii->ni", inverse), 0.0))
    shift = ((inverse[:, 1:, 1:] @ centre) @ centre) - 2 * inverse[:, 0, 1:] @ centre + inverse[:, 0, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        t = solution / errors
        p = 2 * stdtr(freedom[:, None], -np.abs(t))
        r_squared = np.where(moving, 1 - sse / sst, 0.0)
    robust = None
    if newey_west:
        robust = _newey_west(design, residuals * row_weight[:, None], inverse, n, size) * norm[:, None]
        robust[bad] = np.nan
    for array in (solution, errors, p, variance, r_squared):
        array[bad] = np.nan
    return LinearFits(
        coefficients=solution[:, 1:],
        std_errors=errors[:, 1:],
        p_values=p[:, 1:],
        alpha=solution[:, 0] - solution[:, 1:] @ centre,
        alpha_std_error=np.where(bad, np.nan, np.sqrt(np.maximum(known_or_zero(variance) * shift, 0.0))),
        r_squared=r_squared,
        residual_variance=variance,
        observations=n,
        residuals=np.where(mask & ~bad, residuals, np.nan),
        newey_west=None if robust is None else robust[:, 1:],
    )


@functools.lru_cache(maxsize=64)
def triangle(size: int) -> tuple[tuple[Ints, Ints], Ints]:
    """Rows and columns of the upper triangle, and the place in it of every entry of the full symmetric matrix."""
    upper = np.triu_indices(size)
    place = np.zeros((size, size), dtype=np.int64)
    place[upper] = np.arange(len(upper[0]))
    place.T[upper] = place[upper]
    for array in (*upper, place):
        array.flags.writeable = False
    return upper, place.ravel()  # type: ignore[return-value]


def _newey_west(design: Floats, scores: Floats, inverse: Floats, n: Ints, size: int) -> Floats:
    """Newey-West standard errors, (N, K + 1). `scores` (T, N) are weighted residuals, zero where a row is missing.

    The long-run covariance of e_t x_t is a sum of products e_t e_{t-l} times the outer products of the shared regressors, so
    every lag is one matrix product for all series.
    """
    rows, count = scores.shape
    sizes, place = np.unique(n, return_inverse=True)
    lags = np.array([newey_west_lags(int(k)) for k in sizes], dtype=np.int64)[place]
    (i, j), full = triangle(size)
    total = np.zeros((count, len(i)))
    for lag in range(int(lags.max(initial=0)) + 1):
        now, before = design[lag:], design[: rows - lag]
        products = now[:, i] * before[:, j]
        if lag:
            products = products + before[:, i] * now[:, j]
        kernel = np.where(lag <= lags, 1 - lag / (lags + 1), 0.0)
        total += kernel[:, None] * ((scores[lag:] * scores[: rows - lag]).T @ products)
    middle = total[:, full].reshape(count, size, size)
    factor = n / np.maximum(n - size, 1)
    diagonal = ((inverse @ middle) * inverse).sum(axis=2)
    return np.asarray(np.sqrt(np.maximum(diagonal * factor[:, None], 0.0)))
