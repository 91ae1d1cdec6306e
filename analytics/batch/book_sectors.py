"""Sector exposure of books as the document a snapshot keeps, against the newest benchmark weights known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.batch.holdings import SECTOR_LABELS
from analytics.batch.universe import SECTOR_NAMES
from analytics.engines.sector import ActiveWeights, active_weights_of_books
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
    names = sorted({*SECTOR_LABELS, *(benchmark or ())})
    places = [names.index(label) for label in SECTOR_LABELS]
    solvent = np.flatnonzero(equity > 0)

    def shares(values: Floats) -> Floats:
        table = np.zeros((len(solvent), len(names)))
        table[:, places] = values[solvent] / equity[solvent, None]
        return np.round(table, 6)

    gross, net = (shares(values) for values in dollars)
    held = np.zeros(gross.shape, dtype=bool)
    held[:, places] = dollars[0][solvent] != 0
    active: Sequence[ActiveWeights | None] = [None] * len(solvent)
    if benchmark is not None:
        active = active_weights_of_books(gross, held, benchmark, names)
    documents: list[dict[str, Any] | None] = [None] * len(equity)
    as_of, stale = (day.isoformat(), (session - day).days > STALE_DAYS) if day else (None, None)
    for p, inside, gross_weights, net_weights, distance in zip(
        solvent.tolist(), held.tolist(), gross.tolist(), net.tolist(), active, strict=True
    ):
        documents[p] = {
            "portfolio_weights": {
                name: w for name, w, there in zip(names, gross_weights, inside, strict=True) if there
            },
            "net_weights": {name: w for name, w, there in zip(names, net_weights, inside, strict=True) if there},
            "benchmark_as_of": as_of,
            "benchmark_stale": stale,
            "over_underweight": {k: round(v, 6) for k, v in distance.over_underweight.items()} if distance else None,
            "largest_overweight": distance.largest_overweight if distance else None,
            "largest_underweight": distance.largest_underweight if distance else None,
        }
    return documents
