"""Numbers, texts and dates out of the JSON of sources: what is absent or senseless is None, never zero."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal, InvalidOperation
from typing import Any

from sigmasight.core.clock import NEW_YORK


def number(value: Any) -> Decimal | None:
    """A finite number, also as text or as Yahoo's ``{"raw": 1.5, "fmt": "1.50"}``."""
    if isinstance(value, dict):
        value = value.get("raw")
    if value is None or isinstance(value, bool):
        return None
    try:
        decimal = Decimal(str(value))
    except InvalidOperation:
        return None
    return decimal if decimal.is_finite() else None


def positive(value: Any) -> Decimal | None:
    """A number above zero."""
    decimal = number(value)
    return decimal if decimal is not None and decimal > 0 else None


def real(value: Any) -> float:
    """A number as float, NaN where there is none."""
    decimal = number(value)
    return math.nan if decimal is None else float(decimal)


def integer(value: Any) -> int | None:
    """A number rounded to a whole one."""
    decimal = number(value)
    return None if decimal is None else int(decimal.to_integral_value())


def text(value: Any, length: int | None = None) -> str | None:
    """A string that says something, cut to `length`."""
    if not isinstance(value, str) or not value.strip():
        return None
    return value.strip()[:length]


def iso_date(value: Any) -> dt.date | None:
    """A date from an ISO date or instant (its first ten characters), or from Yahoo's ``{"raw": ..., "fmt": ...}``."""
    if isinstance(value, dict):
        value = value.get("fmt") or value.get("raw")
    if isinstance(value, (int, float)):
        return utc_date(value)
    if not isinstance(value, str):
        return None
    try:
        return dt.date.fromisoformat(value[:10])
    except ValueError:
        return None


def utc_date(epoch_seconds: float) -> dt.date:
    """The calendar date of an instant in UTC: how sources write dates without a time."""
    return dt.datetime.fromtimestamp(epoch_seconds, dt.UTC).date()


def market_date(epoch_seconds: float) -> dt.date:
    """The date in New York of an instant."""
    return dt.datetime.fromtimestamp(epoch_seconds, NEW_YORK).date()


def known(values: dict[str, Any]) -> dict[str, Any]:
    """`values` without the unknown ones."""
    return {name: value for name, value in values.items() if value is not None}
