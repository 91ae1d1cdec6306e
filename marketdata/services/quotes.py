"""The newest price of a security and how it moved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import connection

from marketdata import calendar
from marketdata.services.securities import parse_occ
from sigmasight.core import clock

TICK = 0.01

# A split between the two sessions is no move.
STOCKS = """
    SELECT s.symbol, n.date, n.close::float8, coalesce(n.high, n.close)::float8, coalesce(n.low, n.close)::float8,
           coalesce(n.volume, 0), n.source, NULL::float8, NULL::float8, (b.close / coalesce(r.ratio, 1))::float8
    FROM securities AS s
    CROSS JOIN LATERAL (
        SELECT * FROM daily_prices WHERE security_id = s.id AND date <= %(today)s AND quality = 'ok'
        ORDER BY date DESC LIMIT 1
    ) AS n
    LEFT JOIN LATERAL (
        SELECT date, close FROM daily_prices WHERE security_id = s.id AND date < n.date AND quality = 'ok'
        ORDER BY date DESC LIMIT 1
    ) AS b ON true
    LEFT JOIN LATERAL (
        SELECT exp(sum(ln(ratio))) AS ratio FROM splits
        WHERE security_id = s.id AND kind = 'split' AND ex_date > b.date AND ex_date <= n.date
    ) AS r ON true
    WHERE s.symbol = ANY(%(symbols)s)
"""
CONTRACTS = """
    SELECT s.symbol, n.price_date, n.price::float8, n.price::float8, n.price::float8, coalesce(q.volume, 0), n.price_source,
           q.bid::float8, q.ask::float8, b.price::float8
    FROM securities AS s
    CROSS JOIN LATERAL (
        SELECT * FROM instrument_marks WHERE security_id = s.id AND session <= %(today)s ORDER BY session DESC LIMIT 1
    ) AS n
    LEFT JOIN LATERAL (
        SELECT price FROM instrument_marks WHERE security_id = s.id AND session < n.session ORDER BY session DESC LIMIT 1
    ) AS b ON true
    LEFT JOIN option_quotes AS q ON q.security_id = s.id AND q.session = n.price_date
    WHERE s.symbol = ANY(%(symbols)s)
"""


@dataclass(frozen=True)
class Quote:
    """The end of a security's newest session, dollars per share.

    `bid` and `ask` are those of the option market where known, else a cent around the price. `change` is against the session
    before in today's shares, `change_percent` in percent; both None for the first session. `at` is the session's close.
    `is_quoted` : bid and ask are the market's.
    """

    symbol: str
    price: float
    bid: float
    ask: float
    high: float
    low: float
    volume: int
    source: str
    change: float | None
    change_percent: float | None
    at: dt.datetime
    is_quoted: bool


def newest_quotes(symbols: Collection[str], *, include_options: bool = False) -> dict[str, Quote]:
    """The newest quote of each symbol that has a price; option contracts only where asked for."""
    contracts = [symbol for symbol in symbols if parse_occ(symbol)] if include_options else []
    rows: list[Any] = []
    with connection.cursor() as cursor:
        for statement, wanted in ((STOCKS, list(symbols)), (CONTRACTS, contracts)):
            if wanted:
                cursor.execute(statement, {"symbols": wanted, "today": clock.market_today()})
                rows += cursor.fetchall()
    closes = {day: calendar.close_instant(calendar.session_on_or_before(day)) for day in {row[1] for row in rows}}
    return {row[0]: _quote(row, closes[row[1]]) for row in rows}


def _quote(row: Any, at: dt.datetime) -> Quote:
    symbol, _, price, high, low, volume, source, bid, ask, before = row
    change = None if before is None else round(price - before, 6)
    return Quote(
        symbol=symbol,
        price=price,
        bid=round(max(price - TICK, 0.0), 6) if bid is None else bid,
        ask=round(price + TICK, 6) if ask is None else ask,
        high=high,
        low=low,
        volume=volume,
        source=source,
        change=change,
        change_percent=None if change is None or not before else round(100 * change / before, 4),
        at=at,
        is_quoted=bid is not None and ask is not None,
    )
