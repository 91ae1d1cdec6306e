"""How the holdings of each book move together: one row a book; pairs are rebuilt from returns when somebody asks."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from analytics.batch.book_inputs import Book
from analytics.batch.holdings import SECTOR_LABELS, LotFacts
from analytics.batch.universe import Universe
from analytics.engines.book_correlations import correlate_books
from analytics.engines.correlation import MIN_OVERLAP, held_together, varies
from analytics.engines.regression import known_or_zero
from sigmasight.core.bulk import read_columns, to_uuids, uuid_index

Floats = NDArray[np.float64]
MIN_RETURNS = 20
NAMING_SHARE = 0.7
LEAST_VALUE, LEAST_WEIGHT, THRESHOLD = 10_000.0, 0.01, 0.7
FULL_PAIRS, LIMITED_PAIRS = 60, 30


class TagNames:
    """Names of the unarchived tags of a shard's lots, read for the lots that a group is named after and kept for later
    sessions."""

    def __init__(self) -> None:
        self._names: dict[bytes, tuple[str, ...]] = {}

    def of(self, lot: bytes) -> tuple[str, ...]:
        """Names by the bytes of the lot's id, in alphabetical order."""
        return self._names[lot]

    def read(self, lots: set[bytes]) -> None:
        """Make `of` answer for these lots too, with two statements at most."""
        missing = lots - self._names.keys()
        if not missing:
            return
        links = read_columns(
            "SELECT position_id, tag_id FROM position_tags WHERE position_id = ANY(%(ids)s)",
            {"ids": [UUID(bytes=lot) for lot in missing]},
            raw_uuids=True,
        )
        tags = read_columns(
            "SELECT id, name FROM tags WHERE id = ANY(%(ids)s) AND NOT is_archived",
            {"ids": to_uuids(np.unique(links["tag_id"].view("S16")).view("V16"))},
            raw_uuids=True,
        )
        found: dict[bytes, list[str]] = {lot: [] for lot in missing}
        place = uuid_index(tags["id"], links["tag_id"])
        for lot, at in zip(links["position_id"].tolist(), place.tolist(), strict=True):
            if at >= 0:
                found[lot].append(tags["name"][at])
        self._names |= {lot: tuple(sorted(names)) for lot, names in found.items()}


