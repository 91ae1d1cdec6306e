"""The protocol every market data source speaks, and the plain records it answers with.

A source answers with what it knows and says what it does not: an unknown symbol, an empty answer and an error are all
explicit. Prices are **raw, as traded** on their day; sources that send split-adjusted closes undo the adjustment before
they answer, and say so by the splits they return.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

import numpy as np

# Rows that stand in for a security without prices of its own.
PROXY_SOURCE = "file_proxy"


class Capability(StrEnum):
    """What a source can be asked for."""

    PRICES = "prices"
    PROFILES = "profiles"
    FUNDAMENTALS = "fundamentals"
    ESTIMATES = "estimates"
    OPTION_QUOTES = "option_quotes"
    OPTION_CHAIN = "option_chain"
    TREASURY_YIELDS = "treasury_yields"


class Outcome(StrEnum):
    """How one request to a source ended."""

    OK = "ok"
    EMPTY = "empty"
    NOT_FOUND = "not_found"
    RATE_LIMITED = "rate_limited"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    SERVER_ERROR = "server_error"
    MALFORMED = "malformed"
    UNAUTHORIZED = "unauthorized"
    RESTING = "resting"


class ProviderError(Exception):
    """A request that brought nothing usable. `outcome` says why, `retry_after` (seconds) when to come back."""

    def __init__(
        self,
        provider: str,
        outcome: Outcome,
        message: str,
        *,
        http_status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{provider}: {message}")
        self.provider = provider
        self.outcome = outcome
        self.http_status = http_status
        self.retry_after = retry_after


@dataclass(frozen=True)
class SplitEvent:
    """`ratio` new shares for one old share from the open of `ex_date` on; a spin-off adjusts prices only."""

    ex_date: dt.date
    ratio: Decimal
    kind: str = "split"  # or "spin_off_adjustment"


@dataclass(frozen=True)
class DividendEvent:
    """Cash per share as paid, in units of the shares outstanding on `ex_date`."""

    ex_date: dt.date
    amount: Decimal
    kind: str = "regular"  # or "special"


@dataclass(frozen=True)
class SymbolHistory:
    """Daily bars of one symbol, raw as traded, oldest first, with the corporate actions of the window.

    Arrays are (n,): `dates` datetime64[D]; prices and volume float64, NaN where the source sent nothing.
    Nothing has been validated yet: refusing bad rows is the collector's work, so that it can be reported.
    """

    symbol: str
    source: str
    dates: np.ndarray
    open: np.ndarray
    high: np.ndarray
    low: np.ndarray
    close: np.ndarray
    volume: np.ndarray
    splits: tuple[SplitEvent, ...] = ()
    dividends: tuple[DividendEvent, ...] = ()

    @property
    def is_empty(self) -> bool:
        return len(self.dates) == 0


@dataclass(frozen=True)
class PriceAnswer:
    """Histories by symbol, and for every symbol that brought none: the outcome and a sentence."""

    histories: dict[str, SymbolHistory] = field(default_factory=dict)
    failures: dict[str, tuple[Outcome, str]] = field(default_factory=dict)
    # The errors behind `failures` where the source knows more of them (HTTP status, when to come back).
    errors: dict[str, ProviderError] = field(default_factory=dict)


@dataclass(frozen=True)
class Profile:
    """Company or fund facts. `values` uses the columns of `CompanyProfile`; absent keys are unknown, never zero."""

    symbol: str
    source: str
    as_of: dt.date
    values: dict[str, object]


class ProfileAnswer(dict[str, Profile]):
    """Profiles by symbol, and in `errors` why a symbol that was asked for is not among them."""

    def __init__(
        self, profiles: Mapping[str, Profile] | None = None, errors: Mapping[str, ProviderError] | None = None
    ) -> None:
        super().__init__(profiles or {})
        self.errors = dict(errors or {})


@dataclass(frozen=True)
class Statements:
    """Fundamentals of one symbol: rows use the column names of the statement tables, amounts as reported."""

    symbol: str
    source: str
    income: tuple[dict[str, object], ...] = ()
    balance: tuple[dict[str, object], ...] = ()
    cash_flow: tuple[dict[str, object], ...] = ()
    estimates: tuple[dict[str, object], ...] = ()


@dataclass(frozen=True)
class OptionContractTerms:
    """A listed option: `symbol` is the OCC symbol without the provider's prefix (e.g. ``SPY271217P00560000``)."""

    symbol: str
    underlying: str
    option_type: str  # CALL or PUT
    strike: Decimal
    expiration: dt.date
    exercise_style: str = "american"


@dataclass(frozen=True)
class OptionQuoteRow:
    """One contract's market at the end of a session. Volatility is a fraction per year; unknown values are None."""

    symbol: str
    session: dt.date
    source: str
    bid: Decimal | None = None
    ask: Decimal | None = None
    last: Decimal | None = None
    implied_volatility: Decimal | None = None
    volume: int | None = None
    open_interest: int | None = None


@dataclass(frozen=True)
class YieldPoint:
    """A Treasury constant-maturity yield in percent, bond-equivalent, e.g. series DGS10."""

    series_id: str
    date: dt.date
    percent: Decimal
    source: str = ""


class Provider(Protocol):
    """A source of market data, which writes the methods of its `capabilities`; the others say that it offers nothing there.

    Every method raises `ProviderError` when the request as a whole failed; a failure of single symbols of a bulk
    request is part of the answer.
    """

    name: str
    capabilities: frozenset[Capability]

    def prices(self, symbols: Sequence[str], start: dt.date, end: dt.date) -> PriceAnswer:
        raise _not_offered(self, "prices")

    def profiles(self, symbols: Sequence[str], as_of: dt.date) -> dict[str, Profile]:
        raise _not_offered(self, "profiles")

    def fundamentals(self, symbol: str, as_of: dt.date) -> Statements:
        raise _not_offered(self, "fundamentals")

    def option_chain(self, underlying: str, as_of: dt.date) -> tuple[OptionContractTerms, ...]:
        raise _not_offered(self, "option chains")

    def option_quotes(
        self, contracts: Sequence[OptionContractTerms], start: dt.date, end: dt.date
    ) -> tuple[OptionQuoteRow, ...]:
        raise _not_offered(self, "option quotes")

    def treasury_yields(self, series_ids: Sequence[str], start: dt.date, end: dt.date) -> tuple[YieldPoint, ...]:
        raise _not_offered(self, "Treasury yields")


def _not_offered(source: Provider, what: str) -> ProviderError:
    return ProviderError(source.name, Outcome.NOT_FOUND, f"offers no {what}")
