"""Factor models: multivariate regressions and their diagnostics, spread factors, and the joint model stress is built on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from analytics.engines.regression import Floats, Ints, LinearFits, exponential_weights, fit, known_or_zero

JOINT_FACTORS = ("Market", "Growth-Value", "Momentum", "Size", "Quality", "Low Volatility", "Rates")
# The funds behind the factors, in the order `joint_factor_returns` takes them.
FACTOR_FUNDS = ("SPY", "VTV", "VUG", "MTUM", "QUAL", "IWM", "USMV", "TLT")
JOINT_WINDOW = 252
JOINT_HALF_LIFE = 126.0
JOINT_MINIMUM = 60
DIAGONAL_SHRINKAGE = 0.10
PRIOR_STD_FLOOR = 0.05
SMALLEST_SECTOR = 5


def collinearity(regressors: Floats) -> tuple[Floats, Floats, float, float]:
    """How far regressors explain each other.

    Parameters
    ----------
    regressors : (T, K) without NaN.

    Returns
    -------
    Variance inflation factors of centred columns (K,) and of raw ones (K,), and the condition number of the raw matrix and of
    the standardised one (the limit of 100 applies to the latter).
    """
    centred = np.diag(np.linalg.inv(np.corrcoef(regressors, rowvar=False)))
    raw_gram = regressors.T @ regressors
    uncentred = np.diag(np.linalg.inv(raw_gram)) * np.diag(raw_gram)
    standard = (regressors - regressors.mean(axis=0)) / regressors.std(axis=0)
    return (
        np.asarray(centred),
        np.asarray(uncentred),
        float(np.linalg.cond(regressors)),
        float(np.linalg.cond(standard)),
    )


def multifactor(series: Floats, factors: Floats, *, min_observations: int = 60, newey_west: bool = True) -> LinearFits:
    """Ordinary least squares of every symbol on several factors, (T, N) on (T, K). See `regression.fit`."""
    return fit(series, factors, min_observations=min_observations, newey_west=newey_west)


def spread_returns(long: Floats, short: Floats) -> Floats:
    """Daily return of being long one fund and short another, (T,)."""
    return np.asarray(long - short)


def joint_factor_returns(funds: Floats, *, half_life: float = JOINT_HALF_LIFE) -> Floats:
    """Daily returns of the seven joint factors.

    Parameters
    ----------
    funds : (T, 8) returns of `FACTOR_FUNDS`. A row in which any fund is missing gives a row of NaN.

    Returns
    -------
    (T, 7): Market, Growth - Value, Momentum, Size, Quality and Low Volatility over the market, and what is left of long
    Treasuries once the market is taken out (weighted regression over these rows).
    """
    spy, vtv, vug, mtum, qual, iwm, usmv, tlt = funds.T
    rates = fit(tlt[:, None], spy[:, None], weights=exponential_weights(len(funds), half_life)).residuals[:, 0]
    factors = np.column_stack([spy, vug - vtv, mtum - spy, iwm - spy, qual - spy, usmv - spy, rates])
    factors[np.isnan(factors).any(axis=1)] = np.nan
    return factors


def factor_covariance(
    factors: Floats, *, half_life: float = JOINT_HALF_LIFE, shrinkage: float = DIAGONAL_SHRINKAGE
) -> Floats:
    """Weighted covariance of daily factor returns, drawn towards its diagonal.

    Parameters
    ----------
    factors : (T, K); rows with NaN are left out. shrinkage : share of the off-diagonal removed.

    Returns
    -------
    (K, K) daily covariance, exactly symmetric.
    """
    weights = exponential_weights(len(factors), half_life)
    usable = ~np.isnan(factors).any(axis=1)
    w, f = weights[usable] / weights[usable].sum(), factors[usable]
    centred = f - w @ f
    product = (centred * w[:, None]).T @ centred
    sample = (product + product.T) / 2
    return np.asarray((1 - shrinkage) * sample + shrinkage * np.diag(np.diag(sample)))


@dataclass(frozen=True)
class JointLoadings:
    """Loadings of N symbols on the seven joint factors; NaN where a symbol has too few sessions.

    raw, shrunk, std_errors, newey_west, p_values : (N, 7). r_squared, residual_variance (daily) : (N,). observations : (N,).
    """

    raw: Floats
    shrunk: Floats
    std_errors: Floats
    newey_west: Floats
    p_values: Floats
    r_squared: Floats
    residual_variance: Floats
    observations: Ints
    alpha: Floats


def joint_loadings(
    returns: Floats,
    factors: Floats,
    sector: NDArray[np.int64],
    unshrunk: NDArray[np.bool_],
    *,
    half_life: float = JOINT_HALF_LIFE,
    min_observations: int = JOINT_MINIMUM,
) -> JointLoadings:
    """Joint factor loadings of all symbols, and their shrinkage towards the sector.

    Parameters
    ----------
    returns : (T, N) simple total returns, NaN where missing. factors : (T, 7) from `joint_factor_returns`.
    sector : (N,) codes; a negative code belongs to no sector. unshrunk : (N,) symbols left as they are (the factors' funds).

    Source: Vasicek (1973) applied to each column; Newey and West (1987) for the errors.
    """
    fits = fit(
        returns,
        factors,
        weights=exponential_weights(len(returns), half_life),
        min_observations=min_observations,
        newey_west=True,
    )
    assert fits.newey_west is not None
    return JointLoadings(
        raw=fits.coefficients,
        shrunk=shrink_by_sector(fits.coefficients, fits.std_errors, sector, unshrunk),
        std_errors=fits.std_errors,
        newey_west=fits.newey_west,
        p_values=fits.p_values,
        r_squared=fits.r_squared,
        residual_variance=fits.residual_variance,
        observations=fits.observations,
        alpha=fits.alpha,
    )


def shrink_by_sector(
    loadings: Floats, std_errors: Floats, sector: NDArray[np.int64], unshrunk: NDArray[np.bool_]
) -> Floats:
    """Every loading drawn towards the mean of its sector, the more the less certain it is.

    The prior of a column is the cross-section of the symbol's sector (of all symbols if the sector has fewer than five):
    its mean, and its variance less the mean squared error, at least 0.05 squared.

    Parameters
    ----------
    loadings, std_errors : (N, K), NaN where not estimated. sector : (N,) codes. unshrunk : (N,) symbols left alone, and
        left out of the cross-sections.

    Returns
    -------
    (N, K).

    Source: Vasicek (1973).
    """
    known = ~np.isnan(loadings).any(axis=1) & ~unshrunk
    if not known.any():
        return loadings.copy()
    codes = np.unique(sector[known & (sector >= 0)])
    groups = [(code, known & (sector == code)) for code in codes]
    shrunk = loadings.copy()
    large = np.zeros(len(sector), dtype=bool)
    for _, members in groups:
        if members.sum() >= SMALLEST_SECTOR:
            shrunk[members] = _vasicek(loadings[members], std_errors[members], loadings[members], std_errors[members])
            large |= members
    rest = known & ~large
    if rest.any():
        shrunk[rest] = _vasicek(loadings[rest], std_errors[rest], loadings[known], std_errors[known])
    return shrunk


def _vasicek(loadings: Floats, errors: Floats, cross_section: Floats, cross_errors: Floats) -> Floats:
    mean = cross_section.mean(axis=0)
    spread = cross_section.var(axis=0, ddof=1) if len(cross_section) > 1 else np.zeros(cross_section.shape[1])
    prior = np.maximum(spread - (cross_errors**2).mean(axis=0), PRIOR_STD_FLOOR**2)
    weight = prior / (prior + errors**2)
    return np.asarray(weight * loadings + (1 - weight) * mean)


@dataclass(frozen=True)
class VarianceParts:
    """What the joint factors and what is left of each symbol make of a book's volatility, (P,) each, daily fractions of equity;
    NaN where a book has no loadings. They add up as squares."""

    factor: Floats
    specific: Floats


def variance_parts(
    loadings: Floats, covariance: Floats, dollars: csr_matrix, residual_volatility: Floats, equity: Floats
) -> VarianceParts:
    """Volatility of books from their factor loadings and from the residuals of their symbols, taken as unrelated.

    Parameters
    ----------
    loadings : (P, K) per dollar of equity. covariance : (K, K) daily, of the factors. dollars : (P, N) delta dollars by symbol,
        netted; symbols without a residual volatility, NaN in (N,), add nothing, as they have no loading either. equity : (P,).

    Source: Rosenberg (1974), the structure of a multiple-factor risk model.
    """
    factor = np.einsum("pj,jk,pk->p", loadings, covariance, loadings)
    squares = dollars.power(2) @ known_or_zero(residual_volatility**2)
    known = ~np.isnan(factor) & (equity > 0)
    scale = np.where(known, equity, np.nan)
    return VarianceParts(np.sqrt(np.where(known, np.maximum(factor, 0.0), np.nan)), np.sqrt(squares) / scale)


def factor_shares(loadings: Floats, covariance: Floats) -> Floats:
    """Each factor's part of a book's factor variance, (K,), adding up to it: loading times covariance with the book.

    Parameters
    ----------
    loadings : (K,). covariance : (K, K). A factor that offsets the others has a negative part. Source: Tasche (1999).
    """
    return np.asarray(loadings * (covariance @ loadings))


def style_exposures(joint: Floats) -> dict[str, Floats]:
    """The six style names read from joint loadings (N, 7) or (P, 7): value and growth are the two ends of one factor."""
    return {
        "Value": -joint[:, 1], "Growth": joint[:, 1], "Momentum": joint[:, 2], "Size": joint[:, 3], "Quality": joint[:, 4],
        "Low Volatility": joint[:, 5],
    }  # fmt: skip