def book_correlations(
    session: dt.date, wanted: NDArray[np.bool_], book: Book, facts: LotFacts, universe: Universe, returns: Floats, market: Floats,
    tags: TagNames,
) -> list[dict[str, Any] | None]:  # fmt: skip
    """The columns of `CorrelationCalculation` for each book, None where fewer than two symbols qualify.

    Parameters
    ----------
    returns : (T, N) log returns of the universe over the window. market : (T,) simple returns of the market.
    """
    held = book.holdings
    count, width = len(held.equity), returns.shape[1]
    column = np.where(held.usable, facts.column[held.lot], -1)
    lots = np.flatnonzero(wanted[held.portfolio] & (column >= 0))
    # Lots of one symbol in one book are one holding.
    key, place = np.unique(held.portfolio[lots] * width + column[lots], return_inverse=True)
    portfolio, symbol = key // width, key % width
    gross = np.bincount(place, weights=np.abs(held.market_value[lots]), minlength=len(key)).astype(np.float64)
    dollars = np.abs(
        np.bincount(place, weights=known_or_zero(book.dollars[lots]), minlength=len(key)).astype(np.float64)
    )
    in_book = np.bincount(portfolio, weights=gross, minlength=count)[portfolio]
    large = held_together(gross, in_book, least_value=LEAST_VALUE, least_weight=LEAST_WEIGHT)
    moves = ((~np.isnan(returns)).sum(axis=0) >= MIN_RETURNS) & varies(returns)
    kept = np.flatnonzero(large & moves[symbol] & (dollars > 0))
    considered = np.bincount(portfolio, minlength=count)
    numbers = correlate_books(
        returns, portfolio[kept], symbol[kept], gross[kept], dollars[kept], count, np.log1p(market),
        min_overlap=MIN_OVERLAP, threshold=THRESHOLD,
    )  # fmt: skip
    grouped = np.flatnonzero(numbers.cluster >= 0)
    own_lots: dict[int, list[int]] = {}
    named_lots = np.flatnonzero(np.isin(place, kept[grouped]))
    for lot, holding in zip(held.lot[lots[named_lots]].tolist(), place[named_lots].tolist(), strict=True):
        own_lots.setdefault(holding, []).append(lot)
    tags.read({bytes(facts.id[lot]) for lots_of in own_lots.values() for lot in lots_of})
    named: dict[int, dict[int, list[Member]]] = {}
    for h in grouped.tolist():
        holding = int(kept[h])
        member = Member(
            str(universe.symbols[symbol[holding]]),
            float(gross[holding]),
            float(numbers.correlation_to_cluster[h]),
            float(numbers.cluster_correlation[h]),
            own_lots[holding],
        )
        named.setdefault(int(portfolio[holding]), {}).setdefault(int(numbers.cluster[h]), []).append(member)
    book_gross = np.bincount(portfolio[kept], weights=gross[kept], minlength=count)
    return [
        {
            "overall_correlation": numbers.mean_absolute[p],
            "correlation_concentration_score": numbers.clustered_share[p],
            "effective_positions": numbers.effective_positions[p],
            "effective_positions_equal_weight": numbers.effective_positions_equal_weight[p],
            "portfolio_correlation": numbers.weighted_absolute[p],
            "psd_corrected": bool(numbers.corrected[p]),
            "psd_distance": round(float(numbers.distance[p]), 10),
            "data_quality": _quality(int(numbers.least_overlap[p])),
            "positions_included": int(numbers.symbols[p]),
            "positions_excluded": int(considered[p] - numbers.symbols[p]),
            "clusters": [
                _cluster(number + 1, members, float(book_gross[p]), facts, tags)
                for number, members in sorted(named.get(p, {}).items())
            ],
        }
        if numbers.pairs[p]
        else None
        for p in range(count)
    ]


def _quality(overlap: int) -> str:
    if overlap >= FULL_PAIRS:
        return "sufficient"
    return "limited" if overlap >= LIMITED_PAIRS else "insufficient"


@dataclass(frozen=True)
class Member:
    """A holding of a cluster: dollars, correlations with the other members and of the whole cluster, and its lots."""

    symbol: str
    gross: float
    correlation: float
    cluster_correlation: float
    lots: list[int]


def _cluster(number: int, members: list[Member], book_gross: float, facts: LotFacts, tags: TagNames) -> dict[str, Any]:
    """A group of holdings with a name a person recognises: a shared tag, a shared sector, or its largest member."""
    tag_counts: Counter[str] = Counter()
    sector_counts: Counter[str] = Counter()
    for member in members:
        tag_counts.update({name for lot in member.lots for name in tags.of(bytes(facts.id[lot]))})
        sector_counts.update({SECTOR_LABELS[int(facts.sector[lot])] for lot in member.lots} - {"Unclassified", "ETFs"})
    needed = NAMING_SHARE * len(members)
    nickname = f"{max(members, key=lambda member: member.gross).symbol} lookalikes"
    for counts in (sector_counts, tag_counts):
        common = [(count, name) for name, count in counts.items() if count >= needed]
        if common:
            nickname = max(common, key=lambda entry: (entry[0], entry[1]))[1]
    total = sum(member.gross for member in members)
    return {
        "cluster_number": number,
        "nickname": nickname,
        "avg_correlation": round(members[0].cluster_correlation, 6),
        "total_value": round(total, 2),
        "portfolio_percentage": round(total / book_gross, 6),
        "members": [
            {
                "symbol": member.symbol,
                "value": round(member.gross, 2),
                "correlation_to_cluster": round(member.correlation, 6),
            }
            for member in members
        ],
    }
