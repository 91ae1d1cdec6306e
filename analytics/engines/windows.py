"""Sums and means over every window of consecutive rows, for all columns at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analytics.engines.regression import Floats

# A window counts if at least this share of its days has a value.
WINDOW_COVER = 0.8


def window_sum(values: Floats, window: int) -> Floats:
    """Sums of every `window` consecutive rows, (T - window + 1, N).

    Put together from sums of 1, 2, 4, ... rows: a window's sum depends on nothing outside of it, to the last bit, and a large
    value leaves no rounding behind in the windows after it.
    """
    rows = len(values) - window + 1
    result: Floats | None = None
    block, length, offset = values, 1, 0
    while True:
        if window & length:
            part = block[offset : offset + rows]
            result = part.copy() if result is None else np.add(result, part, out=result)
            offset += length
        if 2 * length > window:
            assert result is not None
            return result
        block, length = block[:-length] + block[length:], 2 * length


def inside_history(known: NDArray[np.bool_], window: int) -> NDArray[np.bool_]:
    """Windows that lie inside a series: none reaches back before its first value, (T - window + 1, N)."""
    born = np.where(known.any(axis=0), known.argmax(axis=0), len(known))
    return np.arange(len(known) - window + 1)[:, None] >= born


def window_mean(values: Floats, window: int) -> Floats:
    """Mean of the last `window` rows at every row, (T, N); NaN with under 80 % of them."""
    known = ~np.isnan(values)
    result = np.full(values.shape, np.nan)
    if len(values) < window:
        return result
    if known.all():
        np.divide(window_sum(values, window), window, out=result[window - 1 :])
        return result
    total = window_sum(np.where(known, values, 0.0), window)
    count = window_sum(known.astype(np.float64), window)
    enough = (count >= np.ceil(WINDOW_COVER * window)) & inside_history(known, window)
    result[window - 1 :] = np.divide(total, count, out=np.full(total.shape, np.nan), where=enough)
    return result
