"""What forms of the console send, read strictly: anything else is refused with what to do, before anything is changed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation

from sigmasight.core.errors import DomainError


def row_id(text: str | None) -> int:
    """The id of a row that a button names."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 18:
        raise DomainError("id_invalid", "The row is not named; nothing was changed. Load the page anew.")
    return int(text)


def day_or_none(text: str | None) -> dt.date | None:
    """A day as forms send it; None for an empty field."""
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise DomainError("day_invalid", "The day is not a date (YYYY-MM-DD); nothing was changed.") from error


def needed_day(text: str | None) -> dt.date:
    """A day that has to be given."""
    day = day_or_none(text)
    if day is None:
        raise DomainError("day_missing", "Give the day; nothing was changed.")
    return day


def price(text: str | None) -> Decimal:
    """A number of dollars."""
    try:
        return Decimal((text or "").strip()[:40])
    except InvalidOperation as error:
        raise DomainError("price_invalid", "The price is not a number; nothing was changed.") from error
