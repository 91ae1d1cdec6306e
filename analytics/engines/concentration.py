"""How concentrated books are: Herfindahl index, effective number of positions, largest holdings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from analytics.engines.regression import Floats, Ints, known_or_zero


class ConcentrationStatus(IntEnum):
    """Why a book has no concentration: it holds nothing, or nothing of known value."""

    OK = 0
    NO_ACTIVE_POSITIONS = 1
    ZERO_TOTAL_VALUE = 2


STATUS_NAMES = {
    ConcentrationStatus.OK: "ok",
    ConcentrationStatus.NO_ACTIVE_POSITIONS: "skipped:no_active_positions",
    ConcentrationStatus.ZERO_TOTAL_VALUE: "skipped:zero_total_value",
}


@dataclass(frozen=True)
class Concentration:
    """Of P books, (P,) each; NaN where `status` (`ConcentrationStatus` codes) is not OK. `hhi` on the scale to 10,000, weights
    as fractions, `positions` all lots, `unique_symbols` those with a value."""

    hhi: Floats
    effective_number: Floats
    top_1: Floats
    top_3: Floats
    top_10: Floats
    entropy_number: Floats
    unique_symbols: Ints
    positions: Ints
    status: NDArray[np.int8]


def concentration(values: Floats, portfolio: Ints, symbol: Ints, count: int, *, net: bool = False) -> Concentration:
    """Concentration of absolute values by symbol.

    Parameters
    ----------
    values : (L,) signed dollars, NaN where unknown: such a lot is a position without a weight.
    portfolio : (L,). symbol : (L,) any codes; lots of one symbol in a book are one holding.
    net : let opposite lots of a symbol cancel first.
    """
    positions = np.bincount(portfolio, minlength=count)
    sizes = known_or_zero(values if net else np.abs(values))
    if not len(values):
        nothing = np.full(count, np.nan)
        empty = np.full(count, ConcentrationStatus.NO_ACTIVE_POSITIONS, dtype=np.int8)
        return Concentration(nothing, nothing, nothing, nothing, nothing, nothing, positions, positions, empty)
    _, code = np.unique(symbol, return_inverse=True)
    width = int(code.max()) + 1
    keys, place = np.unique(portfolio * width + code, return_inverse=True)
    holding = np.abs(np.bincount(place, weights=sizes))
    owner = keys // width
    total = np.bincount(owner, weights=holding, minlength=count)
    some = total > 0
    weight = holding / np.where(some, total, 1.0)[owner]
    # Largest first inside each book, so that the top holdings are the first ranks.
    order = np.lexsort((-weight, owner))
    ranked, owners = weight[order], owner[order]
    starts = np.searchsorted(owners, np.arange(count))
    rank = np.arange(len(ranked)) - starts[owners]

    def top(number: int) -> Floats:
        return np.where(
            some, np.bincount(owners, weights=np.where(rank < number, ranked, 0.0), minlength=count), np.nan
        )

    squares = np.bincount(owners, weights=ranked**2, minlength=count)
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = np.bincount(owners, weights=np.where(ranked > 0, -ranked * np.log(ranked), 0.0), minlength=count)
        hhi = np.where(some, squares * 10_000, np.nan)
        effective = 10_000 / hhi
    return Concentration(
        hhi=hhi,
        effective_number=effective,
        top_1=top(1),
        top_3=top(3),
        top_10=top(10),
        entropy_number=np.where(some, np.exp(entropy), np.nan),
        unique_symbols=np.bincount(owners, weights=ranked > 0, minlength=count).astype(np.int64),
        positions=positions,
        status=np.select(
            [some, positions == 0],
            [ConcentrationStatus.OK, ConcentrationStatus.NO_ACTIVE_POSITIONS],
            ConcentrationStatus.ZERO_TOTAL_VALUE,
        ).astype(np.int8),
    )
