"""Correlations: pairs with gaps, books as a whole, clusters, and the exponentially weighted ones of factors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.special import stdtr

from analytics.engines.covariance import nearest_correlation, shrink_to_constant_correlation, to_correlation
from analytics.engines.regression import Floats, Ints

MIN_OVERLAP = 30
COMPLETE_SHARE = 0.8
FEWEST_COMPLETE = 6
# Variance below this share of the mean square is rounding.
FLAT = 1e-18
CLUSTER_THRESHOLD = 0.7


@dataclass(frozen=True)
class PairwiseCorrelation:
    """(N, N) each: correlation, NaN below the minimum of common sessions; their number; two-sided p-values."""

    correlation: Floats
    observations: Ints
    p_value: Floats


def varies(returns: Floats, *, axis: int = 0) -> NDArray[np.bool_]:
    """Whether a series has at least two different values; NaN is none."""
    high = np.fmax.reduce(returns, axis=axis, initial=-np.inf)
    return np.asarray(high > np.fmin.reduce(returns, axis=axis, initial=np.inf))


def pairwise(returns: Floats, *, min_overlap: int = MIN_OVERLAP) -> PairwiseCorrelation:
    """Pearson correlation of every pair over the sessions both have.

    Parameters
    ----------
    returns : (T, N) one-session log returns, NaN where missing. A constant series correlates with nothing (NaN).
    """
    known = (~np.isnan(returns)).astype(np.float64)
    # Centred by column first, so that the sums of squares lose nothing.
    n_own = np.maximum(known.sum(axis=0), 1)
    x = np.where(known > 0, returns - np.nansum(returns, axis=0) / n_own, 0.0)
    n = known.T @ known
    total, square, product = x.T @ known, (x**2).T @ known, x.T @ x
    with np.errstate(divide="ignore", invalid="ignore"):
        cross = product - total * total.T / n
        variance = square - total**2 / n
        correlation = cross / np.sqrt(variance * variance.T)
        flat = (variance <= FLAT * np.maximum(square, 1e-300)) | ~varies(returns)[:, None]
        correlation[flat | flat.T | (n < max(min_overlap, 3))] = np.nan
        correlation = np.clip(correlation, -1.0, 1.0)
        correlation = (correlation + correlation.T) / 2
        statistic = correlation * np.sqrt((n - 2) / (1 - correlation**2))
        p_value = 2 * stdtr(np.maximum(n - 2, 1), -np.abs(statistic))
    diagonal = np.diag(correlation)
    np.fill_diagonal(correlation, np.where(np.isnan(diagonal), np.nan, 1.0))
    return PairwiseCorrelation(correlation, n.astype(np.int64), p_value)


def fisher_interval(correlation: Floats, observations: Ints, *, z: float = 1.959963984540054) -> tuple[Floats, Floats]:
    """Confidence interval of correlations by Fisher's transformation (95 % by default)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        centre, width = np.arctanh(correlation), z / np.sqrt(observations - 3)
    return np.tanh(centre - width), np.tanh(centre + width)


@dataclass(frozen=True)
class CompleteCorrelation:
    """A correlation matrix without holes that is positive semidefinite, whether it had to be repaired, and how far it moved."""

    correlation: Floats
    corrected: bool
    distance: float


def complete(returns: Floats, pairs: PairwiseCorrelation, market: Floats | None = None) -> CompleteCorrelation:
    """The matrix for a book's arithmetic: shrunk if enough rows are complete, else pairs with their holes filled and repaired.

    Parameters
    ----------
    returns : (T, N) log returns. pairs : of the same columns. market : (T,) log returns of the market; fills missing pairs with
        the product of both correlations with it. Without it missing pairs are 0.

    Source: Ledoit and Wolf (2004); Higham (2002).
    """
    whole = ~np.isnan(returns).any(axis=1)
    if whole.sum() >= max(COMPLETE_SHARE * len(returns), FEWEST_COMPLETE) and returns.shape[1] > 1:
        rows = returns[whole]
        if varies(rows).all():
            return CompleteCorrelation(to_correlation(shrink_to_constant_correlation(rows)[0]), False, 0.0)
    matrix = pairs.correlation.copy()
    holes = np.isnan(matrix)
    if holes.any():
        with_market = np.zeros(len(matrix))
        if market is not None:
            joined = pairwise(np.column_stack([returns, market]), min_overlap=10).correlation[:-1, -1]
            with_market = np.nan_to_num(joined)
        matrix[holes] = np.outer(with_market, with_market)[holes]
        np.fill_diagonal(matrix, 1.0)
    repaired, distance = nearest_correlation(matrix)
    return CompleteCorrelation(repaired, distance > 0, distance)


@dataclass(frozen=True)
class PairMeans:
    """Means over the valid pairs of a book; NaN where fewer than two symbols or no valid pair."""

    mean_absolute: float
    mean_signed: float
    weighted_absolute: float
    pairs: int


