"""What many books hold, as sparse matrices of books by symbols and books by option contracts: what scenarios are applied to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from analytics.engines.exposure import by_book
from analytics.engines.regression import Floats, Ints

Flags = NDArray[np.bool_]

# Places a private lot's proxy can have besides that of a symbol.
FOLLOWS_NOTHING, FOLLOWS_CASH = -1, -2


@dataclass(frozen=True)
class LotColumns:
    """L lots, (L,) each.

    `portfolio` : book. `symbol` : column of the lot's symbol or of its option's underlying, -1 for none. `contract` : column of
    its contract, -1 if it is no option. `market_value` : signed dollars at the last mark. `delta_dollars` : of options, NaN
    where unknown, not read for others. `shares` : signed contracts times multiplier, not read for others. `usable` : whether the
    price may be used for risk, not read for private lots. `is_private`, and for those `proxy` : column of the symbol they
    follow, `FOLLOWS_CASH` or `FOLLOWS_NOTHING`, and `proxy_multiple`.
    """

    portfolio: Ints
    symbol: Ints
    contract: Ints
    market_value: Floats
    delta_dollars: Floats
    shares: Floats
    usable: Flags
    is_private: Flags
    proxy: Ints
    proxy_multiple: Floats


@dataclass(frozen=True)
class BookHoldings:
    """P books in dollars by column of N symbols, sparse (P, N), and by option contract, (P, C).

    `stock` : market value of stocks and funds. `delta` : those and the delta dollars of options, netted by underlying.
    `shares` : (P, C) signed shares behind the contracts. `private` : what private lots amount to in the symbol they follow;
    `private_size` : their absolute value there. (P,) absolute dollars: `private_cash` of those like cash, `private_uncovered`
    of those that follow nothing, `uncovered` of public lots of which nothing usable is known.
    """

    stock: csr_matrix
    delta: csr_matrix
    shares: csr_matrix
    private: csr_matrix
    private_size: csr_matrix
    private_cash: Floats
    private_uncovered: Floats
    uncovered: Floats

    @property
    def private_dollars(self) -> Floats:
        """Absolute dollars of private lots, (P,)."""
        return np.asarray(self.private_size.sum(axis=1)).ravel() + self.private_cash + self.private_uncovered

    @property
    def size(self) -> Floats:
        """Absolute dollars the scenarios should reach, after netting by underlying, (P,)."""
        return np.asarray(abs(self.delta).sum(axis=1)).ravel() + self.uncovered + self.private_dollars


def known_lots(lots: LotColumns) -> Flags:
    """Public lots with a usable price, a symbol, and for options a delta, (L,)."""
    value = np.where(lots.contract >= 0, lots.delta_dollars, lots.market_value)
    return ~lots.is_private & lots.usable & (lots.symbol >= 0) & ~np.isnan(value)


def book_holdings(lots: LotColumns, *, books: int, symbols: int, contracts: int) -> BookHoldings:
    """Gather lots by book. Several lots of a symbol become one entry; lots of which nothing is known are counted, not held.

    Raises
    ------
    ValueError if the columns are not of one length, or a lot points outside the books, symbols or contracts.
    """
    _check(lots, books, symbols, contracts)
    is_option, known = lots.contract >= 0, known_lots(lots)
    value = np.where(is_option, lots.delta_dollars, lots.market_value)
    size = np.where(np.isnan(value), np.abs(lots.market_value), np.abs(value))

    def gathered(values: Floats, mine: Flags, column: Ints, width: int) -> csr_matrix:
        if not mine.any():
            return csr_matrix((books, width))
        matrix = csr_matrix((values[mine], (lots.portfolio[mine], column[mine])), shape=(books, width))
        matrix.eliminate_zeros()
        return matrix

    def summed(mine: Flags) -> Floats:
        return by_book(np.where(mine, size, 0.0), lots.portfolio, books)

    follows = lots.is_private & (lots.proxy >= 0)
    return BookHoldings(
        stock=gathered(lots.market_value, known & ~is_option, lots.symbol, symbols),
        delta=gathered(value, known, lots.symbol, symbols),
        shares=gathered(lots.shares, known & is_option, lots.contract, contracts),
        private=gathered(lots.market_value * lots.proxy_multiple, follows, lots.proxy, symbols),
        private_size=gathered(size, follows, lots.proxy, symbols),
        private_cash=summed(lots.is_private & (lots.proxy == FOLLOWS_CASH)),
        private_uncovered=summed(lots.is_private & (lots.proxy == FOLLOWS_NOTHING)),
        uncovered=summed(~lots.is_private & ~known),
    )


def _check(lots: LotColumns, books: int, symbols: int, contracts: int) -> None:
    count = len(lots.portfolio)
    for name in lots.__dataclass_fields__:
        if getattr(lots, name).shape != (count,):
            raise ValueError(f"Column {name} has shape {getattr(lots, name).shape}, expected ({count},).")
    for name, column, low, high in (
        ("portfolio", lots.portfolio, 0, books), ("symbol", lots.symbol, -1, symbols), ("contract", lots.contract, -1, contracts),
        ("proxy", lots.proxy, FOLLOWS_CASH, symbols),
    ):  # fmt: skip
        if count and (column.min() < low or column.max() >= high):
            raise ValueError(f"Column {name} must lie between {low} and {high - 1}.")
