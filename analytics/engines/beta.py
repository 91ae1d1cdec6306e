"""Market and interest-rate betas of all symbols at once, with their errors and their shrunk and thin-trading variants."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

from analytics.engines.regression import Floats, Ints, fit, newey_west_lags

CONFIDENCE = 0.95


class BetaStatus(IntEnum):
    """Why a beta is there or not; STALE is a constant series, whose beta is zero."""

    OK = 0
    STALE = 1
    INSUFFICIENT = 2
    ZERO_BENCHMARK_VARIANCE = 3


@dataclass(frozen=True)
class BetaEstimate:
    """Single-factor betas, (N,) each: NaN where `status` is not OK or STALE. alpha is per day."""

    beta: Floats
    alpha: Floats
    r_squared: Floats
    std_error: Floats
    alpha_std_error: Floats
    p_value: Floats
    newey_west_std_error: Floats
    residual_variance: Floats
    ci95_low: Floats
    ci95_high: Floats
    observations: Ints
    status: NDArray[np.int8]
    residuals: Floats


def ols_beta(
    asset_returns: Floats, benchmark_returns: Floats, *, min_observations: int = 30, newey_west: bool = True
) -> BetaEstimate:
    """Beta of every asset to one benchmark by ordinary least squares, raw: no cap, no shrinkage.

    Parameters
    ----------
    asset_returns : (T, N) simple daily returns as fractions; NaN where an asset did not trade.
    benchmark_returns : (T,) returns of the market or bond fund on the same sessions; rows with NaN are used by nobody.
    min_observations : assets with fewer common sessions come back as NaN. newey_west : False leaves those errors NaN.

    Raises
    ------
    ValueError if the two inputs do not share their first axis.

    Source: Sharpe (1963); standard errors as in Greene, Econometric Analysis, ch. 4.
    """
    if len(asset_returns) != len(benchmark_returns):
        raise ValueError(f"{len(asset_returns)} rows of assets, {len(benchmark_returns)} of the benchmark")
    x = np.asarray(benchmark_returns, dtype=np.float64)
    fits = fit(asset_returns, x[:, None], min_observations=min_observations, newey_west=newey_west)
    mask = ~np.isnan(asset_returns) & ~np.isnan(x)[:, None]
    low = np.where(mask, asset_returns, np.inf).min(axis=0, initial=np.inf)
    high = np.where(mask, asset_returns, -np.inf).max(axis=0, initial=-np.inf)
    x_low = np.where(mask, x[:, None], np.inf).min(axis=0, initial=np.inf)
    x_high = np.where(mask, x[:, None], -np.inf).max(axis=0, initial=-np.inf)
    status = np.zeros(asset_returns.shape[1], dtype=np.int8)
    status[low == high] = BetaStatus.STALE
    status[x_low == x_high] = BetaStatus.ZERO_BENCHMARK_VARIANCE
    status[fits.observations < min_observations] = BetaStatus.INSUFFICIENT
    lost = status >= BetaStatus.INSUFFICIENT
    stale = status == BetaStatus.STALE

    def settle(values: Floats, flat: float) -> Floats:
        return np.where(lost, np.nan, np.where(stale, flat, values))

    beta, error = settle(fits.coefficients[:, 0], 0.0), settle(fits.std_errors[:, 0], 0.0)
    width = error * stdtrit(np.maximum(fits.observations - 2, 1), 0.5 + CONFIDENCE / 2)
    robust = np.full(len(beta), np.nan) if fits.newey_west is None else settle(fits.newey_west[:, 0], 0.0)
    return BetaEstimate(
        beta=beta,
        alpha=np.where(lost, np.nan, np.where(stale, low, fits.alpha)),
        r_squared=settle(fits.r_squared, 0.0),
        std_error=error,
        alpha_std_error=settle(fits.alpha_std_error, 0.0),
        p_value=settle(fits.p_values[:, 0], 1.0),
        newey_west_std_error=robust,
        residual_variance=settle(fits.residual_variance, 0.0),
        ci95_low=beta - width,
        ci95_high=beta + width,
        observations=fits.observations,
        status=status,
        residuals=fits.residuals,
    )


def vasicek(
    beta: Floats, std_error: Floats, *, prior_mean: float = 1.0, prior_std: float = 0.35
) -> tuple[Floats, Floats]:
    """Beta shrunk towards a prior, and the weight on the estimate, (N,) each. Source: Vasicek (1973)."""
    weight = prior_std**2 / (prior_std**2 + np.asarray(std_error) ** 2)
    return weight * beta + (1 - weight) * prior_mean, weight


def blume(beta: Floats) -> Floats:
    """Beta adjusted towards one, 0.67 b + 0.33. Source: Blume (1975)."""
    return 0.67 * np.asarray(beta) + 0.33


def dimson(
    asset_returns: Floats, benchmark_returns: Floats, *, lags: int = 1, leads: int = 0
) -> tuple[Floats, Floats, Floats]:
    """Beta of thinly traded assets: the sum of the slopes on the benchmark's lagged, present and leading returns.

    Parameters
    ----------
    asset_returns : (T, N), NaN where missing. benchmark_returns : (T,).

    Returns
    -------
    beta (N,), its standard error (N,), slopes in time order from the oldest lag (N, lags + 1 + leads).

    Source: Dimson (1979).
    """
    rows = len(benchmark_returns)
    shifted = np.full((rows, lags + 1 + leads), np.nan)
    for column, shift in enumerate(range(-lags, leads + 1)):
        source = np.arange(rows) + shift
        inside = (source >= 0) & (source < rows)
        shifted[inside, column] = benchmark_returns[source[inside]]
    # The sum is the slope on the present return once the others are measured against it.
    present = shifted[:, lags : lags + 1]
    others = np.delete(shifted, lags, axis=1) - present
    total = fit(asset_returns, np.column_stack([present, others]), min_observations=lags + leads + 4)
    slopes = np.insert(total.coefficients[:, 1:], lags, 0.0, axis=1)
    slopes[:, lags] = total.coefficients[:, 0] - slopes.sum(axis=1)
    return total.coefficients[:, 0], total.std_errors[:, 0], slopes


@dataclass(frozen=True)
class OlsDiagnostics:
    """What a regression report shows beside the estimate of one series: NaN where the status allows none."""

    adjusted_r_squared: float
    t_stat: float
    residual_std: float
    durbin_watson: float
    hc3_std_error: float
    newey_west_lags: int
    newey_west_t: float
    newey_west_p_value: float
    is_significant: bool


def diagnose(estimate: BetaEstimate, asset: Floats, benchmark: Floats, *, level: float = 0.10) -> OlsDiagnostics:
    """Diagnostics of the first asset of `estimate`, complete rows.

    Parameters
    ----------
    asset, benchmark : (T,) the series of the fit. level : significance asked of the p-value.

    Source: Durbin and Watson (1950); MacKinnon and White (1985) for HC3; the robust p-value takes the normal distribution.
    """
    n = int(estimate.observations[0])
    residual = asset - estimate.alpha[0] - estimate.beta[0] * benchmark
    centred = benchmark - benchmark.mean()
    spread = centred @ centred
    leverage = 1 / n + centred**2 / spread
    hc3 = np.sqrt(((centred * residual / (1 - leverage)) ** 2).sum()) / spread
    robust = float(estimate.newey_west_std_error[0])
    with np.errstate(divide="ignore", invalid="ignore"):
        t, robust_t = estimate.beta[0] / estimate.std_error[0], estimate.beta[0] / robust
        watson = (np.diff(residual) ** 2).sum() / (residual @ residual)
    return OlsDiagnostics(
        adjusted_r_squared=float(1 - (1 - estimate.r_squared[0]) * (n - 1) / (n - 2)),
        t_stat=float(t),
        residual_std=float(np.sqrt(max(estimate.residual_variance[0], 0.0))),
        durbin_watson=float(watson),
        hc3_std_error=float(hc3),
        newey_west_lags=newey_west_lags(n),
        newey_west_t=float(robust_t),
        newey_west_p_value=float(2 * ndtr(-abs(robust_t))),
        is_significant=bool(estimate.p_value[0] < level),
    )


def exceeds_cap(beta: Floats, cap: float) -> NDArray[np.bool_]:
    """Whether a raw beta lies beyond a cap: flagged, never cut."""
    return np.abs(np.nan_to_num(beta)) > cap
