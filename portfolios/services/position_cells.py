"""What stands in one cell of a file of positions: a symbol, a number, a day."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal, InvalidOperation

SYMBOL = re.compile(r"[A-Za-z0-9._-]+")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
SHOWN = 40


def number_of(text: str, bound: Decimal) -> Decimal | None:
    """A number whose size is below the bound; None for anything else."""
    try:
        number = Decimal(text) if NUMBER.fullmatch(text) else None
    except InvalidOperation:
        return None
    return number if number is not None and abs(number) < bound else None


def fits(number: Decimal, step: Decimal) -> bool:
    """Whether the number has no more decimals than the step."""
    return number == number.quantize(step)


def day_of(text: str) -> dt.date | None:
    """A day written year, month, day; None for anything else."""
    match = DATE.fullmatch(text)
    try:
        return dt.date(*map(int, match.groups())) if match else None
    except ValueError:
        return None


def shown(text: str) -> str:
    """The beginning of a cell, to be quoted in a message."""
    return f'"{text[:SHOWN]}"'
