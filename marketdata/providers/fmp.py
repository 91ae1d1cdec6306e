"""Financial Modeling Prep: daily prices, splits, dividends and profiles."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import requests

from marketdata.providers.adjustments import as_traded, split_event, window
from marketdata.providers.base import (
    Capability,
    DividendEvent,
    Outcome,
    PriceAnswer,
    Profile,
    ProfileAnswer,
    Provider,
    ProviderError,
    SplitEvent,
    SymbolHistory,
)
from marketdata.providers.per_symbol import as_failures, ask_each
from marketdata.providers.symbols import yahoo_symbol
from marketdata.providers.transport import JsonClient, Limiter, RetryPolicy, excerpt
from marketdata.providers.values import integer, iso_date, known, number, positive, real, text
from marketdata.providers.wall_clock import profile_day, request_day

PROVIDER = "fmp"
Api = Literal["stable", "v3"]
_PATHS: dict[Api, dict[str, str]] = {
    "stable": {
        "prices": "/stable/historical-price-eod/full",
        "splits": "/stable/splits",
        "dividends": "/stable/dividends",
        "profile": "/stable/profile",
    },
    "v3": {
        "prices": "/api/v3/historical-price-full/{symbol}",
        "splits": "/api/v3/historical-price-full/stock_split/{symbol}",
        "dividends": "/api/v3/historical-price-full/stock_dividend/{symbol}",
        "profile": "/api/v3/profile/{symbol}",
    },
}


class FmpProvider(Provider):
    """FMP, three requests per symbol for prices: bars, splits, dividends.

    A symbol whose splits or dividends cannot be had counts as failed: its closes could not be put back on the traded
    scale, or its income would be lost without a word.

    Parameters
    ----------
    api : "stable" or the older "v3", whose answers wrap their rows in an object; both shapes are read with either.
    """

    name = PROVIDER
    over_http = True
    capabilities = frozenset({Capability.PRICES, Capability.PROFILES})

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str = "https://financialmodelingprep.com",
        api: Api = "stable",
        timeout: float = 20.0,
        limiter: Limiter | None = None,
        session: requests.Session | None = None,
        retry: RetryPolicy | None = None,
        workers: int = 4,
        today: Callable[[], dt.date] = request_day,
    ) -> None:
        self._client = JsonClient(
            PROVIDER,
            base_url,
            api_key=api_key,
            key_parameter="apikey",
            timeout=timeout,
            limiter=limiter,
            session=session,
            retry=retry,
        )
        self._paths = _PATHS[api]
        self._workers = workers
        self._today = today

    def prices(self, symbols: Sequence[str], start: dt.date, end: dt.date) -> PriceAnswer:
        histories, errors = ask_each(symbols, lambda symbol: self._history(symbol, start, end), workers=self._workers)
        return PriceAnswer(histories, as_failures(errors), errors)

    def profiles(self, symbols: Sequence[str], as_of: dt.date) -> ProfileAnswer:
        profiles, errors = ask_each(symbols, lambda symbol: self._profile(symbol, as_of), workers=self._workers)
        return ProfileAnswer(profiles, errors)

    def _history(self, symbol: str, start: dt.date, end: dt.date) -> SymbolHistory:
        period = {"from": start.isoformat(), "to": end.isoformat()}
        bars = sorted(
            ((day, row) for day, row in self._dated_rows("prices", symbol, period) if start <= day <= end),
            key=lambda item: item[0],
        )
        if not bars:
            raise ProviderError(self.name, Outcome.EMPTY, f"no rows of {symbol} in the window", http_status=200)
        # All of them, whatever the window: later splits have changed the prices inside it as well.
        splits = tuple(self._splits(symbol))
        dividends = self._dividends(symbol)
        columns: dict[str, Any] = {
            name: np.array([real(row.get(name)) for _, row in bars])
            for name in ("open", "high", "low", "close", "volume")
        }
        # Where only the adjusted amount is sent, it is put back like a price; paid amounts need no undoing.
        adjusted = tuple(event for event, is_adjusted in dividends if is_adjusted)
        paid = tuple(event for event, is_adjusted in dividends if not is_adjusted and event.amount > 0)
        days = np.array([day for day, _ in bars], dtype="datetime64[D]")
        raw = as_traded(SymbolHistory(symbol, self.name, days, **columns, splits=splits, dividends=adjusted))
        if not np.isfinite(raw.close).any():
            raise ProviderError(self.name, Outcome.MALFORMED, f"rows of {symbol} without a close", http_status=200)
        events = sorted((*raw.dividends, *paid), key=lambda event: event.ex_date)
        return window(replace(raw, dividends=tuple(events)), start, end)

    def _splits(self, symbol: str) -> list[SplitEvent]:
        events = []
        for day, row in self._dated_rows("splits", symbol):
            if day > self._today():
                continue  # announced, and not yet in the prices
            new, old = real(row.get("numerator")), real(row.get("denominator"))
            try:
                events.append(split_event(day, new, old))
            except ValueError as error:
                raise ProviderError(self.name, Outcome.MALFORMED, f"{symbol}: {error}", http_status=200) from None
        return sorted(events, key=lambda event: event.ex_date)

    def _dividends(self, symbol: str) -> list[tuple[DividendEvent, bool]]:
        """Dividends and whether the amount is still split-adjusted."""
        events = []
        for day, row in self._dated_rows("dividends", symbol):
            paid, adjusted = positive(row.get("dividend")), positive(row.get("adjDividend"))
            amount = paid if paid is not None else adjusted
            if amount is not None and day <= self._today():
                events.append((DividendEvent(day, amount), paid is None))
        return events

    def _dated_rows(
        self, what: str, symbol: str, params: dict[str, str] | None = None
    ) -> list[tuple[dt.date, dict[str, Any]]]:
        """Rows of an answer with their dates; refuses rows of another symbol and rows without a date."""
        rows = self._rows(what, symbol, params)
        dated = []
        for row in rows:
            day = iso_date(row.get("date")) if isinstance(row, dict) else None
            if day is None:
                raise ProviderError(
                    self.name, Outcome.MALFORMED, f"{symbol}: a row of {what} without a date", http_status=200
                )
            dated.append((day, row))
        return dated

    def _rows(self, what: str, symbol: str, params: dict[str, str] | None = None) -> list[Any]:
        asked = yahoo_symbol(symbol)
        path = self._paths[what]
        query = dict(params or {})
        if "{symbol}" in path:
            path = path.format(symbol=asked)
        else:
            query["symbol"] = asked
        answer = self._client.get(path, query)
        if answer == {} and what in ("splits", "dividends"):
            return []
        if isinstance(answer, dict):
            if not isinstance(answer.get("historical"), list):
                raise self._no_rows(symbol, what, answer)
            self._same_symbol(asked, answer.get("symbol"))
            answer = answer["historical"]
        if not isinstance(answer, list):
            raise ProviderError(self.name, Outcome.MALFORMED, f"{symbol}: {what} are not a list", http_status=200)
        for row in answer:
            self._same_symbol(asked, row.get("symbol") if isinstance(row, dict) else None)
        return answer

    def _no_rows(self, symbol: str, what: str, answer: dict[str, Any]) -> ProviderError:
        """FMP says in an object what is wrong, also with status 200; an empty object means an unknown symbol."""
        message = next((str(value) for key, value in answer.items() if "error" in key.lower()), "")
        if not answer:
            return ProviderError(self.name, Outcome.EMPTY, f"no {what} of {symbol}", http_status=200)
        if "limit" in message.lower():
            return ProviderError(self.name, Outcome.RATE_LIMITED, excerpt(message), http_status=200)
        if "api key" in message.lower() or "subscription" in message.lower():
            return ProviderError(self.name, Outcome.UNAUTHORIZED, excerpt(message), http_status=200)
        return ProviderError(
            self.name, Outcome.MALFORMED, f"{symbol}: {what} without rows. {excerpt(message)}".strip(), http_status=200
        )

    def _same_symbol(self, asked: str, answered: object) -> None:
        if isinstance(answered, str) and answered.upper() != asked:
            raise ProviderError(
                self.name, Outcome.MALFORMED, f"asked for {asked}, answered for {answered}", http_status=200
            )

    def _profile(self, symbol: str, as_of: dt.date) -> Profile:
        rows = self._rows("profile", symbol)
        if not rows or not isinstance(rows[0], dict):
            raise ProviderError(self.name, Outcome.EMPTY, f"no profile of {symbol}", http_status=200)
        return Profile(symbol, self.name, profile_day(as_of, self._today()), _profile_values(rows[0]))


def _profile_values(row: dict[str, Any]) -> dict[str, object]:
    """Columns of `CompanyProfile` in FMP's words; stable and v3 name some of them differently."""
    price = positive(row.get("price"))
    dividend = number(row.get("lastDividend", row.get("lastDiv")))
    low, high = _range(row.get("range"))
    return known(
        {
            "company_name": text(row.get("companyName"), 255),
            "sector": text(row.get("sector"), 64),
            "industry": text(row.get("industry"), 64),
            "exchange": text(row.get("exchange", row.get("exchangeShortName")), 64),
            "country": text(row.get("country"), 64),
            "market_cap": positive(row.get("marketCap", row.get("mktCap"))),
            "description": text(row.get("description"), 1000),
            "is_etf": row.get("isEtf") if isinstance(row.get("isEtf"), bool) else None,
            "is_fund": row.get("isFund") if isinstance(row.get("isFund"), bool) else None,
            "ceo": text(row.get("ceo"), 255),
            "employees": integer(row.get("fullTimeEmployees")),
            "website": text(row.get("website"), 255),
            "beta": number(row.get("beta")),
            "dividend_yield": dividend / price if price and dividend is not None and dividend >= 0 else None,
            "week_52_low": low,
            "week_52_high": high,
        }
    )


def _range(value: Any) -> tuple[object, object]:
    """Low and high out of "164.08-260.1"."""
    parts = value.split("-") if isinstance(value, str) else []
    low, high = (real(part) for part in parts) if len(parts) == 2 else (math.nan, math.nan)
    return (number(low), number(high)) if low <= high else (None, None)
