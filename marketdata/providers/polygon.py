"""Polygon: listed options (contracts, snapshots, daily aggregates), and raw stock prices where its plan covers them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import requests

from marketdata.providers.adjustments import split_event
from marketdata.providers.base import (
    Capability,
    DividendEvent,
    OptionContractTerms,
    OptionQuoteRow,
    Outcome,
    PriceAnswer,
    Provider,
    ProviderError,
    SplitEvent,
    SymbolHistory,
)
from marketdata.providers.option_rows import quote_row
from marketdata.providers.per_symbol import as_failures, ask_each
from marketdata.providers.symbols import parse_occ, polygon_symbol
from marketdata.providers.transport import JsonClient, Limiter, RetryPolicy
from marketdata.providers.values import integer, iso_date, market_date, number, positive, real, text

PROVIDER = "polygon"
OPTIONS = frozenset({Capability.OPTION_CHAIN, Capability.OPTION_QUOTES})
_MOST_PAGES = 200
# Up to this many contracts of an underlying are asked for one by one, more through the chain between their terms.
_SINGLY = 3


class PolygonProvider(Provider):
    """Polygon's REST interface. Aggregates are asked for unadjusted, so that prices come as traded.

    Parameters
    ----------
    capabilities : what the source is used for; options alone unless said otherwise. Prices are understood too.
    """

    name = PROVIDER
    over_http = True

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str = "https://api.polygon.io",
        timeout: float = 20.0,
        limiter: Limiter | None = None,
        session: requests.Session | None = None,
        retry: RetryPolicy | None = None,
        workers: int = 4,
        capabilities: frozenset[Capability] = OPTIONS,
    ) -> None:
        self._client = JsonClient(
            PROVIDER, base_url, api_key=api_key, timeout=timeout, limiter=limiter, session=session, retry=retry
        )
        self._workers = workers
        self.capabilities = capabilities

    def prices(self, symbols: Sequence[str], start: dt.date, end: dt.date) -> PriceAnswer:
        histories, errors = ask_each(symbols, lambda symbol: self._history(symbol, start, end), workers=self._workers)
        return PriceAnswer(histories, as_failures(errors), errors)

    def option_chain(self, underlying: str, as_of: dt.date) -> tuple[OptionContractTerms, ...]:
        params: dict[str, str | int] = {
            "underlying_ticker": polygon_symbol(underlying),
            "as_of": as_of.isoformat(),
            "expiration_date.gte": as_of.isoformat(),
            "limit": 1000,
        }
        found = {}
        for row in self._results("/v3/reference/options/contracts", params):
            terms = _terms(row, underlying)
            if terms is not None:
                found[terms.symbol] = terms
        if not found:
            raise ProviderError(self.name, Outcome.EMPTY, f"no contracts on {underlying}", http_status=200)
        return tuple(sorted(found.values(), key=lambda terms: (terms.expiration, terms.strike, terms.option_type)))

    def option_quotes(
        self, contracts: Sequence[OptionContractTerms], start: dt.date, end: dt.date
    ) -> tuple[OptionQuoteRow, ...]:
        """The latest session from snapshots (with bid, ask, volatility), earlier ones from daily aggregates."""
        rows: dict[tuple[str, dt.date], OptionQuoteRow] = {}
        errors: list[ProviderError] = []
        if start < end:
            history, failed = ask_each(
                [contract.symbol for contract in contracts],
                lambda symbol: self._bars(f"O:{symbol}", start, end),
                workers=self._workers,
            )
            errors += failed.values()
            rows.update(self._closes(contracts, history))
        by_underlying: dict[str, list[OptionContractTerms]] = defaultdict(list)
        for contract in contracts:
            by_underlying[contract.underlying].append(contract)
        snapshots, failed = ask_each(
            list(by_underlying), lambda underlying: self._snapshots(underlying, by_underlying[underlying])
        )
        errors += failed.values()
        for row in (row for found in snapshots.values() for row in found if start <= row.session <= end):
            rows[row.symbol, row.session] = row
        if not rows:
            nothing = ProviderError(self.name, Outcome.EMPTY, "no quotes of these contracts in these sessions")
            raise next(iter(errors), nothing)
        return tuple(rows[key] for key in sorted(rows))

    def _history(self, symbol: str, start: dt.date, end: dt.date) -> SymbolHistory:
        asked = polygon_symbol(symbol)
        bars = self._bars(asked, start, end)
        if not bars:
            raise ProviderError(self.name, Outcome.EMPTY, f"no rows of {symbol} in the window", http_status=200)
        letters = {"open": "o", "high": "h", "low": "l", "close": "c", "volume": "v"}
        columns: dict[str, Any] = {
            name: np.array([real(bar.get(letter)) for _, bar in bars]) for name, letter in letters.items()
        }
        return SymbolHistory(
            symbol,
            self.name,
            np.array([day for day, _ in bars], dtype="datetime64[D]"),
            **columns,
            splits=tuple(self._splits(asked, start, end)),
            dividends=tuple(self._dividends(asked, start, end)),
        )

    def _bars(self, ticker: str, start: dt.date, end: dt.date) -> list[tuple[dt.date, dict[str, Any]]]:
        """Unadjusted daily bars with their dates, oldest first."""
        path = f"/v2/aggs/ticker/{ticker}/range/1/day/{start.isoformat()}/{end.isoformat()}"
        bars = []
        for bar in self._results(path, {"adjusted": "false", "sort": "asc", "limit": 50_000}, about=ticker):
            instant = number(bar.get("t"))
            if instant is None:
                raise ProviderError(self.name, Outcome.MALFORMED, f"{ticker}: a bar without a time", http_status=200)
            bars.append((market_date(float(instant) / 1000), bar))
        return sorted((item for item in bars if start <= item[0] <= end), key=lambda item: item[0])

    def _closes(
        self, contracts: Sequence[OptionContractTerms], history: dict[str, list[tuple[dt.date, dict[str, Any]]]]
    ) -> Iterator[tuple[tuple[str, dt.date], OptionQuoteRow]]:
        for contract in contracts:
            for day, bar in history.get(contract.symbol, []):
                row = quote_row(contract, day, self.name, last=bar.get("c"), volume=bar.get("v"))
                if row is not None:
                    yield (contract.symbol, day), row

    def _splits(self, asked: str, start: dt.date, end: dt.date) -> Iterator[SplitEvent]:
        params = {"ticker": asked, "execution_date.gte": start.isoformat(), "execution_date.lte": end.isoformat()}
        for day, row in self._actions("/v3/reference/splits", params, asked, "execution_date", start, end):
            try:
                yield split_event(day, real(row.get("split_to")), real(row.get("split_from")))
            except ValueError as error:
                raise ProviderError(self.name, Outcome.MALFORMED, f"{asked}: {error}", http_status=200) from None

    def _dividends(self, asked: str, start: dt.date, end: dt.date) -> Iterator[DividendEvent]:
        params = {"ticker": asked, "ex_dividend_date.gte": start.isoformat(), "ex_dividend_date.lte": end.isoformat()}
        for day, row in self._actions("/v3/reference/dividends", params, asked, "ex_dividend_date", start, end):
            amount = positive(row.get("cash_amount"))
            if amount is not None:
                # SC is a special cash dividend, LT and ST are capital gains a fund distributes.
                special = row.get("dividend_type") in ("SC", "LT", "ST")
                yield DividendEvent(day, amount, "special" if special else "regular")

    def _actions(
        self, path: str, params: dict[str, str], asked: str, date_field: str, start: dt.date, end: dt.date
    ) -> list[tuple[dt.date, dict[str, Any]]]:
        dated = []
        for row in self._results(path, {**params, "limit": 1000}):
            day = iso_date(row.get(date_field))
            if day is None:
                raise ProviderError(self.name, Outcome.MALFORMED, f"{asked}: a row without a date", http_status=200)
            if row.get("ticker") == asked and start <= day <= end:
                dated.append((day, row))
        return sorted(dated, key=lambda item: item[0])

    def _snapshots(self, underlying: str, contracts: Sequence[OptionContractTerms]) -> list[OptionQuoteRow]:
        asked = polygon_symbol(underlying)
        path = f"/v3/snapshot/options/{asked}"
        wanted = {f"O:{contract.symbol}": contract for contract in contracts}
        rows: list[OptionQuoteRow | None] = []
        if len(wanted) <= _SINGLY:
            answers, errors = ask_each(list(wanted), lambda ticker: self._object(f"{path}/{ticker}"))
            if errors and not answers:
                raise next(iter(errors.values()))
            rows = [_quote(snapshot, wanted, self.name) for snapshot in answers.values()]
        else:
            strikes = [contract.strike for contract in contracts]
            days = [contract.expiration for contract in contracts]
            params: dict[str, str | int] = {
                "strike_price.gte": str(min(strikes)),
                "strike_price.lte": str(max(strikes)),
                "expiration_date.gte": min(days).isoformat(),
                "expiration_date.lte": max(days).isoformat(),
                "limit": 250,
            }
            rows = [_quote(snapshot, wanted, self.name) for snapshot in self._results(path, params)]
        return [row for row in rows if row is not None]

    def _check_bars(self, asked: str, answer: dict[str, Any]) -> None:
        answered = text(answer.get("ticker"))
        if answered not in (None, asked):
            message = f"asked for {asked}, answered for {answered}"
            raise ProviderError(self.name, Outcome.MALFORMED, message, http_status=200)
        # Contracts are never adjusted: after a split they go on under new terms.
        if answer.get("adjusted") is True and not asked.startswith("O:"):
            message = f"{asked}: adjusted bars in answer to a request for unadjusted ones"
            raise ProviderError(self.name, Outcome.MALFORMED, message, http_status=200)

    def _object(self, path: str) -> dict[str, Any]:
        answer = self._client.get(path)
        found = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(found, dict):
            raise ProviderError(self.name, Outcome.MALFORMED, f"{path}: no results in the answer", http_status=200)
        return found

    def _results(
        self, path: str, params: dict[str, str | int], *, about: str | None = None
    ) -> Iterator[dict[str, Any]]:
        """The rows of all pages. `next_url` names Polygon's own host; only its path and cursor are followed."""
        seen = set()
        for _ in range(_MOST_PAGES):
            answer = self._client.get(path, params)
            rows = (answer.get("results") or []) if isinstance(answer, dict) else None
            if not isinstance(rows, list):
                raise ProviderError(self.name, Outcome.MALFORMED, f"{path}: no list of results", http_status=200)
            if about is not None:
                self._check_bars(about, answer)
            yield from (row for row in rows if isinstance(row, dict))
            following = text(answer.get("next_url"))
            if following is None:
                return
            if following in seen:
                raise ProviderError(self.name, Outcome.MALFORMED, f"{path}: pages in a circle", http_status=200)
            seen.add(following)
            parts = urlsplit(following)
            path, params = parts.path, dict(parse_qsl(parts.query))
        raise ProviderError(self.name, Outcome.MALFORMED, f"{path}: more than {_MOST_PAGES} pages", http_status=200)


