"""Sessions of a few books worked on together: what looks at one series at a time does not mind of which session it is.

A year of one book is 252 small matrices; the calls of numpy would take longer than the numbers. A night of thousands of books
is one group of one session.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import groupby
from typing import Any, TypeVar

import numpy as np

from analytics.batch.book_risk import BookHistory
from analytics.batch.symbols import volatility_columns
from analytics.engines.regression import Floats
from analytics.engines.tails import TailTable, tail_table

# Books times sessions of a group.
GROUP_BOOKS = 2_500
T = TypeVar("T")


def session_groups(sessions: Sequence[T], books: int) -> Iterator[Sequence[T]]:
    """The sessions in order, as many at a time as make a group of these books."""
    size = max(1, GROUP_BOOKS // max(books, 1))
    for start in range(0, len(sessions), size):
        yield sessions[start : start + size]


def volatilities_of(series: Sequence[Floats]) -> list[dict[str, Any]]:
    """`volatility_columns` of the daily returns (T, P) of each session's books."""
    found: list[dict[str, Any]] = []
    for alike in _of_one_length(series):
        columns = volatility_columns(_side_by_side(alike), None)
        found += [{name: values[part] for name, values in columns.items()} for part in _parts(alike)]
    return found


def tails_of(histories: Sequence[BookHistory]) -> list[TailTable]:
    """`tail_table` of each session's books."""
    found: list[TailTable] = []
    for alike in _of_one_length([history.pnl for history in histories]):
        mine = histories[len(found) : len(found) + len(alike)]
        table = tail_table(_side_by_side(alike), _side_by_side([history.pnl_10d for history in mine]))
        names = [field.name for field in fields(TailTable)]
        found += [TailTable(**{name: getattr(table, name)[part] for name in names}) for part in _parts(alike)]
    return found


def _of_one_length(series: Iterable[Floats]) -> Iterator[list[Floats]]:
    """Neighbours with as many days: at the beginning of the calendar histories are short."""
    for _, alike in groupby(series, key=len):
        yield list(alike)


def _side_by_side(series: Sequence[Floats]) -> Floats:
    """All columns in one matrix, each column's days together in memory, as a book alone has them: sums add up in one order."""
    joined = np.empty((len(series[0]), sum(part.shape[1] for part in series)), order="F")
    for part, place in zip(series, _parts(series), strict=True):
        joined[:, place] = part
    return joined


def _parts(series: Sequence[Floats]) -> list[slice]:
    ends = np.cumsum([part.shape[1] for part in series]).tolist()
    return [slice(end - part.shape[1], end) for part, end in zip(series, ends, strict=True)]
