"""Value at risk, expected shortfall, risk contributions and performance, of one series or of many portfolios at once.

Losses are positive. Histories are daily P&L (or returns) of today's holdings, (T, P).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from analytics.engines.regression import Floats, Ints

YEAR = 252.0
LOOKBACK = 252
MINIMUM = 60


@dataclass(frozen=True)
class TailRisk:
    """Value at risk and expected shortfall at one confidence, (P,) each, NaN below the minimum of observations."""

    var: Floats
    expected_shortfall: Floats
    observations: Ints


def historical_tail(pnl: Floats, confidence: float, *, min_observations: int = MINIMUM) -> TailRisk:
    """Historical simulation: the interpolated quantile of the losses and the mean of the tail beyond it.

    Parameters
    ----------
    pnl : (T, P) P&L of today's book on past days, NaN where a day cannot be used.

    Source: Acerbi and Tasche (2002).
    """
    ordered = np.sort(pnl, axis=0)  # NaN sorts to the end
    n = (~np.isnan(pnl)).sum(axis=0)
    enough = n >= min_observations
    tail = 1 - confidence
    place = np.where(enough, tail * (n - 1), 0.0)
    low = np.floor(place).astype(np.int64)
    columns = np.arange(pnl.shape[1])
    high = np.minimum(low + 1, np.maximum(n - 1, 0))
    if not len(ordered):
        return TailRisk(np.full(pnl.shape[1], np.nan), np.full(pnl.shape[1], np.nan), n)
    quantile = ordered[low, columns] + (place - low) * (ordered[high, columns] - ordered[low, columns])
    running = np.cumsum(np.nan_to_num(ordered), axis=0)
    mass = np.where(enough, tail * n, 1.0)
    whole = np.floor(mass + 1e-12).astype(np.int64)
    part = np.maximum(mass - whole, 0.0)
    worst = np.where(whole > 0, running[np.maximum(whole - 1, 0), columns], 0.0)
    shortfall = (worst + part * ordered[np.minimum(whole, len(ordered) - 1), columns]) / mass
    # The interpolated quantile may lie inside the tail's first step; the mean beyond it is never the smaller loss.
    var = np.where(enough, -quantile, np.nan)
    return TailRisk(var, np.where(enough, np.maximum(-shortfall, var), np.nan), n)


def order_statistic_var(pnl: Floats, confidence: float) -> Floats:
    """The loss of the first day beyond the tail, without interpolation, (P,); complete columns."""
    ordered = np.sort(pnl, axis=0)
    return np.asarray(-ordered[int(np.floor((1 - confidence) * (len(ordered) - 1)))])


def parametric_tail(pnl: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Normal value at risk and expected shortfall from the sample's mean and deviation, (P,) each."""
    mean, deviation = np.nanmean(pnl, axis=0), np.nanstd(pnl, axis=0, ddof=1)
    z = ndtri(confidence)
    density = np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    return z * deviation - mean, deviation * density / (1 - confidence) - mean


def cornish_fisher_var(pnl: Floats, confidence: float) -> Floats:
    """Value at risk with the normal quantile corrected for skewness and excess kurtosis, (P,). Source: Cornish, Fisher (1938)."""
    mean, deviation = np.nanmean(pnl, axis=0), np.nanstd(pnl, axis=0, ddof=1)
    centred = pnl - mean
    population = np.nanstd(pnl, axis=0)
    skew, excess = np.nanmean(centred**3, axis=0) / population**3, np.nanmean(centred**4, axis=0) / population**4 - 3
    z = ndtri(1 - confidence)
    adjusted = z + (z**2 - 1) * skew / 6 + (z**3 - 3 * z) * excess / 24 - (2 * z**3 - 5 * z) * skew**2 / 36
    return np.asarray(-(mean + adjusted * deviation))


def filtered_history(pnl: Floats, volatility: Floats, now: Floats) -> Floats:
    """Past P&L scaled to today's volatility, (T, P): each day times sigma_now / sigma_then.

    Source: Barone-Adesi, Giannopoulos and Vosper (1999).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(volatility > 0, pnl * now / volatility, np.nan)


@dataclass(frozen=True)
class EulerRisk:
    """Contributions to volatility: `marginal` and `component` (N,), which add up to `volatility`; `percent` of it."""

    volatility: float
    marginal: Floats
    component: Floats
    percent: Floats
    diversification_ratio: float


def euler_volatility(returns: Floats, weights: Floats) -> EulerRisk:
    """Split a book's daily volatility among its positions. Source: Tasche (1999).

    Parameters
    ----------
    returns : (T, N) complete daily returns. weights : (N,) signed.
    """
    covariance = np.cov(returns, rowvar=False)
    volatility = float(np.sqrt(weights @ covariance @ weights))
    marginal = covariance @ weights / volatility if volatility > 0 else np.zeros(len(weights))
    component = weights * marginal
    percent = 100 * component / volatility if volatility > 0 else np.zeros(len(weights))
    alone = np.abs(weights) @ np.sqrt(np.diag(covariance))
    return EulerRisk(volatility, marginal, component, percent, float(alone / volatility) if volatility > 0 else np.nan)


def lot_contributions(lot_pnl: Floats, portfolio: Ints, book_pnl: Floats) -> Floats:
    """What each lot adds to its book's volatility of daily P&L, dollars (L,): covariance with the book over its deviation.

    Parameters
    ----------
    lot_pnl : (T, L) daily P&L of today's lots, zeros where a lot has none. portfolio : (L,). book_pnl : (T, P), NaN on days
        that are not used.
    """
    used = ~np.isnan(book_pnl)
    n = np.maximum(used.sum(axis=0), 1)
    centred = np.where(used, book_pnl - np.nansum(book_pnl, axis=0) / n, 0.0)
    deviation = np.sqrt((centred**2).sum(axis=0) / np.maximum(n - 1, 1))
    covariance = np.einsum("tl,tl->l", np.nan_to_num(lot_pnl), centred[:, portfolio]) / np.maximum(n - 1, 1)[portfolio]
    scale = deviation[portfolio]
    return np.divide(covariance, scale, out=np.full(len(portfolio), np.nan), where=scale > 0)


@dataclass(frozen=True)
class Performance:
    """Of one series of daily returns; NaN where a ratio has no denominator."""

    sharpe: float
    sortino: float
    max_drawdown: float
    annual_return: float
    annual_volatility: float
    cumulative_return: float
    calmar: float


def performance(returns: Floats) -> Performance:
    """Sharpe, Sortino, drawdown and their kin at a riskless rate of zero, from daily returns (T,) without NaN."""
    growth = np.concatenate([[1.0], np.cumprod(1 + returns)])
    drawdown = float((growth / np.maximum.accumulate(growth) - 1).min())
    volatility = float(returns.std(ddof=1) * np.sqrt(YEAR))
    downside = float(np.sqrt((np.minimum(returns, 0) ** 2).mean()) * np.sqrt(YEAR))
    annual = float(growth[-1] ** (YEAR / len(returns)) - 1)
    mean = float(returns.mean() * YEAR)
    return Performance(
        sharpe=mean / volatility if volatility > 0 else np.nan,
        sortino=mean / downside if downside > 0 else np.nan,
        max_drawdown=drawdown,
        annual_return=annual,
        annual_volatility=volatility,
        cumulative_return=float(growth[-1] - 1),
        calmar=annual / -drawdown if drawdown < 0 else np.nan,
    )
