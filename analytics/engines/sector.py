"""Sector exposure of books and its distance from a benchmark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.engines.regression import Floats, Ints, known_or_zero

PSEUDO_SECTORS = ("ETFs", "Unclassified")
# The provider's sector names beside the ones the benchmark uses.
SECTOR_NAMES = {
    "Financial Services": "Financials",
    "Consumer Cyclical": "Consumer Discretionary",
    "Consumer Defensive": "Consumer Staples",
    "Basic Materials": "Materials",
    "Information Technology": "Technology",
    "Health Care": "Healthcare",
}


def sector_dollars(values: Floats, portfolio: Ints, sector: Ints, count: int, sectors: int) -> tuple[Floats, Floats]:
    """Gross and net dollars by book and sector, (P, S) each.

    Parameters
    ----------
    values : (L,) signed dollars, NaN adds nothing. sector : (L,) codes below `sectors`.
    """
    key = portfolio * sectors + sector
    filled = known_or_zero(values)
    gross = np.bincount(key, weights=np.abs(filled), minlength=count * sectors)
    net = np.bincount(key, weights=filled, minlength=count * sectors)
    return gross.reshape(count, sectors), net.reshape(count, sectors)  # type: ignore[return-value]


@dataclass(frozen=True)
class ActiveWeights:
    """One book against its benchmark: fractions of equity by sector, and the extremes (None where no real sector has more, or
    less, than the benchmark)."""

    over_underweight: dict[str, float]
    largest_overweight: str | None
    largest_underweight: str | None


def active_weights(portfolio: Mapping[str, float], benchmark: Mapping[str, float]) -> ActiveWeights:
    """Portfolio less benchmark over the union of sectors; funds and unclassified holdings are never the extremes."""
    union = sorted(set(portfolio) | set(benchmark))
    active = {name: portfolio.get(name, 0.0) - benchmark.get(name, 0.0) for name in union}
    real = {name: weight for name, weight in active.items() if name not in PSEUDO_SECTORS}
    over = [name for name, weight in real.items() if weight > 0]
    under = [name for name, weight in real.items() if weight < 0]
    return ActiveWeights(
        active,
        max(over, key=lambda n: (real[n], n), default=None),
        min(under, key=lambda n: (real[n], n), default=None),
    )


def active_weights_of_books(
    weights: Floats, held: NDArray[np.bool_], benchmark: Mapping[str, float], names: Sequence[str]
) -> list[ActiveWeights]:
    """`active_weights` of many books at once.

    Parameters
    ----------
    weights : (P, S) fractions of equity in the sectors `names`, ascending; every sector of the benchmark is among them. `held` :
        (P, S) the sectors each book has anything in.
    """
    own = np.array([benchmark.get(name, np.nan) for name in names])
    active = weights - known_or_zero(own)
    union = held | ~np.isnan(own)
    real = union & ~np.isin(np.array(names), PSEUDO_SECTORS)
    # Of equal ones the last name is the largest and the first the smallest.
    over = np.where(real & (active > 0), active, -np.inf)[:, ::-1]
    under = np.where(real & (active < 0), active, np.inf)
    largest, smallest = len(names) - 1 - over.argmax(axis=1), under.argmin(axis=1)
    some_over, some_under = (np.asarray(np.isfinite(values).any(axis=1)) for values in (over, under))
    return [
        ActiveWeights(
            {name: value for name, value, there in zip(names, values, inside, strict=True) if there},
            names[top] if any_over else None,
            names[bottom] if any_under else None,
        )
        for values, inside, top, any_over, bottom, any_under in zip(
            active.tolist(), union.tolist(), largest.tolist(), some_over.tolist(), smallest.tolist(), some_under.tolist(), strict=True
        )
    ]  # fmt: skip


def newest_set(dates: list[str], on: str) -> str | None:
    """The newest of the benchmark's dates (ISO) not after a day, None before the first."""
    return max((date for date in dates if date <= on), default=None)


def sector_label(name: str | None, *, is_fund: bool = False, apart: bool = False) -> str:
    """The sector a holding counts in: its own under the benchmark's name, funds and unclassified holdings under theirs."""
    if apart or (not name and not is_fund):
        return "Unclassified"
    return "ETFs" if is_fund else SECTOR_NAMES.get(str(name), str(name))
