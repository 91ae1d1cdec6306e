"""A source with a fixed stock, to look at the chain alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from marketdata.providers.base import (
    Capability,
    OptionContractTerms,
    OptionQuoteRow,
    Outcome,
    PriceAnswer,
    Profile,
    ProfileAnswer,
    Provider,
    ProviderError,
    Statements,
    SymbolHistory,
    YieldPoint,
)
from marketdata.providers.chain import ProviderChain
from marketdata.providers.per_symbol import as_failures
from marketdata.providers.requests_log import RequestRecord
from marketdata.providers.sources import Source
from marketdata.providers.symbols import parse_occ

START, END = dt.date(2025, 11, 13), dt.date(2025, 11, 18)
DAYS = ["2025-11-13", "2025-11-14"]


class Log(list[RequestRecord]):
    """A recorder that keeps everything."""

    def __call__(self, record: RequestRecord) -> None:
        self.append(record)


class Shelf:
    """What is in stock it brings, what is lacking it says why."""

    def __init__(
        self,
        name: str,
        stock: Sequence[str] = (),
        lacking: Outcome | ProviderError = Outcome.NOT_FOUND,
        capabilities: frozenset[Capability] = frozenset(Capability),
    ) -> None:
        self.name = name
        self.capabilities = capabilities
        self.stock = set(stock)
        self.lacking = lacking
        self.asked: list[list[str]] = []

    def _errors(self, keys: Sequence[str]) -> dict[str, ProviderError]:
        self.asked.append(list(keys))
        lacking = self.lacking
        error = lacking if isinstance(lacking, ProviderError) else ProviderError(self.name, lacking, "not on the shelf")
        return {key: error for key in keys if key not in self.stock}

    def prices(self, symbols: Sequence[str], start: dt.date, end: dt.date) -> PriceAnswer:
        errors = self._errors(symbols)
        days, column = np.array(DAYS, dtype="datetime64[D]"), np.full(2, 100.0)
        found = {
            symbol: SymbolHistory(symbol, self.name, days, column, column, column, column, column)
            for symbol in symbols
            if symbol in self.stock
        }
        return PriceAnswer(found, as_failures(errors), errors)

    def profiles(self, symbols: Sequence[str], as_of: dt.date) -> ProfileAnswer:
        errors = self._errors(symbols)
        found = {s: Profile(s, self.name, as_of, {"sector": "Energy"}) for s in symbols if s in self.stock}
        return ProfileAnswer(found, errors)

    def fundamentals(self, symbol: str, as_of: dt.date) -> Statements:
        for error in self._errors([symbol]).values():
            raise error
        return Statements(symbol, self.name, income=({"total_revenue": 1},))

    def option_chain(self, underlying: str, as_of: dt.date) -> tuple[OptionContractTerms, ...]:
        for error in self._errors([underlying]).values():
            raise error
        return (contract(underlying),)

    def option_quotes(
        self, contracts: Sequence[OptionContractTerms], start: dt.date, end: dt.date
    ) -> tuple[OptionQuoteRow, ...]:
        symbols = [terms.symbol for terms in contracts]
        self._errors(symbols)
        return tuple(OptionQuoteRow(s, start, self.name, last=Decimal(1)) for s in symbols if s in self.stock)

    def treasury_yields(self, series_ids: Sequence[str], start: dt.date, end: dt.date) -> tuple[YieldPoint, ...]:
        self._errors(series_ids)
        return tuple(YieldPoint(s, start, Decimal(4), self.name) for s in series_ids if s in self.stock)


def contract(underlying: str, strike: int = 100) -> OptionContractTerms:
    terms = parse_occ(f"{underlying}271217C{strike:05d}000", underlying)
    assert terms is not None
    return terms


def chained(*providers: Provider, log: Log | None = None, **options: Any) -> ProviderChain:
    recorder = Log() if log is None else log
    return ProviderChain([Source(provider) for provider in providers], recorder=recorder, **options)


def ask(chain: ProviderChain, *symbols: str) -> PriceAnswer:
    return chain.prices(symbols, START, END)