def pair_means(pairs: Floats, weights: Floats) -> PairMeans:
    """How large the correlations of a book are: in size, with their sign, and in size by the product of both weights.

    Parameters
    ----------
    pairs : (N, N) pairwise correlations, NaN where unknown. weights : (N,) gross dollars.
    """
    low, high = np.triu_indices(len(weights), 1)
    values = pairs[low, high]
    valid = ~np.isnan(values)
    if len(weights) < 2 or not valid.any():
        return PairMeans(np.nan, np.nan, np.nan, 0)
    share = weights / weights.sum()
    both = share[low] * share[high]
    return PairMeans(
        mean_absolute=float(np.abs(values[valid]).mean()),
        mean_signed=float(values[valid].mean()),
        weighted_absolute=float((both[valid] * np.abs(values[valid])).sum() / both[valid].sum()),
        pairs=int(valid.sum()),
    )


def without_holes(pairs: Floats) -> Ints:
    """Columns among which every pair is known, ascending: the one with most unknown pairs goes first, the last of equals.

    Parameters
    ----------
    pairs : (N, N) pairwise correlations, NaN where unknown; a NaN on the diagonal is a column nothing is known of.
    """
    kept = np.flatnonzero(~np.isnan(np.diag(pairs)))
    while len(kept):
        holes = np.isnan(pairs[np.ix_(kept, kept)]).sum(axis=0)
        if not holes.any():
            break
        kept = np.delete(kept, len(kept) - 1 - int(np.argmax(holes[::-1])))
    return kept


@dataclass(frozen=True)
class BookCorrelation:
    """One book as a whole; NaN where fewer than two symbols or no valid pair."""

    mean_absolute: float
    mean_signed: float
    weighted_absolute: float
    diversification_score: float
    effective_positions: float
    effective_positions_equal_weight: float
    pairs: int


def book_correlation(pairs: Floats, arithmetic: Floats, weights: Floats) -> BookCorrelation:
    """How much the holdings of a book move together.

    Parameters
    ----------
    pairs : (N, N) pairwise correlations, NaN where unknown. arithmetic : (N, N) complete. weights : (N,) gross dollars.
    """
    means = pair_means(pairs, weights)
    if not means.pairs:
        return BookCorrelation(np.nan, np.nan, np.nan, np.nan, np.nan, np.nan, 0)
    share = weights / weights.sum()
    equal = np.full(len(weights), 1 / len(weights))
    return BookCorrelation(
        mean_absolute=means.mean_absolute,
        mean_signed=means.mean_signed,
        weighted_absolute=means.weighted_absolute,
        diversification_score=100 * (1 - means.weighted_absolute),
        effective_positions=float(1 / (share @ arithmetic @ share)),
        effective_positions_equal_weight=float(1 / (equal @ arithmetic @ equal)),
        pairs=means.pairs,
    )


def clusters(pairs: Floats, *, threshold: float = CLUSTER_THRESHOLD) -> list[Ints]:
    """Groups of at least two columns joined by correlations of at least `threshold` in size, each ascending, largest first."""
    linked = np.nan_to_num(np.abs(pairs)) >= threshold
    count, label = connected_components(csr_matrix(linked), directed=False)  # type: ignore[arg-type]
    groups = [np.flatnonzero(label == k) for k in range(count)]
    return sorted((g for g in groups if len(g) > 1), key=lambda g: (-len(g), int(g[0])))


def held_together(
    gross: Floats, portfolio_gross: float, *, least_value: float = 10_000.0, least_weight: float = 0.01
) -> NDArray[np.bool_]:
    """Which symbols are large enough to count: at least `least_value` dollars and `least_weight` of the gross value, (N,)."""
    return (gross >= least_value) & (gross >= least_weight * portfolio_gross)


@dataclass(frozen=True)
class WeightedCorrelation:
    """(K, K) correlation and number of rows, and the effective size of the weighted sample."""

    correlation: Floats
    observations: Ints
    effective_observations: float


def ewma_correlation(returns: Floats, decay: float, *, min_observations: int = 30) -> WeightedCorrelation:
    """Exponentially weighted correlation of the columns, each pair on its common rows, never clipped.

    Parameters
    ----------
    returns : (T, K), the oldest row first, NaN where missing. decay : weight of a row against the one after it.

    Source: Kish (1965) for the effective size.
    """
    weight = decay ** np.arange(len(returns) - 1, -1, -1)
    known = ~np.isnan(returns)
    x = np.where(known, returns, 0.0)
    w = known * weight[:, None]
    mass = w.T @ known
    n = known.T.astype(np.int64) @ known.astype(np.int64)
    with np.errstate(divide="ignore", invalid="ignore"):
        centre = (w * x).sum(axis=0) / w.sum(axis=0)
        x = np.where(known, returns - centre, 0.0)
        first = (w * x).T @ known / mass
        second = (w * x**2).T @ known / mass - first**2
        cross = (w * x).T @ x / mass - first * first.T
        correlation = cross / np.sqrt(second * second.T)
        correlation[(n < min_observations) | (second <= 0) | (second.T <= 0)] = np.nan
    correlation = np.clip((correlation + correlation.T) / 2, -1.0, 1.0)
    np.fill_diagonal(correlation, np.where(np.isnan(np.diag(correlation)), np.nan, 1.0))
    return WeightedCorrelation(correlation, n, float(weight.sum() ** 2 / (weight**2).sum()))
