"""How the sources spell symbols, and how listed options are named."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal

from marketdata.providers.base import OptionContractTerms

INDEX_SYMBOLS = {"VIX": "^VIX", "SPX": "^GSPC", "NDX": "^NDX", "RUT": "^RUT"}

_CLASS_SHARE = re.compile(r"^([A-Z]+)[-.]([A-Z])$")
_OCC = re.compile(r"^([A-Z0-9.]{1,6}?)(\d{6})([CP])(\d{8})$")


def yahoo_symbol(symbol: str) -> str:
    """Yahoo's and FMP's spelling: a hyphen before the share class, a caret before an index."""
    upper = symbol.strip().upper()
    return INDEX_SYMBOLS.get(upper, upper.replace(".", "-"))


def polygon_symbol(symbol: str) -> str:
    """Polygon's spelling: a dot before the share class (BRK.B)."""
    upper = symbol.strip().upper()
    match = _CLASS_SHARE.match(upper)
    return f"{match[1]}.{match[2]}" if match else upper


def occ_symbol(underlying: str, expiration: dt.date, option_type: str, strike: Decimal) -> str:
    """The OCC symbol, e.g. ``SPY271217P00560000``; strikes count thousandths of a dollar."""
    root = re.sub(r"[^A-Z0-9]", "", underlying.upper())
    return f"{root}{expiration:%y%m%d}{option_type[0].upper()}{int(strike * 1000):08d}"


def parse_occ(symbol: str, underlying: str | None = None) -> OptionContractTerms | None:
    """The terms inside an OCC symbol, with or without Polygon's ``O:``; None if it is not one.

    The root of an adjusted contract is not its underlying: give `underlying` where it is known.
    """
    bare = symbol.strip().upper().removeprefix("O:")
    match = _OCC.match(bare)
    if match is None:
        return None
    try:
        expiration = dt.datetime.strptime(match[2], "%y%m%d").date()  # noqa: DTZ007 - a calendar date has no zone
    except ValueError:
        return None
    return OptionContractTerms(
        symbol=bare,
        underlying=underlying or match[1],
        option_type="CALL" if match[3] == "C" else "PUT",
        strike=Decimal(match[4]) / 1000,
        expiration=expiration,
    )
