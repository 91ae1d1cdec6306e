"""Prices as they are stored: of what a portfolio holds, of symbols, of the factors' funds."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from analytics.services.factor_funds import FUNDS
from assistant.tools.arguments import Choice, Flag, Many, Symbol, Whole
from assistant.tools.figures import best_first, known, percent, percent_of, price, rounded
from assistant.tools.registry import PORTFOLIO, Call, tool
from assistant.tools.results import Finding
from marketdata.services.quotes import Quote, newest_quotes
from marketdata.services.securities import STYLE_FUNDS
from marketdata.services.series import PriceSeries, newest_session, price_series
from portfolios.services.holdings import held_symbols
from sigmasight.core.clock import NEW_YORK

MOST_SYMBOLS = 5
LOOKBACK = Whole("lookback_days", "Calendar days back from the newest session.", default=90, least=1, most=180)
SPANS = {"1_session": 1, "5_sessions": 5, "21_sessions": 21}


@tool(
    purpose="Daily prices of what a portfolio holds, split-adjusted, with the change over the window. Name `symbols` to see more "
    "days of fewer holdings.",
    returns="per symbol: first and last close, change_pct, high and low close, source, bars (date, open, high, low, close, "
    "volume), newest first",
    source="GET /data/prices/historical/{id}: price_series",
    arguments=(
        PORTFOLIO,
        LOOKBACK,
        Flag("include_factor_etfs", "Whether the factors' funds are added.", default=False),
        Many("symbols", "Only these of the holdings.", one=Symbol("symbol", "A symbol."), most=MOST_SYMBOLS),
    ),
)
def get_prices_historical(call: Call) -> Finding:
    last = call.book.results_as_of or newest_session()
    first = last - dt.timedelta(days=call["lookback_days"])
    held = {*held_symbols(call.book.pk), *(STYLE_FUNDS if call["include_factor_etfs"] else ())}
    wanted = held & set(call["symbols"]) if call["symbols"] else held
    found = price_series(wanted, first, last)
    data = {
        "from": first,
        "to": last,
        "symbols": [_history(series) for series in found.values()],
        "without_prices": sorted(wanted - set(found)),
    }
    unheld = sorted(set(call["symbols"] or ()) - held)
    notes = (f"Not held, so not shown: {', '.join(unheld)}.",) if unheld else ()
    return Finding(data, last, notes)


def _history(series: PriceSeries) -> dict[str, Any]:
    bars = zip(series.days.tolist(), series.open, series.high, series.low, series.close, series.volume, strict=True)
    return {
        "symbol": series.symbol,
        "source": series.source,
        "first_close": price(series.close[0]),
        "last_close": price(series.close[-1]),
        "last_date": series.days[-1].item(),
        "change_pct": percent_of(series.close[-1] / series.close[0] - 1),
        **{f"change_pct_{name}": change(series, sessions) for name, sessions in SPANS.items()},
        "highest_close": price(series.close.max()),
        "lowest_close": price(series.close.min()),
        "sessions": len(series.days),
        "bars": [
            {"d": day, "o": price(o), "h": price(h), "l": price(low), "c": price(c), "v": int(volume)}
            for day, o, h, low, c, volume in reversed(list(bars))
        ],
    }


@tool(
    purpose="The newest stored price of up to five symbols, held or not, and its change on the day. It is the close of a session, "
    "not a live price.",
    returns="quotes (symbol, price_usd, change_usd, change_pct, high_usd, low_usd, volume, session, source; bid and ask of option "
    "contracts that have a market), without_prices",
    source="GET /data/prices/quotes: newest_quotes",
    arguments=(
        Many("symbols", "Symbols such as AAPL.", one=Symbol("symbol", "A symbol."), most=MOST_SYMBOLS, required=True),
        Flag("include_options", "Whether OCC option symbols are looked up too.", default=False),
    ),
)
def get_current_quotes(call: Call) -> Finding:
    found = newest_quotes(set(call["symbols"]), include_options=call["include_options"])
    quotes = [quote_row(found[symbol]) for symbol in call["symbols"] if symbol in found]
    missing = [symbol for symbol in call["symbols"] if symbol not in found]
    data = {"quotes": quotes, "without_prices": missing}
    return Finding(data, max((row["session"] for row in quotes), default=None))


def quote_row(quote: Quote) -> dict[str, Any]:
    """A quote; bid and ask only where a market made them."""
    return known(
        {
            "symbol": quote.symbol,
            "price_usd": price(quote.price),
            "change_usd": price(quote.change),
            "change_pct": percent(quote.change_percent),
            "high_usd": price(quote.high),
            "low_usd": price(quote.low),
            "bid_usd": price(quote.bid) if quote.is_quoted else None,
            "ask_usd": price(quote.ask) if quote.is_quoted else None,
            "volume": quote.volume,
            "session": quote.at.astimezone(NEW_YORK).date(),
            "source": quote.source,
        }
    )


@tool(
    purpose="How the funds behind the style factors (market, value, growth, momentum, quality, size, low volatility) have done: "
    "which styles are working.",
    returns="funds (factor, symbol, price_usd, date, change_pct over 1, 5, 21 sessions and the window, ahead_of_market_pct over "
    "the window), best first",
    source="GET /data/factors/etf-prices: factor funds, price_series",
    arguments=(
        LOOKBACK,
        Many("factors", "Only these.", one=Choice("factor", "A factor.", words=tuple(FUNDS)), most=len(FUNDS)),
    ),
)
def get_factor_etf_prices(call: Call) -> Finding:
    last = newest_session()
    found = price_series(set(FUNDS.values()), last - dt.timedelta(days=call["lookback_days"]), last)
    market = found.get(FUNDS["Market Beta"])
    rows = [
        _fund(name, found[symbol], market)
        for name, symbol in FUNDS.items()
        if symbol in found and (not call["factors"] or name in call["factors"])
    ]
    rows.sort(key=lambda row: best_first(row["change_pct_window"]))
    return Finding({"funds": rows}, last)


def _fund(factor: str, series: PriceSeries, market: PriceSeries | None) -> dict[str, Any]:
    whole = change(series, len(series.close) - 1)
    beside = None if market is None else change(market, len(market.close) - 1)
    return {
        "factor": factor,
        "symbol": series.symbol,
        "price_usd": price(series.close[-1]),
        "date": series.days[-1].item(),
        **{f"change_pct_{name}": change(series, sessions) for name, sessions in SPANS.items()},
        "change_pct_window": whole,
        "ahead_of_market_pct": None if whole is None or beside is None else rounded(whole - beside, 2),
        "source": series.source,
    }


def change(series: PriceSeries, sessions: int) -> float | None:
    """Percent over the last sessions; None with too few."""
    if sessions < 1 or len(series.close) <= sessions:
        return None
    before = series.close[-1 - sessions]
    return percent_of(series.close[-1] / before - 1) if before and not np.isnan(before) else None
