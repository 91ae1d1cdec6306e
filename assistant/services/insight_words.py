"""How an analyst writes figures and names: dollars, percents, dates, and contracts as people say them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

CONTRACT = re.compile(r"^([A-Z.\-]{1,6})(\d{2})(\d{2})(\d{2})([CP])(\d{8})$")
STRIKE_SCALE = 1_000
SHORTS = {"SHORT", "SC", "SP"}
SCALES = ((1_000_000, "million", 2), (1_000, "thousand", 0))
MINUS = "-"


def money(dollars: float, *, sign: bool = False) -> str:
    """Whole dollars: $1,234, with a sign where a gain is told from a loss."""
    mark = (MINUS if dollars < 0 else "+") if sign and round(dollars) else (MINUS if dollars < 0 else "")
    return f"{mark}${abs(dollars):,.0f}"


def dollars(value: float | None) -> str:
    """Money that may be unknown, and is said to be."""
    return "unknown" if value is None else money(value)


def percent(value: float, digits: int = 1, *, sign: bool = False) -> str:
    """Percent given as percent."""
    rounded = round(value, digits) + 0.0
    return f"{rounded:{'+' if sign and rounded else ''}.{digits}f} %"


def day(date: dt.date | str) -> str:
    """20 November 2025."""
    date = dt.date.fromisoformat(date) if isinstance(date, str) else date
    return f"{date.day} {date:%B %Y}"


def holding(symbol: str, kind: str | None = None) -> str:
    """A holding as it is spoken of: `short NFLX`, `META Dec 2027 900 call`."""
    found = CONTRACT.match(symbol)
    name = symbol
    if found:
        root, year, month, _, right, strike = found.groups()
        month_name = dt.date(2000, int(month), 1).strftime("%b")
        name = f"{root} {month_name} 20{year} {int(strike) / STRIKE_SCALE:g} {'call' if right == 'C' else 'put'}"
    return f"short {name}" if kind in SHORTS else name


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""


def table(heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table; the first column is text, the others are figures."""
    lines = ["| " + " | ".join(heads) + " |", "| --- " + "| ---: " * (len(heads) - 1) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(cell(one) for one in row) + " |" for row in rows)])


def cell(value: Any) -> str:
    """Text for a cell; what is unknown is a dash."""
    return "–" if value is None else str(value).replace("|", "/").replace("\n", " ")
