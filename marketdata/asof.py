"""Which price counts on a day: the last one not older than five sessions. One rule for every reader.

Pure numpy, so that it runs over whole panels.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

MAX_AGE_SESSIONS = 5


class PriceState(IntEnum):
    """FRESH is a price of the session itself, STALE one up to five sessions old, MISSING none or an older one."""

    FRESH = 0
    STALE = 1
    MISSING = 2


@dataclass(frozen=True)
class AsOfPrices:
    """(T, N) each: `price` in dollars, NaN where missing; `age` in sessions, -1 where missing; `state` a `PriceState`."""

    price: NDArray[np.float64]
    age: NDArray[np.int64]
    state: NDArray[np.int8]


def last_known(close: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The last usable close up to every session and its age in sessions, without a limit.

    Parameters
    ----------
    close : (T, N) raw closes on consecutive sessions. NaN, zero and negative values are no prices.

    Returns
    -------
    (T, N) prices, NaN before the first one, and (T, N) ages, -1 there.
    """
    usable = close > 0
    rows = np.arange(len(close))[:, None]
    newest = np.maximum.accumulate(np.where(usable, rows, -1), axis=0)
    known = newest >= 0
    price = np.where(known, np.take_along_axis(close, np.maximum(newest, 0), axis=0), np.nan)
    return price, np.where(known, rows - newest, -1)


def as_of(close: NDArray[np.float64], *, max_age: int = MAX_AGE_SESSIONS) -> AsOfPrices:
    """The price that counts at every session.

    Parameters
    ----------
    close : (T, N) raw closes on consecutive sessions. NaN, zero and negative values are no prices.
    max_age : how many sessions old a price may be.

    Returns
    -------
    AsOfPrices of (T, N) arrays.
    """
    price, age = last_known(close)
    missing = (age < 0) | (age > max_age)
    state = np.where(missing, PriceState.MISSING, np.where(age == 0, PriceState.FRESH, PriceState.STALE))
    return AsOfPrices(np.where(missing, np.nan, price), np.where(missing, -1, age), state.astype(np.int8))
