"""What the S&P 500 and its sectors did on given sessions, by the funds that stand for them and the stored sector weights."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from django.db import connection

from analytics.engines.regression import Floats
from analytics.engines.sector import SECTOR_NAMES
from analytics.services.sectors import BENCHMARK
from marketdata import calendar
from marketdata.services.panel import load_panel
from marketdata.services.securities import SECTOR_FUNDS

MARKET_FUND = "SPY"
FUNDS = (MARKET_FUND, *SECTOR_FUNDS.values())

# Which funds there are, and every set of weights, in one statement.
STORED = """
    SELECT symbol, id::float8, NULL FROM securities WHERE symbol = ANY(%(funds)s)
    UNION ALL
    SELECT sector, weight::float8, asof_date FROM benchmarks_sector_weights
    WHERE benchmark_code = %(code)s AND asof_date <= %(last)s
    ORDER BY 3
"""


@dataclass(frozen=True)
class BenchmarkDays:
    """Total returns as fractions, NaN where unknown: `market` (T,), `sectors` (T, S) in the order of `SECTOR_FUNDS`.

    `weights` (T, S) make 1 by row. They are of the newest set not after the session, whose date `weights_of` has for each; sessions before
    the first set take the first: an index moves slowly, and who reads it is told since when. Without any they are NaN, dates none.
    """

    market: Floats
    sectors: Floats
    weights: Floats
    weights_of: tuple[dt.date, ...]


def benchmark_days(days: Sequence[dt.date]) -> BenchmarkDays:
    """Of sessions in ascending order, one or more."""
    with connection.cursor() as cursor:
        cursor.execute(STORED, {"funds": list(FUNDS), "code": BENCHMARK, "last": days[-1]})
        rows = cursor.fetchall()
    sets: dict[dt.date, dict[str, float]] = {}
    for sector, weight, as_of in rows:
        if as_of is not None:
            sets.setdefault(as_of, {})[SECTOR_NAMES.get(sector, sector)] = weight
    returns = _returns(days, {symbol: int(pk) for symbol, pk, as_of in rows if as_of is None})
    return BenchmarkDays(returns[:, 0], returns[:, 1:], *_in_force(days, sets))


def _returns(days: Sequence[dt.date], ids: Mapping[str, int]) -> Floats:
    returns = np.full((len(days), len(FUNDS)), np.nan)
    if ids:
        panel = load_panel(np.array(sorted(ids.values())), calendar.shift(days[0], -1), days[-1])
        sessions = calendar.ordinals(np.array(days, dtype="datetime64[D]")) - panel.first_ordinal
        columns = panel.columns_of(np.array([ids.get(symbol, -1) for symbol in FUNDS]))
        returns[:, columns >= 0] = panel.simple_returns()[sessions][:, columns[columns >= 0]]
    return returns


def _in_force(
    days: Sequence[dt.date], sets: Mapping[dt.date, Mapping[str, float]]
) -> tuple[Floats, tuple[dt.date, ...]]:
    if not sets:
        return np.full((len(days), len(SECTOR_FUNDS)), np.nan), ()
    dates = list(sets)
    of_day = tuple(dates[max(0, bisect_right(dates, day) - 1)] for day in days)
    weights = np.array([[sets[date].get(name, 0.0) for name in SECTOR_FUNDS] for date in of_day])
    whole = weights.sum(axis=1, keepdims=True)
    return weights / np.where(whole > 0, whole, np.nan), of_day
