"""Daily bars of securities over a range of days, as a chart wants them: split-adjusted, without holes in a bar."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from marketdata import calendar
from marketdata.models import DailyPrice
from sigmasight.core import clock
from sigmasight.core.bulk import read_columns

Floats = NDArray[np.float64]
PRICE_DECIMALS = 6

EPOCH = np.datetime64("1970-01-01", "D")

# One row a security with its bars as arrays: thirty rows to read instead of thousands.
BARS = """
    SELECT s.symbol, b.source, b.days, b.open, b.high, b.low, b.close, b.volume,
           greatest(coalesce(h.first_session, 0), %(low)s) AS first_session,
           h.split_factor[greatest(%(low)s - h.first_session + 1, 1) : %(high)s - h.first_session + 1] AS factor
    FROM securities AS s
    CROSS JOIN LATERAL (
        SELECT array_agg(date - date '1970-01-01') AS days, array_agg(coalesce(open, close)::float8) AS open,
               array_agg(coalesce(high, close)::float8) AS high, array_agg(coalesce(low, close)::float8) AS low,
               array_agg(close::float8) AS close, array_agg(coalesce(volume, 0)) AS volume,
               (array_agg(source))[count(*)] AS source
        FROM (
            SELECT date, open, high, low, close, volume, source FROM daily_prices
            WHERE security_id = s.id AND date BETWEEN %(first)s AND %(last)s AND quality = 'ok' ORDER BY date
        ) AS sorted
    ) AS b
    LEFT JOIN price_histories AS h ON h.security_id = s.id
    WHERE s.symbol = ANY(%(symbols)s) AND b.days IS NOT NULL ORDER BY s.symbol
"""


@dataclass(frozen=True)
class PriceSeries:
    """Bars of one security, (T,) each, ascending: `days` datetime64[D], prices in dollars per share, `volume` in shares.

    Prices and volumes count in the shares of the last day of the range. `source` is that of the newest bar.
    """

    symbol: str
    source: str
    days: NDArray[np.datetime64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: NDArray[np.int64]


def newest_session() -> dt.date:
    """The last day of which there is any price, today (in New York) at the latest; today without any."""
    today = clock.market_today()
    newest = DailyPrice.objects.filter(date__lte=today).order_by("-date").values_list("date", flat=True).first()
    return newest or today


def price_series(symbols: Collection[str], first: dt.date, last: dt.date) -> dict[str, PriceSeries]:
    """Bars from `first` to `last`, both included, by symbol in alphabetical order; symbols without a bar are left out.

    Suspect prices are left out. A missing open, high or low is the close, a missing volume 0. Splits inside the range are
    undone with the stored factors, dividends and spin-offs are not.
    """
    limits = {
        "symbols": list(symbols),
        "first": first,
        "last": last,
        "low": int(calendar.ordinals_after(np.array([first], dtype="datetime64[D]"))[0]),
        "high": int(calendar.ordinals(np.array([last], dtype="datetime64[D]"))[0]),
    }
    rows = read_columns(BARS, limits)
    return {symbol: _series(rows, place) for place, symbol in enumerate(rows["symbol"])}


def _series(rows: dict[str, NDArray[Any]], place: int) -> PriceSeries:
    days = EPOCH + rows["days"][place]
    scale = _to_last_shares(rows["factor"][place], calendar.ordinals(days) - rows["first_session"][place])
    return PriceSeries(
        symbol=rows["symbol"][place],
        source=rows["source"][place],
        days=days,
        volume=np.rint(rows["volume"][place] / scale).astype(np.int64),
        **{name: np.round(rows[name][place] * scale, PRICE_DECIMALS) for name in ("open", "high", "low", "close")},
    )


def _to_last_shares(factor: Floats | None, places: NDArray[np.int64]) -> Floats:
    """What a price at each place of the factors is multiplied by to count in the shares of the last one."""
    if factor is None or not len(factor):
        return np.ones(len(places))
    return factor[np.clip(places, 0, len(factor) - 1)] / factor[-1]
