"""Numbers as a model reads them: few digits, one unit a name (`_usd`, `_pct`), nothing known stays None."""

from __future__ import annotations

import math
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from analytics.services.overview import ExposureSummary, PnlSummary

Number = Decimal | float | int | None
WHOLE_DOLLARS = 1_000
CHEAP = 10


def usd(value: Number) -> float | int | None:
    """Dollars: whole ones from 1,000 up, else cents."""
    number = _float(value)
    if number is None:
        return None
    return round(number) if abs(number) >= WHOLE_DOLLARS else round(number, 2) + 0.0


def price(value: Number) -> float | None:
    """Dollars a share: cents, below 10 dollars hundredths of them."""
    number = _float(value)
    return None if number is None else round(number, 2 if abs(number) >= CHEAP else 4) + 0.0


def percent(value: Number) -> float | None:
    """Percent, given as percent."""
    return rounded(value, 2)


def percent_of(fraction: Number) -> float | None:
    """Percent, given as a fraction."""
    number = _float(fraction)
    return None if number is None else rounded(100 * number, 2)


def rounded(value: Number, digits: int = 3) -> float | None:
    """Ratios, betas, correlations."""
    number = _float(value)
    return None if number is None else round(number, digits) + 0.0


def best_first(value: float | None) -> tuple[bool, float]:
    """A key that sorts the largest first and what is not known last."""
    return (value is None, -value if value is not None else 0.0)


def quantity(value: Number) -> float | int | None:
    """Shares or contracts, whole where they are."""
    number = _float(value)
    return None if number is None else int(number) if number.is_integer() else round(number, 4)


def known(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that say something: without None, empty texts and empty lists."""
    return {name: value for name, value in fields.items() if value is not None and value not in ("", [], {}, ())}


def exposures(found: ExposureSummary, equity: Number) -> dict[str, Any]:
    """Exposures with their units in the names; percent of net asset value, the short side positive, unknown unless there is some."""
    fields = asdict(found)
    sides = ("long", "short", "gross", "net")
    return {f"{side}_usd": usd(fields[f"{side}_exposure"]) for side in sides} | {
        f"{side}_pct_of_nav": of_positive(fields[f"{side}_percentage"], equity) for side in sides
    }


def of_positive(ratio: float, equity: Number) -> float | None:
    """A ratio to net asset value; without a positive one there is no such ratio, though the services say 0."""
    return ratio if (_float(equity) or 0.0) > 0 else None


def earned(found: PnlSummary) -> dict[str, Any]:
    """P&L in dollars."""
    return {f"{name}_usd": usd(value) for name, value in asdict(found).items()}


def _float(value: Number) -> float | None:
    if value is None:
        return None
    number = float(value)
    return None if math.isnan(number) or math.isinf(number) else number
