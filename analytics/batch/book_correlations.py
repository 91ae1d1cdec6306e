"""How the holdings of each book move together: one row a book; pairs are rebuilt from returns when somebody asks."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from analytics.batch.holdings import SECTOR_LABELS, LotFacts
from analytics.batch.universe import Universe
from analytics.engines.correlation import MIN_OVERLAP, book_correlation, clusters, complete, held_together, pairwise
from sigmasight.core.bulk import read_columns

if TYPE_CHECKING:
    from analytics.batch.books import Book

Floats = NDArray[np.float64]
MIN_RETURNS = 20
NAMING_SHARE = 0.7
LEAST_VALUE, LEAST_WEIGHT, THRESHOLD = 10_000.0, 0.01, 0.7
FULL_PAIRS, LIMITED_PAIRS = 60, 30


def load_tag_names(portfolio_ids: list[UUID]) -> dict[bytes, tuple[str, ...]]:
    """Names of the unarchived tags of every open lot, by the bytes of the lot's id."""
    rows = read_columns(
        "SELECT p.id::text AS id, t.name FROM position_tags l JOIN positions p ON p.id = l.position_id JOIN tags t ON t.id = l.tag_id "
        "WHERE p.portfolio_id = ANY(%(ids)s) AND NOT t.is_archived AND p.deleted_at IS NULL ORDER BY p.id, t.name",
        {"ids": portfolio_ids},
    )
    names: dict[bytes, tuple[str, ...]] = {}
    for lot, name in zip(rows["id"].tolist(), rows["name"].tolist(), strict=True):
        key = UUID(lot).bytes
        names[key] = (*names.get(key, ()), name)
    return names


def book_correlations(
    session: dt.date, wanted: NDArray[np.bool_], book: Book, facts: LotFacts, universe: Universe, returns: Floats, market: Floats,
    tags: dict[bytes, tuple[str, ...]],
) -> list[dict[str, Any] | None]:  # fmt: skip
    """The columns of `CorrelationCalculation` for each book, None where fewer than two symbols qualify.

    Parameters
    ----------
    returns : (T, N) log returns of the universe over the window. market : (T,) simple returns of the market.
    """
    held = book.holdings
    lot = held.lot
    column = np.where(held.usable, facts.column[lot], -1)
    results: list[dict[str, Any] | None] = []
    log_market = np.log1p(market)
    enough = (~np.isnan(returns)).sum(axis=0) >= MIN_RETURNS
    with np.errstate(invalid="ignore"):
        moving = np.nanstd(np.where(enough, returns, 0.0), axis=0) > 0
    for p in range(len(held.equity)):
        mine = np.flatnonzero((held.portfolio == p) & (column >= 0)) if wanted[p] else np.empty(0, np.int64)
        if not len(mine):
            results.append(None)
            continue
        symbols, place = np.unique(column[mine], return_inverse=True)
        gross = np.bincount(place, weights=np.abs(held.market_value[mine]))
        dollars = np.abs(np.bincount(place, weights=np.nan_to_num(book.dollars[mine])))
        large = held_together(gross, gross.sum(), least_value=LEAST_VALUE, least_weight=LEAST_WEIGHT)  # type: ignore[arg-type]
        kept = large & enough[symbols] & moving[symbols] & (dollars > 0)
        results.append(
            _one_book(
                returns[:, symbols[kept]],
                log_market,
                gross[kept],
                dollars[kept],
                symbols[kept],
                len(symbols),
                universe,
                facts,
                lot[mine],
                place,
                kept,
                tags,
            )
            if kept.sum() >= 2
            else None
        )
    return results


def _one_book(
    returns: Floats, market: Floats, gross: Floats, dollars: Floats, symbols: NDArray[np.int64], considered: int, universe: Universe,
    facts: LotFacts, lots: NDArray[np.int64], place: NDArray[np.int64], kept: NDArray[np.bool_], tags: dict[bytes, tuple[str, ...]],
) -> dict[str, Any] | None:  # fmt: skip
    pairs = pairwise(returns, min_overlap=MIN_OVERLAP)
    matrix = complete(returns, pairs, market)
    numbers = book_correlation(pairs.correlation, matrix.correlation, dollars)
    if not numbers.pairs:
        return None
    low, high = np.triu_indices(len(gross), 1)
    overlap = pairs.observations[low, high].min()
    groups = clusters(pairs.correlation, threshold=THRESHOLD)
    named = [
        _cluster(
            number, members, pairs.correlation, gross, symbols, universe, facts, lots, place, np.flatnonzero(kept), tags
        )
        for number, members in enumerate(groups, start=1)
    ]
    together = sum(gross[members].sum() for members in groups)
    by_gross = book_correlation(pairs.correlation, matrix.correlation, gross)
    return {
        "overall_correlation": numbers.mean_absolute,
        "correlation_concentration_score": together / gross.sum(),
        "effective_positions": numbers.effective_positions,
        "effective_positions_equal_weight": numbers.effective_positions_equal_weight,
        "portfolio_correlation": by_gross.weighted_absolute,
        "psd_corrected": matrix.corrected,
        "psd_distance": round(matrix.distance, 10),
        "data_quality": "sufficient"
        if overlap >= FULL_PAIRS
        else "limited"
        if overlap >= LIMITED_PAIRS
        else "insufficient",
        "positions_included": len(gross),
        "positions_excluded": considered - len(gross),
        "clusters": named,
    }


def _cluster(
    number: int, members: NDArray[np.int64], correlation: Floats, gross: Floats, symbols: NDArray[np.int64], universe: Universe,
    facts: LotFacts, lots: NDArray[np.int64], place: NDArray[np.int64], kept: NDArray[np.int64], tags: dict[bytes, tuple[str, ...]],
) -> dict[str, Any]:  # fmt: skip
    """A group of holdings with a name a person recognises: a shared tag, a shared sector, or its largest member."""
    names = [str(universe.symbols[symbols[m]]) for m in members]
    tag_counts: Counter[str] = Counter()
    sector_counts: Counter[str] = Counter()
    for m in members:
        own = lots[place == kept[m]]
        tag_counts.update({name for lot in own for name in tags.get(bytes(facts.id[lot]), ())})
        sector_counts.update({SECTOR_LABELS[int(facts.sector[lot])] for lot in own} - {"Unclassified", "ETFs"})
    needed = NAMING_SHARE * len(members)
    largest = names[int(np.argmax(gross[members]))]
    nickname = f"{largest} lookalikes"
    for counts in (sector_counts, tag_counts):
        common = [(count, name) for name, count in counts.items() if count >= needed]
        if common:
            nickname = max(common, key=lambda entry: (entry[0], entry[1]))[1]
    inside = correlation[np.ix_(members, members)]
    off = ~np.eye(len(members), dtype=bool)
    means = np.nanmean(np.where(off, inside, np.nan), axis=1)
    return {
        "cluster_number": number,
        "nickname": nickname,
        "avg_correlation": round(float(np.nanmean(inside[off])), 6),
        "total_value": round(float(gross[members].sum()), 2),
        "portfolio_percentage": round(float(gross[members].sum() / gross.sum()), 6),
        "members": [
            {"symbol": n, "value": round(float(gross[m]), 2), "correlation_to_cluster": round(float(c), 6)}
            for n, m, c in zip(names, members, means, strict=True)
        ],
    }
