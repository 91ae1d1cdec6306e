"""Symbols as requests bring them."""

from __future__ import annotations

from marketdata.services.securities import canonical
from sigmasight.core.api.errors import Unprocessable, issue

LONGEST_SYMBOL = 32


def symbol_of(value: str, where: str = "path") -> str:
    """The one spelling of a symbol from a path.

    Raises
    ------
    Unprocessable if it cannot be one.
    """
    if len(value) > LONGEST_SYMBOL or not value.isprintable() or not value.strip():
        text = f"symbol must be of 1 to {LONGEST_SYMBOL} printable characters, for example SPY."
        raise Unprocessable([issue((where, "symbol"), text, value=value)])
    return canonical(value)


def symbols_of(text: str, most: int, name: str = "symbols") -> list[str]:
    """Comma-separated symbols of a query in their one spelling, in their order; empty pieces stay.

    Raises
    ------
    Unprocessable if there are more than `most`.
    """
    pieces = text.split(",")
    if len(pieces) > most:
        raise Unprocessable([issue(("query", name), f"At most {most} symbols can be asked for at once.", value=text)])
    return [canonical(piece) for piece in pieces]
