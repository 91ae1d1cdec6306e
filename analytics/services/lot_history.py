"""How much price history stands behind every lot of a book."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from marketdata import calendar
from marketdata.services.price_days import PriceDays, price_days
from portfolios.models import Portfolio
from portfolios.services.valued_lots import ValuedLot
from sigmasight.core import clock

COMPLETE_SESSIONS = 150


@dataclass(frozen=True, slots=True)
class LotHistory:
    """follows : the symbol whose prices count, of a contract its underlying. days : sessions with a usable price among the last
    150; a private lot has none. young : every session since the first price has one, so that time alone will complete it."""

    symbol: str
    follows: str
    days: int
    young: bool

    @property
    def complete(self) -> bool:
        return self.days >= COMPLETE_SESSIONS


@dataclass(frozen=True, slots=True)
class Window:
    """The last 150 sessions up to the portfolio's results; without results up to today."""

    first: dt.date
    last: dt.date


def history_window(book: Portfolio) -> Window:
    last = book.results_as_of or calendar.session_on_or_before(clock.market_today())
    return Window(calendar.shift(last, 1 - COMPLETE_SESSIONS), last)


def histories(
    lots: Sequence[ValuedLot], window: Window, *, symbols: Iterable[str] = ()
) -> tuple[list[LotHistory], Mapping[str, int]]:
    """The history of every lot in the order given, and the price days of further symbols, in one query.

    Symbols without any price are there with 0.
    """
    further = list(symbols)
    held = {lot.security_id for lot in lots if lot.security_id is not None}
    found = price_days(held, window.first, window.last, symbols=further)
    by_security = {row.security_id: row for row in found}
    by_symbol = {row.symbol: row.days for row in found}
    return (
        [_history(lot, None if lot.security_id is None else by_security.get(lot.security_id), window) for lot in lots],
        {symbol: by_symbol.get(symbol, 0) for symbol in further},
    )


def _history(lot: ValuedLot, row: PriceDays | None, window: Window) -> LotHistory:
    follows = lot.underlying or lot.symbol
    if row is None or row.first is None:
        return LotHistory(lot.symbol, follows, 0, young=False)
    since = calendar.sessions_between(row.first, window.last) + 1
    return LotHistory(lot.symbol, follows, row.days, young=row.days >= since)
