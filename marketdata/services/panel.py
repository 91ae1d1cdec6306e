"""Prices of many securities over a range of sessions as matrices, read by one COPY of their array form."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marketdata import calendar
from marketdata.services.history import COLUMNS
from sigmasight.core.bulk import chunks, read_columns

Floats = NDArray[np.float64]

BARS = COLUMNS
PRICES = ("close", "split_factor", "return_factor")
CLOSES = ("close", "return_factor")
FACTORS = {"split_factor", "return_factor"}
BLOCK = 2_000
# So many securities are read faster than it is found out whether those kept still hold.
FEW = 300


@dataclass(frozen=True)
class PricePanel:
    """Raw prices and factors, (T, N) each, NaN where there is no usable price; factors continue through holes.

    `sessions` (T,) datetime64[D], consecutive; `first_ordinal` is the calendar number of the first; `security_ids` (N,)
    ascending. Dollars per share as traded. What was not asked for is (0, 0).
    """

    sessions: NDArray[np.datetime64]
    first_ordinal: int
    security_ids: NDArray[np.int64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    split_factor: Floats
    return_factor: Floats

    def columns_of(self, security_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Column of each security, -1 for those the panel does not hold."""
        if not len(self.security_ids):
            return np.full(len(security_ids), -1, dtype=np.int64)
        place = np.minimum(np.searchsorted(self.security_ids, security_ids), len(self.security_ids) - 1)
        return np.where(self.security_ids[place] == security_ids, place, -1)

    def row_of(self, session: dt.date) -> int:
        """Row of a session.

        Raises
        ------
        ValueError if the panel does not reach it.
        """
        row = calendar.session_ordinal(session) - self.first_ordinal
        if not 0 <= row < len(self.sessions):
            raise ValueError(f"the panel has no row for {session}")
        return row

    def simple_returns(self) -> Floats:
        """Total returns of consecutive sessions, (T, N): row 0 NaN, NaN where either close is missing."""
        wealth = self.close * self.return_factor
        result = np.full(wealth.shape, np.nan)
        result[1:] = wealth[1:] / wealth[:-1] - 1.0
        return result

    def log_returns(self) -> Floats:
        """ln(1 + simple total return), (T, N)."""
        return np.log1p(self.simple_returns())


def load_panel(
    security_ids: Sequence[int] | NDArray[np.int64], first: dt.date, last: dt.date, *, columns: Collection[str] = PRICES
) -> PricePanel:
    """Read the array form of the securities between two sessions, both included: closes and both factors, or the
    `columns` named.

    Securities without prices get a column of NaN.

    Raises
    ------
    ValueError if `first` or `last` is no session.
    """
    low, high = calendar.session_ordinal(first), calendar.session_ordinal(last)
    ids = np.unique(np.asarray(security_ids, dtype=np.int64))
    return _panel(ids, low, _read(ids, low, high, columns))


def shared_panel(
    security_ids: Sequence[int] | NDArray[np.int64], first: dt.date, last: dt.date, *, history: int
) -> PricePanel:
    """Closes and total returns as `load_panel` gives them, out of the prices of all securities that the process keeps.

    They are read with `history` sessions before `first`, so that readers who look further back find them as well, and read
    again as soon as any stored price differs: a worker reads the prices of a night once, not once a shard. A few securities are
    read alone.
    """
    global _kept
    ids = np.unique(np.asarray(security_ids, dtype=np.int64))
    if len(ids) <= FEW:
        return load_panel(ids, first, last, columns=CLOSES)
    low, high = calendar.session_ordinal(first), calendar.session_ordinal(last)
    version = prices_version()
    kept = _kept
    if kept is None or kept.version != version or kept.low > low or kept.high != high:
        everything = read_columns("SELECT security_id FROM price_histories ORDER BY security_id")["security_id"]
        start = max(low - history, 0)
        kept = _kept = _Kept(version, start, high, everything, _read(everything, start, high, CLOSES))
    place = np.minimum(np.searchsorted(kept.ids, ids), max(len(kept.ids) - 1, 0))
    there = kept.ids[place] == ids if len(kept.ids) else np.zeros(len(ids), dtype=bool)
    matrices = {}
    for name, whole in kept.matrices.items():
        part = whole[low - kept.low :, place] if len(kept.ids) else np.full((high - low + 1, len(ids)), np.nan)
        if not there.all():
            part[:, ~there] = 1.0 if name in FACTORS else np.nan
        matrices[name] = part
    return _panel(ids, low, matrices)


@dataclass(frozen=True)
class _Kept:
    version: int
    low: int
    high: int
    ids: NDArray[np.int64]
    matrices: dict[str, Floats]


_kept: _Kept | None = None


def prices_version() -> int:
    """A number that differs as soon as any stored price or action does."""
    row = read_columns(
        "SELECT coalesce(sum(hashtextextended(security_id || '|' || checksum, 0)::numeric), 0)::text AS version FROM price_histories"
    )
    return int(row["version"][0])


def _panel(ids: NDArray[np.int64], low: int, matrices: dict[str, Floats]) -> PricePanel:
    rows = len(matrices["close"])
    absent = {name: np.empty((0, 0)) for name in COLUMNS if name not in matrices}
    return PricePanel(calendar.session_array()[low : low + rows], low, ids, **matrices, **absent)


def _read(ids: NDArray[np.int64], low: int, high: int, columns: Collection[str]) -> dict[str, Floats]:
    matrices = {name: np.full((high - low + 1, len(ids)), np.nan) for name in columns}
    for part in chunks(len(ids), BLOCK):
        _read_block(matrices, list(columns), ids[part], part.start, low, high)
    for name in FACTORS & matrices.keys():
        _carry_forward(matrices[name])
    return matrices


def _read_block(
    matrices: dict[str, Floats], names: list[str], ids: NDArray[np.int64], column: int, low: int, high: int
) -> None:
    """Fill the columns of `ids`, which begin at `column`. In blocks: the server joins at most 1 GiB into one answer."""
    cut = "[greatest(%(low)s - first_session + 1, 1) : %(high)s - first_session + 1]"
    rows = read_columns(
        "SELECT security_id, greatest(first_session, %(low)s) AS first_session, "
        + ", ".join(f"{name}{cut} AS {name}" for name in names)
        + " FROM price_histories WHERE security_id = ANY(%(ids)s) AND first_session <= %(high)s "
        "AND first_session + cardinality(close) > %(low)s ORDER BY security_id",
        {"low": low, "high": high, "ids": ids.tolist()},
    )
    columns = column + np.searchsorted(ids, rows["security_id"])
    starts = rows["first_session"] - low
    begins, sizes = rows["close"].offsets[:-1], np.diff(rows["close"].offsets)
    # Securities that begin and end together are placed in one piece.
    for start, size in np.unique(np.column_stack([starts, sizes]), axis=0).tolist():
        same = np.flatnonzero((starts == start) & (sizes == size))
        place = begins[same] + np.arange(size)[:, None]
        for name in names:
            matrices[name][start : start + size, columns[same]] = rows[name].values[place]


def _carry_forward(factor: Floats) -> None:
    """Factors stay what they were after the last price, and are 1 before the first, in place."""
    known = ~np.isnan(factor)
    newest = np.maximum.accumulate(np.where(known, np.arange(len(factor))[:, None], -1), axis=0)
    filled = np.take_along_axis(factor, np.maximum(newest, 0), axis=0)
    factor[:] = np.where(newest < 0, 1.0, filled)
