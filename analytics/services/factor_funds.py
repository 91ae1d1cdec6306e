"""The newest prices of the funds that stand for the style factors."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

FUNDS = {
    "Market Beta": "SPY", "Value": "VTV", "Growth": "VUG", "Momentum": "MTUM", "Quality": "QUAL", "Size": "IWM",
    "Low Volatility": "USMV",
}  # fmt: skip
NEWEST = """
    SELECT s.symbol, d.close, d.open, d.high, d.low, d.volume, d.date, d.updated_at, d.source, nullif(s.exchange, ''),
           p.market_cap
    FROM securities AS s
    JOIN LATERAL (
        SELECT * FROM daily_prices WHERE security_id = s.id AND quality = 'ok' ORDER BY date DESC LIMIT 1
    ) AS d ON true
    LEFT JOIN company_profiles AS p ON p.security_id = s.id
    WHERE s.symbol = ANY(%(symbols)s)
"""


@dataclass(frozen=True, slots=True)
class FundPrice:
    """The newest usable session of a factor's fund, as traded, dollars; volume in shares, market cap in dollars."""

    factor: str
    symbol: str
    close: Decimal
    open: Decimal | None
    high: Decimal | None
    low: Decimal | None
    volume: int | None
    date: dt.date
    updated_at: dt.datetime
    source: str
    exchange: str | None
    market_cap: Decimal | None


def factor_fund_prices(factors: Collection[str] | None = None) -> list[FundPrice]:
    """The funds of these factors, or of all seven, in the order of `FUNDS`, in one query.

    Names that are no factor, and funds without a price, are left out.
    """
    wanted = {name: symbol for name, symbol in FUNDS.items() if factors is None or name in factors}
    with connection.cursor() as cursor:
        cursor.execute(NEWEST, {"symbols": list(wanted.values())})
        rows = {row[0]: row for row in cursor.fetchall()}
    return [FundPrice(name, *rows[symbol]) for name, symbol in wanted.items() if symbol in rows]
