"""Sector exposure of books and its distance from a benchmark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analytics.engines.regression import Floats, Ints

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
    filled = np.nan_to_num(values)
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


def newest_set(dates: list[str], on: str) -> str | None:
    """The newest of the benchmark's dates (ISO) not after a day, None before the first."""
    return max((date for date in dates if date <= on), default=None)


def sector_label(name: str | None, *, is_fund: bool = False, apart: bool = False) -> str:
    """The sector a holding counts in: its own under the benchmark's name, funds and unclassified holdings under theirs."""
    if apart or (not name and not is_fund):
        return "Unclassified"
    return "ETFs" if is_fund else SECTOR_NAMES.get(str(name), str(name))
