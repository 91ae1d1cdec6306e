"""From symbols to books, and from books to several together: weights netted by underlying, what they make of symbol-level betas,
and how volatile books are as one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from analytics.engines.regression import Floats, Ints, known_or_zero


def net_by_symbol(dollars: Floats, portfolio: Ints, symbol: Ints, count: int, symbols: int) -> Floats:
    """Delta-adjusted dollars by book and symbol, (P, N), lots of one underlying netted. Lots with symbol -1 are left out."""
    inside = (symbol >= 0) & ~np.isnan(dollars)
    key = portfolio[inside] * symbols + symbol[inside]
    return np.bincount(key, weights=dollars[inside], minlength=count * symbols).reshape(count, symbols)  # type: ignore[return-value]


@dataclass(frozen=True)
class FactorExposures:
    """Of P books to K factors: fraction of equity (NaN without positive equity) and dollars, (P, K); `coverage` (P, K) is the
    share of absolute delta dollars that has a beta, NaN for books without any."""

    value: Floats
    dollar: Floats
    coverage: Floats


def factor_exposures(
    holdings: csr_matrix | Floats, betas: Floats, equity: Floats, *, uncovered: Floats | None = None
) -> FactorExposures:
    """Exposure of every book as a sum over its symbols; never divided by coverage.

    Parameters
    ----------
    holdings : (P, N) netted dollars, sparse or not. betas : (N, K), NaN where a symbol has none. equity : (P,).
    uncovered : (P,) absolute dollars of holdings outside the symbols (private ones, contracts without a delta).
    """
    known = ~np.isnan(betas)
    size: Any = abs(holdings)
    total = np.asarray(size.sum(axis=1)).ravel() + (0.0 if uncovered is None else uncovered)
    covered = np.asarray(size @ known.astype(np.float64))
    dollar = np.asarray(holdings @ known_or_zero(betas))
    with np.errstate(divide="ignore", invalid="ignore"):
        coverage = np.where(total[:, None] > 0, covered / total[:, None], np.nan)
        value = dollar / np.where(equity > 0, equity, np.nan)[:, None]
    nothing = covered == 0
    return FactorExposures(np.where(nothing, np.nan, value), np.where(nothing, np.nan, dollar), coverage)


@dataclass(frozen=True)
class CombinedVolatility:
    """Annual volatility of P books held together, and what each adds to it, (P,): the parts sum to the whole. NaN without any
    known volatility."""

    volatility: float
    component: Floats


def combined_volatility(weights: Floats, volatility: Floats, correlation: Floats) -> CombinedVolatility:
    """The volatility of books as one: the root of sum w_i w_j s_i s_j rho_ij. At most their weighted mean where all weights are positive.

    Parameters
    ----------
    weights : (P,) fractions of the total. volatility : (P,) fractions a year; a book without one adds nothing.
    correlation : (P, P) of the books' daily returns; NaN is an unknown pair, taken as moving together.

    Source: Markowitz (1952); components by Euler's theorem as in Tasche (1999).
    """
    if np.isnan(volatility).all():
        return CombinedVolatility(np.nan, np.full(len(weights), np.nan))
    moves = weights * known_or_zero(volatility)
    together = np.where(np.isnan(correlation), 1.0, correlation)
    np.fill_diagonal(together, 1.0)
    variance = max(float(moves @ together @ moves), 0.0)
    total = float(np.sqrt(variance))
    component = moves * (together @ moves) / total if total > 0 else np.zeros(len(weights))
    return CombinedVolatility(total, np.where(np.isnan(volatility), np.nan, component))
