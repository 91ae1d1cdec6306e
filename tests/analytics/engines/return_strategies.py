"""Arbitrary daily returns: a seed draws the noise, so that shapes shrink and the numbers stay those of a market."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

seeds = st.integers(0, 2**32 - 1)


@st.composite
def panels(
    draw: Any,
    *,
    rows: tuple[int, int] = (70, 120),
    columns: tuple[int, int] = (2, 6),
    gaps: bool = False,
    stream: int = 0,
) -> np.ndarray:
    """(T, N) daily returns with a common part; with `gaps` every column misses up to a fifth of its days.
    Panels of different streams share no noise even if they share a seed."""
    generator = np.random.default_rng([draw(seeds), stream])
    length, count = draw(st.integers(*rows)), draw(st.integers(*columns))
    returns = 0.01 * generator.standard_normal((length, 1)) + 0.015 * generator.standard_normal((length, count))
    if gaps:
        returns[generator.random((length, count)) < draw(st.floats(0, 0.2))] = np.nan
    return returns