def _terms(row: dict[str, Any], underlying: str) -> OptionContractTerms | None:
    """Terms out of a reference row; None for contracts of other sizes (adjusted ones) and unreadable rows."""
    parsed = parse_occ(str(row.get("ticker", "")), underlying)
    strike, expiration = positive(row.get("strike_price")), iso_date(row.get("expiration_date"))
    option_type = str(row.get("contract_type", "")).upper()
    style = str(row.get("exercise_style", "american")).lower()
    if parsed is None or strike is None or expiration is None or option_type not in ("CALL", "PUT"):
        return None
    if integer(row.get("shares_per_contract", 100)) != 100:
        return None
    return OptionContractTerms(parsed.symbol, underlying, option_type, Decimal(strike), expiration, style)


def _quote(snapshot: dict[str, Any], wanted: dict[str, OptionContractTerms], source: str) -> OptionQuoteRow | None:
    """One snapshot as a quote of the newest session it shows; its close counts only if it is of that session."""
    contract = wanted.get(str((snapshot.get("details") or {}).get("ticker", "")))
    day, quote = snapshot.get("day") or {}, snapshot.get("last_quote") or {}
    traded, quoted = _nanosecond_date(day.get("last_updated")), _nanosecond_date(quote.get("last_updated"))
    sessions = [session for session in (traded, quoted) if session is not None]
    if contract is None or not sessions:
        return None
    session = max(sessions)
    is_current = traded == session
    return quote_row(
        contract,
        session,
        source,
        bid=quote.get("bid") if quoted == session else None,
        ask=quote.get("ask") if quoted == session else None,
        last=day.get("close") if is_current else None,
        implied_volatility=snapshot.get("implied_volatility"),
        volume=day.get("volume") if is_current else None,
        open_interest=snapshot.get("open_interest"),
    )


def _nanosecond_date(value: Any) -> dt.date | None:
    instant = positive(value)
    return None if instant is None else market_date(float(instant) / 1e9)
