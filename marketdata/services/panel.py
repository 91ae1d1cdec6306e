"""Prices of many securities over a range of sessions as matrices, read by one COPY of their array form."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from marketdata import calendar
from marketdata.services.history import COLUMNS
from sigmasight.core.bulk import read_columns

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PricePanel:
    """Raw prices and factors, (T, N) each, NaN where there is no usable price; factors continue through holes.

    `sessions` (T,) datetime64[D], consecutive; `first_ordinal` is the calendar number of the first; `security_ids` (N,)
    ascending. Dollars per share as traded.
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


def load_panel(security_ids: Sequence[int] | NDArray[np.int64], first: dt.date, last: dt.date) -> PricePanel:
    """Read the array form of the securities between two sessions, both included.

    Securities without prices get a column of NaN.

    Raises
    ------
    ValueError if `first` or `last` is no session.
    """
    low, high = calendar.session_ordinal(first), calendar.session_ordinal(last)
    ids = np.unique(np.asarray(security_ids, dtype=np.int64))
    shape = (high - low + 1, len(ids))
    matrices = {name: np.full(shape, np.nan) for name in COLUMNS}
    cut = "[greatest(%(low)s - first_session + 1, 1) : %(high)s - first_session + 1]"
    rows = read_columns(
        "SELECT security_id, greatest(first_session, %(low)s) AS first_session, "
        + ", ".join(f"{name}{cut} AS {name}" for name in COLUMNS)
        + " FROM price_histories WHERE security_id = ANY(%(ids)s) AND first_session <= %(high)s "
        "AND first_session + cardinality(close) > %(low)s ORDER BY security_id",
        {"low": low, "high": high, "ids": ids.tolist()},
    )
    columns = np.searchsorted(ids, rows["security_id"])
    starts = rows["first_session"] - low
    for name in COLUMNS:
        matrix, cells = matrices[name], rows[name]
        for column, start, cell in zip(columns.tolist(), starts.tolist(), cells, strict=True):
            matrix[start : start + len(cell), column] = cell
    for name in ("split_factor", "return_factor"):
        _carry_forward(matrices[name])
    sessions = calendar.session_array()[low : high + 1]
    return PricePanel(sessions, low, ids, **matrices)


def _carry_forward(factor: Floats) -> None:
    """Factors stay what they were after the last price, and are 1 before the first, in place."""
    known = ~np.isnan(factor)
    newest = np.maximum.accumulate(np.where(known, np.arange(len(factor))[:, None], -1), axis=0)
    filled = np.take_along_axis(factor, np.maximum(newest, 0), axis=0)
    factor[:] = np.where(newest < 0, 1.0, filled)
