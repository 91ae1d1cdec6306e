"""Arbitrary lots of a few books in whole dollars, so that sums are exact in any order."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

SYMBOLS = 12
SECTORS = 4


@dataclass(frozen=True)
class Lots:
    """Signed dollars (L,), NaN where unknown; book, symbol and sector of each lot (L,); number of books."""

    dollars: np.ndarray
    portfolio: np.ndarray
    symbol: np.ndarray
    sector: np.ndarray
    count: int

    def taken(self, order: np.ndarray) -> Lots:
        return replace(
            self,
            dollars=self.dollars[order],
            portfolio=self.portfolio[order],
            symbol=self.symbol[order],
            sector=self.sector[order],
        )

    def scaled(self, factor: float) -> Lots:
        return replace(self, dollars=factor * self.dollars)

    def split(self, lot: int, part: float) -> Lots:
        """The same book with one lot held as two."""
        twice = self.taken(np.append(np.arange(len(self.dollars)), lot))
        dollars = twice.dollars.copy()
        dollars[lot] -= part
        dollars[-1] = part
        return replace(twice, dollars=dollars)


@st.composite
def lots(draw: Any, *, least: int = 0, unknown: bool = False) -> Lots:
    count = draw(st.integers(1, 4))
    dollars: st.SearchStrategy[float] = st.integers(-1_000_000, 1_000_000).map(float)
    if unknown:
        dollars = dollars | st.just(float("nan"))
    rows = draw(
        st.lists(
            st.tuples(dollars, st.integers(0, count - 1), st.integers(0, SYMBOLS - 1), st.integers(0, SECTORS - 1)),
            min_size=least,
            max_size=30,
        )
    )
    columns = np.array(rows, dtype=np.float64).reshape(-1, 4).T
    return Lots(columns[0], *(column.astype(np.int64) for column in columns[1:]), count=count)


@st.composite
def split_lots(draw: Any) -> tuple[Lots, Lots]:
    """Lots, and the same ones with a lot of at least two dollars cut in two of its sign."""
    whole = draw(lots(least=1).filter(lambda book: bool((np.abs(book.dollars) >= 2).any())))
    lot = draw(st.sampled_from(np.flatnonzero(np.abs(whole.dollars) >= 2).tolist()))
    part = draw(st.integers(1, int(abs(whole.dollars[lot])) - 1))
    return whole, whole.split(lot, float(np.sign(whole.dollars[lot]) * part))


@st.composite
def shuffled_lots(draw: Any) -> tuple[Lots, Lots]:
    """Lots in two orders."""
    book = draw(lots())
    return book, book.taken(np.array(draw(st.permutations(range(len(book.dollars)))), dtype=np.int64))
