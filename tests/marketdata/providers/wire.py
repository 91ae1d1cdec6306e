"""Answers in the wire formats of the sources, made of a few rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")

# date, open, high, low, close, volume
Row = tuple[str, float | None, float | None, float | None, float | None, float | None]
FIELDS = ("open", "high", "low", "close", "volume")


def epoch(day: str, time: dt.time = dt.time(9, 30)) -> int:
    return int(dt.datetime.combine(dt.date.fromisoformat(day), time, NEW_YORK).timestamp())


def flat(days: Sequence[str], close: float = 100.0, volume: float = 1000.0) -> list[Row]:
    return [(day, close, close, close, close, volume) for day in days]


def yahoo_chart(
    symbol: str,
    rows: Sequence[Row],
    *,
    splits: Mapping[str, tuple[float, float]] | None = None,
    dividends: Mapping[str, float] | None = None,
    gains: Mapping[str, float] | None = None,
    currency: str = "USD",
    kind: str = "EQUITY",
) -> dict[str, Any]:
    """v8/finance/chart: one symbol's daily bars and events."""
    events: dict[str, Any] = {
        "splits": {
            str(epoch(day)): {"date": epoch(day), "numerator": new, "denominator": old, "splitRatio": f"{new}:{old}"}
            for day, (new, old) in (splits or {}).items()
        },
        "dividends": {
            str(epoch(day)): {"date": epoch(day), "amount": amount} for day, amount in (dividends or {}).items()
        },
        "capitalGains": {
            str(epoch(day)): {"date": epoch(day), "amount": amount} for day, amount in (gains or {}).items()
        },
    }
    columns = {name: [row[i + 1] for row in rows] for i, name in enumerate(FIELDS)}
    result = {
        "meta": {
            "currency": currency,
            "symbol": symbol,
            "instrumentType": kind,
            "exchangeTimezoneName": "America/New_York",
            "timezone": "EST",
            "gmtoffset": -18000,
            "validRanges": ["1d", "max"],
            "priceHint": 2,
        },
        "timestamp": [epoch(row[0]) for row in rows],
        "events": events,
        "indicators": {"quote": [columns], "adjclose": [{"adjclose": columns["close"]}]},
    }
    return {"chart": {"result": [result], "error": None}}


def yahoo_empty_chart(symbol: str) -> dict[str, Any]:
    """A chart without a single bar: no timestamps, an empty quote."""
    chart = yahoo_chart(symbol, [])
    del chart["chart"]["result"][0]["timestamp"]
    chart["chart"]["result"][0]["indicators"] = {"quote": [{}], "adjclose": [{}]}
    return chart


def yahoo_summary(symbol: str, **modules: Any) -> dict[str, Any]:
    """v10/finance/quoteSummary."""
    kind = {"quoteType": {"symbol": symbol, "quoteType": "EQUITY"}}
    return {"quoteSummary": {"result": [kind | modules], "error": None}}


def yahoo_options(
    underlying: str, lines: Sequence[dict[str, Any]], *, session: str, expirations: Sequence[str] = ()
) -> dict[str, Any]:
    """v7/finance/options: `lines` are put among calls or puts by their OCC symbol."""
    midnight = [int(dt.datetime.fromisoformat(f"{day}T00:00:00+00:00").timestamp()) for day in expirations]
    sides: dict[str, list[dict[str, Any]]] = {"calls": [], "puts": []}
    for line in lines:
        sides["calls" if line["contractSymbol"][-9] == "C" else "puts"].append(line)
    result = {
        "underlyingSymbol": underlying,
        "expirationDates": midnight,
        "quote": {"symbol": underlying, "regularMarketTime": epoch(session, dt.time(16, 0))},
        "options": [{"expirationDate": midnight[0] if midnight else 0, **sides}],
    }
    return {"optionChain": {"result": [result], "error": None}}


def yahoo_series(symbol: str, prefix: str, values: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """ws/fundamentals-timeseries: {field: {period end: value}}."""
    result = [
        {
            "meta": {"symbol": [symbol], "type": [f"{prefix}{name}"]},
            "timestamp": [0] * len(points),
            f"{prefix}{name}": [
                {"asOfDate": day, "currencyCode": "USD", "reportedValue": {"raw": value, "fmt": str(value)}}
                for day, value in points.items()
            ],
        }
        for name, points in values.items()
    ]
    return {"timeseries": {"result": result, "error": None}}


def fmp_rows(symbol: str, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """stable/historical-price-eod/full: newest first."""
    bars = [{"symbol": symbol, "date": row[0], **dict(zip(FIELDS, row[1:], strict=True))} for row in rows]
    return bars[::-1]


def polygon_bars(ticker: str, rows: Sequence[Row], *, adjusted: bool = False) -> dict[str, Any]:
    """v2/aggs: the day's midnight in New York, in milliseconds."""
    letters = dict(zip(FIELDS, "ohlcv", strict=True))
    bars = [
        {letters[name]: value for name, value in zip(FIELDS, row[1:], strict=True)}
        | {"t": epoch(row[0], dt.time()) * 1000}
        for row in rows
    ]
    return {"ticker": ticker, "adjusted": adjusted, "resultsCount": len(bars), "results": bars, "status": "OK"}


def polygon_snapshot(ticker: str, session: str, **parts: Any) -> dict[str, Any]:
    """One contract of v3/snapshot/options, as of the close of `session`."""
    nanoseconds = epoch(session, dt.time()) * 1_000_000_000
    quote_time = epoch(session, dt.time(16, 0)) * 1_000_000_000
    day = {"close": 5.0, "volume": 10, "last_updated": nanoseconds} | parts.pop("day", {})
    quote = {"bid": 4.9, "ask": 5.1, "last_updated": quote_time} | parts.pop("last_quote", {})
    return {
        "details": {"ticker": ticker},
        "day": day,
        "last_quote": quote,
        "implied_volatility": 0.25,
        "open_interest": 100,
    } | parts


def fred_observations(values: Mapping[str, str]) -> dict[str, Any]:
    """series/observations."""
    observations = [
        {"realtime_start": "2026-01-01", "realtime_end": "2026-01-01", "date": day, "value": value}
        for day, value in values.items()
    ]
    return {"count": len(observations), "offset": 0, "limit": 100_000, "observations": observations}
