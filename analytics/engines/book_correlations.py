"""Correlations inside many books at once: the figures of `correlation.book_correlation` and the clusters, book by book."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from analytics.engines.correlation import CLUSTER_THRESHOLD, COMPLETE_SHARE, FEWEST_COMPLETE, FLAT, MIN_OVERLAP, varies
from analytics.engines.covariance import nearest_correlation
from analytics.engines.regression import Floats, Ints

# Values of returns gathered at a time: they stay in the processor's cache.
BLOCK = 125_000
MARKET_OVERLAP = 10


@dataclass(frozen=True)
class BookCorrelations:
    """Of P books and their H holdings; NaN for a book of fewer than two symbols or without any valid pair.

    mean_absolute, mean_signed, weighted_absolute, diversification_score (0 to 100), effective_positions,
    effective_positions_equal_weight, clustered_share (of the value), distance (of the repair, 0 without one) : (P,).
    symbols, pairs (valid ones), least_overlap (sessions of the worst pair, 0 without pairs) : (P,). corrected : (P,).
    cluster : (H,) number within the book, the largest cluster 0, -1 outside of any. correlation_to_cluster, the mean with the
    other members, and cluster_correlation, the mean of all pairs of the cluster : (H,), NaN outside.
    """

    mean_absolute: Floats
    mean_signed: Floats
    weighted_absolute: Floats
    diversification_score: Floats
    effective_positions: Floats
    effective_positions_equal_weight: Floats
    clustered_share: Floats
    distance: Floats
    symbols: Ints
    pairs: Ints
    least_overlap: Ints
    corrected: NDArray[np.bool_]
    cluster: Ints
    correlation_to_cluster: Floats
    cluster_correlation: Floats


def correlate_books(
    returns: Floats, portfolio: Ints, symbol: Ints, value: Floats, weight: Floats, count: int, market: Floats | None = None,
    *, min_overlap: int = MIN_OVERLAP, threshold: float = CLUSTER_THRESHOLD,
) -> BookCorrelations:  # fmt: skip
    """How much the holdings of each of `count` books move together.

    Books of one size are worked on together, so that a book's figures are the same bits whichever books stand beside it.

    Parameters
    ----------
    returns : (T, N) one-session log returns of all symbols, NaN where missing.
    portfolio, symbol : (H,) book and column of each holding, each pair at most once, in any order.
    value : (H,) positive gross dollars: the weights of pairs and clusters.
    weight : (H,) positive absolute delta dollars: the weights of the effective number of positions.
    market : (T,) log returns of the market, which fill the pairs without enough common sessions; without it they are 0.

    Raises
    ------
    ValueError if a symbol stands twice in a book, or a holding has no positive value and weight.

    Source: Ledoit and Wolf (2004); Higham (2002).
    """
    if not ((value > 0) & (weight > 0)).all():
        raise ValueError("every holding needs a positive value and weight; leave out the others")
    order = np.lexsort((symbol, portfolio))
    if (np.diff(portfolio[order] * returns.shape[1] + symbol[order]) == 0).any():
        raise ValueError("a symbol stands twice in a book; net its lots first")
    sizes = np.bincount(portfolio, minlength=count)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    by_symbol = np.ascontiguousarray(returns.T)
    clean = ~np.isnan(returns).any(axis=0) & varies(returns)
    with_market = np.zeros(len(by_symbol)) if market is None else _market_correlation(returns, market)
    dirty = np.bincount(portfolio, weights=~clean[symbol], minlength=count) > 0
    per_book = {name: np.full(count, np.nan) for name in _BOOK_FLOATS}
    pairs, overlap = np.zeros(count, np.int64), np.zeros(count, np.int64)
    corrected = np.zeros(count, dtype=bool)
    cluster = np.full(len(symbol), -1, dtype=np.int64)
    member_mean, cluster_mean = np.full(len(symbol), np.nan), np.full(len(symbol), np.nan)
    for size in np.unique(sizes[sizes >= 2]).tolist():
        for gaps in (False, True):
            same = np.flatnonzero((sizes == size) & (dirty == gaps))
            step = max(1, BLOCK // (size * len(returns)))
            for first in range(0, len(same), step):
                books = same[first : first + step]
                held = order[starts[books][:, None] + np.arange(size)]
                columns = symbol[held]
                r, n, matrix = _matrices(by_symbol[columns], with_market[columns], gaps, min_overlap)
                repaired, moved = _repair(matrix, gaps)
                figures, valid = _figures(r, repaired, value[held], weight[held])
                usable = valid > 0
                for name, numbers in figures.items():
                    per_book[name][books] = np.where(usable, numbers, np.nan)
                per_book["distance"][books] = np.where(usable, moved, np.nan)
                pairs[books], overlap[books], corrected[books] = valid, n, usable & (moved > 0)
                number, own, mean = _clusters(r, threshold)
                cluster[held], member_mean[held], cluster_mean[held] = number, own, mean
                share = np.where(number >= 0, value[held], 0.0).sum(axis=1) / value[held].sum(axis=1)
                per_book["clustered_share"][books] = np.where(usable, share, np.nan)
    return BookCorrelations(
        **per_book, symbols=sizes, pairs=pairs, least_overlap=overlap, corrected=corrected, cluster=cluster,
        correlation_to_cluster=member_mean, cluster_correlation=cluster_mean,
    )  # fmt: skip


_BOOK_FLOATS = (
    "mean_absolute", "mean_signed", "weighted_absolute", "diversification_score", "effective_positions",
    "effective_positions_equal_weight", "clustered_share", "distance",
)  # fmt: skip


def _market_correlation(returns: Floats, market: Floats) -> Floats:
    """Correlation of every symbol with the market, (N,), 0 where they share too few sessions."""
    known = ~np.isnan(returns) & ~np.isnan(market)[:, None]  # type: ignore[index]
    n = np.maximum(known.sum(axis=0), 1)
    own, other = np.where(known, returns, 0.0), np.where(known, market[:, None], 0.0)
    x, m = (np.where(known, v - v.sum(axis=0) / n, 0.0) for v in (own, other))
    spread, broad = (x**2).sum(axis=0), (m**2).sum(axis=0)
    usable = (n >= MARKET_OVERLAP) & (spread > FLAT * (own**2).sum(axis=0)) & (broad > FLAT * (other**2).sum(axis=0))
    return np.divide((x * m).sum(axis=0), np.sqrt(spread * broad), out=np.zeros(len(n)), where=usable)


def _matrices(values: Floats, with_market: Floats, gaps: bool, min_overlap: int) -> tuple[Floats, Ints, Floats]:
    """Pairwise correlations (B, n, n) with NaN, the least overlap (B,), and the matrices for arithmetic, not yet repaired.

    values : (B, n, T) log returns of books of one size.
    """
    count, size, rows = values.shape
    if not gaps:
        centred = values - values.mean(axis=2, keepdims=True)
        sample, shrunk = _shrink(centred, np.full(count, rows))
        r = sample if rows >= max(min_overlap, 3) else np.full_like(sample, np.nan)
        matrix = shrunk if rows >= FEWEST_COMPLETE else sample
        return r, np.full(count, rows), matrix
    r, n = _pairwise(values, min_overlap)
    off = ~np.eye(size, dtype=bool)
    least = n[:, off].min(axis=1)
    holes = np.isnan(r)
    matrix = np.where(holes, with_market[:, :, None] * with_market[:, None, :], r)
    matrix[:, ~off] = 1.0
    whole = np.asarray(~np.isnan(values).any(axis=1))
    used, across = whole.sum(axis=1), whole[:, None, :]
    inside = np.where(across, values, 0.0)
    mean = inside.sum(axis=2, keepdims=True) / np.maximum(used, 1)[:, None, None]
    centred = np.where(across, inside - mean, 0.0)
    moving = varies(np.where(across, values, np.nan), axis=2).all(axis=1)
    enough = (used >= max(COMPLETE_SHARE * rows, FEWEST_COMPLETE)) & moving
    if enough.any():
        matrix[enough] = _shrink(centred[enough], used[enough])[1]
    return r, least, matrix


def _pairwise(values: Floats, min_overlap: int) -> tuple[Floats, Ints]:
    """`correlation.pairwise` for a stack (B, n, T): correlations and common sessions (B, n, n)."""
    known = (~np.isnan(values)).astype(np.float64)
    own = np.maximum(known.sum(axis=2, keepdims=True), 1)
    filled = np.where(known > 0, values, 0.0)
    x = np.where(known > 0, filled - filled.sum(axis=2, keepdims=True) / own, 0.0)
    across = known.transpose(0, 2, 1)
    n = known @ across
    total, square, product = x @ across, (x**2) @ across, x @ x.transpose(0, 2, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        other = total.transpose(0, 2, 1)
        variance = square - total**2 / n
        r = (product - total * other / n) / np.sqrt(variance * variance.transpose(0, 2, 1))
        flat = (variance <= FLAT * np.maximum(square, 1e-300)) | ~varies(values, axis=2)[:, :, None]
    r[flat | flat.transpose(0, 2, 1) | (n < max(min_overlap, 3))] = np.nan
    r = np.clip((r + r.transpose(0, 2, 1)) / 2, -1.0, 1.0)
    size = np.arange(values.shape[1])
    r[:, size, size] = np.where(np.isnan(r[:, size, size]), np.nan, 1.0)
    return r, n.astype(np.int64)


def _shrink(centred: Floats, rows: Ints) -> tuple[Floats, Floats]:
    """Sample correlations and `covariance.shrink_to_constant_correlation` as correlations, (B, n, n) both.

    The sums of products of four returns over all pairs are products of sums over the holdings, so that no other matrix than
    the covariance has to be formed. centred : (B, n, T), zero where a row is not used; rows : (B,) used ones.
    """
    size = centred.shape[1]
    n = rows[:, None, None]
    covariance = centred @ centred.transpose(0, 2, 1) / n
    deviation = np.sqrt(covariance[:, np.arange(size), np.arange(size)])
    outer = deviation[:, :, None] * deviation[:, None, :]
    r = np.clip(covariance / outer, -1.0, 1.0)
    r[:, np.arange(size), np.arange(size)] = 1.0
    average = (r.sum(axis=(1, 2)) - size) / (size * (size - 1))
    square = centred**2
    day = square.sum(axis=1)
    fourth = (square**2).sum(axis=2) / rows[:, None]
    variance_of_entries = (day**2).sum(axis=1) / rows - (covariance**2).sum(axis=(1, 2))
    own = fourth.sum(axis=1) - (deviation**4).sum(axis=1)
    cubes = (square * centred / deviation[:, :, None]).sum(axis=1)
    levels = (deviation[:, :, None] * centred).sum(axis=1)
    together = (cubes * levels).sum(axis=1) / rows - fourth.sum(axis=1)
    product = (outer * covariance).sum(axis=(1, 2)) - (deviation**4).sum(axis=1)
    rho = own + average * (together - product)
    distance = covariance - average[:, None, None] * outer
    distance[:, np.arange(size), np.arange(size)] = 0.0
    gamma = (distance**2).sum(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        intensity = np.where(gamma > 0, np.clip((variance_of_entries - rho) / gamma / rows, 0.0, 1.0), 0.0)
    shrunk = (1 - intensity)[:, None, None] * r + (intensity * average)[:, None, None]
    shrunk[:, np.arange(size), np.arange(size)] = 1.0
    return r, shrunk


def _repair(matrix: Floats, gaps: bool) -> tuple[Floats, Floats]:
    """Matrices (B, n, n) that are positive semidefinite, and how far each had to move. Those of complete histories are already."""
    moved = np.zeros(len(matrix))
    if gaps:
        for book in np.flatnonzero(np.linalg.eigvalsh(matrix)[:, 0] < 0).tolist():
            matrix[book], moved[book] = nearest_correlation(matrix[book])
    return matrix, moved


def _figures(r: Floats, matrix: Floats, value: Floats, weight: Floats) -> tuple[dict[str, Floats], Ints]:
    """The figures of each book, (B,), and its number of valid pairs."""
    size = r.shape[1]
    low, high = np.triu_indices(size, 1)
    entries = r.reshape(len(r), -1).take(low * size + high, axis=1)
    valid = ~np.isnan(entries)
    entries = np.where(valid, entries, 0.0)
    absolute = np.abs(entries)
    pairs = valid.sum(axis=1)
    share = value / value.sum(axis=1, keepdims=True)
    both = np.where(valid, share.take(low, axis=1) * share.take(high, axis=1), 0.0)
    own = weight / weight.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        weighted = (both * absolute).sum(axis=1) / both.sum(axis=1)
        return {
            "mean_absolute": absolute.sum(axis=1) / pairs,
            "mean_signed": entries.sum(axis=1) / pairs,
            "weighted_absolute": weighted,
            "diversification_score": 100 * (1 - weighted),
            "effective_positions": 1 / ((matrix @ own[:, :, None])[:, :, 0] * own).sum(axis=1),
            "effective_positions_equal_weight": size**2 / matrix.sum(axis=(1, 2)),
        }, pairs


def _clusters(r: Floats, threshold: float) -> tuple[Ints, Floats, Floats]:
    """Cluster of each holding, its mean correlation with the other members, and that of all pairs of the cluster, (B, n)."""
    count, size, _ = r.shape
    linked = np.abs(r) >= threshold
    linked[:, np.arange(size), np.arange(size)] = False
    book, i, j = np.nonzero(linked)
    if not len(book):
        nothing = np.full((count, size), np.nan)
        return np.full((count, size), -1, dtype=np.int64), nothing, nothing
    nodes = count * size
    graph = coo_matrix((np.ones(len(book), np.int8), (book * size + i, book * size + j)), shape=(nodes, nodes))
    groups, label = connected_components(graph.tocsr(), directed=False)
    members = np.bincount(label, minlength=groups)
    _, first = np.unique(label, return_index=True)
    order = np.lexsort((first, -members, first // size))
    order = order[members[order] > 1]
    owner = first[order] // size
    rank = np.full(groups, -1, dtype=np.int64)
    rank[order] = np.arange(len(order)) - np.searchsorted(owner, owner)
    group = label.reshape(count, size)
    number = rank[group]
    together = (group[:, :, None] == group[:, None, :]) & ~np.isnan(r)
    together[:, np.arange(size), np.arange(size)] = False
    total, others = np.where(together, r, 0.0).sum(axis=2), together.sum(axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.where(number >= 0, total / others, np.nan)
        inner = np.bincount(label, weights=total.ravel()) / np.bincount(label, weights=others.ravel())
    return number, own, np.where(number >= 0, inner[group], np.nan)
