"""Ridge regression of all symbols on the same standardised regressors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analytics.engines.regression import Floats, Ints

GCV_ALPHAS = np.logspace(-1, 3, 20)


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
    if len(series) != len(regressors):
        raise ValueError(f"series {series.shape} and regressors {regressors.shape} do not share their rows")
    if alpha < 0:
        raise ValueError(f"alpha must not be negative: {alpha}")
    usable = ~np.isnan(regressors).any(axis=1)
    mask = ~np.isnan(series) & usable[:, None]  # type: ignore[index]
    n = mask.sum(axis=0)
    rows, count = series.shape
    factors = regressors.shape[1]
    weight = mask.astype(np.float64)
    if weights is not None:
        weight *= weights[:, None]
        total = weight.sum(axis=0)
        weight *= np.divide(n, total, out=np.zeros(count), where=total > 0)
    x = np.where(usable[:, None], regressors, 0.0)  # type: ignore[index]
    x = x - (x[usable].mean(axis=0) if usable.any() else 0.0)
    x[~usable] = 0.0
    y = np.where(mask, series, 0.0)
    safe = np.maximum(n, 1)
    mean_x = weight.T @ x / safe[:, None]
    mean_y = (weight * y).sum(axis=0) / safe
    outer = (x[:, :, None] * x[:, None, :]).reshape(rows, factors * factors)
    gram = (weight.T @ outer).reshape(count, factors, factors) - n[:, None, None] * mean_x[:, :, None] * mean_x[
        :, None, :
    ]
    moments = (weight * y).T @ x - n[:, None] * mean_x * mean_y[:, None]
    deviation = np.sqrt(np.maximum(np.einsum("nii->ni", gram) / safe[:, None], 0.0))
    enough = (n >= max(min_observations, 2)) & (deviation > 0).all(axis=1)
    deviation[~enough] = 1.0
    standard_gram = gram / (deviation[:, :, None] * deviation[:, None, :])
    standard_gram[~enough] = np.eye(factors)
    system = standard_gram + alpha * np.eye(factors)
    slopes = np.linalg.solve(system, (moments / deviation)[:, :, None])[:, :, 0]
    dof = np.trace(np.linalg.solve(system, standard_gram), axis1=1, axis2=2)
    total_square = (weight * np.where(mask, series - mean_y, 0.0) ** 2).sum(axis=0)
    explained = 2 * np.einsum("nk,nk->n", slopes, moments / deviation) - np.einsum(
        "ni,nij,nj->n", slopes, standard_gram, slopes
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        r_squared = np.where(total_square > 0, explained / total_square, 0.0)
    lost = ~enough
    for array in (slopes, dof, r_squared, mean_y):
        array[lost] = np.nan
    return RidgeFits(slopes / deviation, slopes, mean_y, r_squared, dof, n)


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
