"""Sector exposure of books as the document a snapshot keeps, against the newest benchmark weights known."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.batch.holdings import SECTOR_LABELS
from analytics.batch.universe import SECTOR_NAMES
from analytics.engines.sector import active_weights
from sigmasight.core.bulk import read_columns

Floats = NDArray[np.float64]
BENCHMARK = "SP500"
STALE_DAYS = 92
Benchmarks = list[tuple[dt.date, dict[str, float]]]


def load_benchmarks() -> Benchmarks:
    """All sets of S&P 500 sector weights, oldest first."""
    rows = read_columns(
        "SELECT asof_date, sector, weight FROM benchmarks_sector_weights WHERE benchmark_code = %(code)s ORDER BY asof_date, sector",
        {"code": BENCHMARK},
    )
    sets: dict[dt.date, dict[str, float]] = {}
    for day, sector, weight in zip(
        rows["asof_date"].tolist(), rows["sector"].tolist(), rows["weight"].tolist(), strict=True
    ):
        sets.setdefault(day, {})[SECTOR_NAMES.get(sector, sector)] = weight
    return sorted(sets.items())


def sector_documents(
    session: dt.date, dollars: tuple[Floats, Floats], equity: Floats, benchmarks: Benchmarks
) -> list[dict[str, Any] | None]:
    """One document a book: weights of equity by sector, gross and net, the benchmark and the distance from it; None without
    positive equity. Before the first benchmark set its values are None."""
    known = [entry for entry in benchmarks if entry[0] <= session]
    day, benchmark = known[-1] if known else (None, None)
    gross, net = dollars
    documents: list[dict[str, Any] | None] = []
    for p in range(len(equity)):
        if not equity[p] > 0:
            documents.append(None)
            continue
        held = np.flatnonzero(gross[p])
        weights = {SECTOR_LABELS[s]: round(float(gross[p, s] / equity[p]), 6) for s in held}
        active = active_weights(weights, benchmark) if benchmark is not None else None
        documents.append(
            {
                "portfolio_weights": weights,
                "net_weights": {SECTOR_LABELS[s]: round(float(net[p, s] / equity[p]), 6) for s in held},
                "benchmark_as_of": day.isoformat() if day else None,
                "benchmark_stale": (session - day).days > STALE_DAYS if day else None,
                "over_underweight": {k: round(v, 6) for k, v in active.over_underweight.items()} if active else None,
                "largest_overweight": active.largest_overweight if active else None,
                "largest_underweight": active.largest_underweight if active else None,
            }
        )
    return documents
