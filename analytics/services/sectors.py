"""Where in the economy portfolios are invested, and how far from the S&P 500 that is."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.db import connection

from analytics.engines.sector import SECTOR_NAMES, active_weights, sector_dollars
from analytics.services.held_lots import HeldLot, held_lots, sectors_of
from analytics.services.published import PublishedBook, published_book
from analytics.services.selection import Selection, select_portfolios
from portfolios.models import User
from sigmasight.core import clock

BENCHMARK = "SP500"
STALE_DAYS = 92
UNCLASSIFIED = "Unclassified"
NEWEST_SET = """
    SELECT sector, weight, asof_date FROM benchmarks_sector_weights
    WHERE benchmark_code = %(code)s AND asof_date = (
        SELECT max(asof_date) FROM benchmarks_sector_weights WHERE benchmark_code = %(code)s AND asof_date <= %(day)s
    )
    ORDER BY sector
"""
DIGITS = 6


@dataclass(frozen=True)
class BenchmarkWeights:
    """Fractions of the benchmark by sector, and the date they are of."""

    weights: Mapping[str, float]
    as_of: dt.date
    stale: bool


def benchmark_weights(day: dt.date) -> BenchmarkWeights | None:
    """The newest set of weights not after a day, None before the first."""
    with connection.cursor() as cursor:
        cursor.execute(NEWEST_SET, {"code": BENCHMARK, "day": day})
        rows = cursor.fetchall()
    if not rows:
        return None
    as_of = rows[0][2]
    weights = {SECTOR_NAMES.get(sector, sector): float(weight) for sector, weight, _ in rows}
    return BenchmarkWeights(weights, as_of, (day - as_of).days > STALE_DAYS)


@dataclass(frozen=True)
class SectorExposure:
    """Holdings by sector as fractions of equity: gross (shorts with their absolute value), net, and gross less benchmark.

    `total_portfolio_value` and `unclassified_value` are absolute dollars; counts are of lots.
    """

    portfolio_weights: dict[str, float]
    net_weights: dict[str, float]
    benchmark_weights: Mapping[str, float]
    over_underweight: dict[str, float]
    largest_overweight: str | None
    largest_underweight: str | None
    total_portfolio_value: float
    positions_by_sector: dict[str, int]
    unclassified_value: float
    unclassified_count: int
    benchmark_as_of: dt.date | None
    benchmark_stale: bool | None


@dataclass(frozen=True)
class NoSectorExposure:
    """Why there is none."""

    error: str


def sector_exposure(user: User, portfolio_id: UUID) -> tuple[PublishedBook, SectorExposure | NoSectorExposure]:
    """Sector weights of a person's portfolio as it stands, at the marks of its published session.

    Raises
    ------
    NotFound for unknown and foreign portfolios.
    """
    book = published_book(user, portfolio_id)
    lots = held_lots([portfolio_id], current=book.is_current)
    labels, benchmark = sectors_of(lots), benchmark_weights(book.day)
    if not book.equity > 0:
        return book, NoSectorExposure("Portfolio equity balance is zero")
    if not lots:
        return book, NoSectorExposure("No active positions")
    if benchmark is None:
        return book, NoSectorExposure("Could not load benchmark sector weights")
    return book, measure(lots, labels, float(book.equity), benchmark)


def aggregate_sector_exposure(
    user: User, portfolio_ids: Collection[UUID] | None = None
) -> tuple[Selection, SectorExposure | NoSectorExposure]:
    """Sector weights of a person's portfolios as one: their holdings over their total value. Without a benchmark set its
    weights and the distances from it are empty.

    Raises
    ------
    NotFound for unknown and foreign portfolios.
    """
    selection = select_portfolios(user, portfolio_ids)
    if not selection.portfolios:
        return selection, NoSectorExposure("No portfolios found")
    lots = held_lots(selection.ids, current=selection.is_current)
    labels, benchmark = sectors_of(lots), benchmark_weights(selection.as_of or clock.market_today())
    if not selection.total_value > 0:
        return selection, NoSectorExposure("Total portfolio value is zero")
    return selection, measure(lots, labels, float(selection.total_value), benchmark)


def measure(
    lots: list[HeldLot], labels: list[str], equity: float, benchmark: BenchmarkWeights | None
) -> SectorExposure:
    """Sector weights of lots with the sectors they count in, as fractions of an equity in dollars."""
    names = sorted(set(labels))
    place_of = {name: place for place, name in enumerate(names)}
    codes = np.array([place_of[label] for label in labels], dtype=np.int64)
    values = np.array([lot.market_value for lot in lots], dtype=np.float64)
    gross, net = sector_dollars(values, np.zeros(len(lots), dtype=np.int64), codes, 1, len(names))
    held = [place for place in range(len(names)) if gross[0, place]]
    weights = {names[place]: round(float(gross[0, place] / equity), DIGITS) for place in held}
    known = benchmark.weights if benchmark else {}
    active = active_weights(weights, known) if benchmark else None
    counts = Counter(labels)
    apart = place_of.get(UNCLASSIFIED)
    return SectorExposure(
        portfolio_weights=weights,
        net_weights={names[place]: round(float(net[0, place] / equity), DIGITS) for place in held},
        benchmark_weights=known,
        over_underweight={k: round(v, DIGITS) for k, v in active.over_underweight.items()} if active else {},
        largest_overweight=active.largest_overweight if active else None,
        largest_underweight=active.largest_underweight if active else None,
        total_portfolio_value=round(float(gross.sum()), 2),
        positions_by_sector={name: counts[name] for name in names},
        unclassified_value=round(float(gross[0, apart]), 2) if apart is not None else 0.0,
        unclassified_count=counts[UNCLASSIFIED],
        benchmark_as_of=benchmark.as_of if benchmark else None,
        benchmark_stale=benchmark.stale if benchmark else None,
    )
