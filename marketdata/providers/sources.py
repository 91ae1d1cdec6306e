"""One source of a chain: the provider, what protects it, and what its answers say about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from marketdata.providers.base import Outcome, Provider, ProviderError
from marketdata.providers.breaker import Breaker, BreakerState
from marketdata.providers.limits import SymbolBudget
from marketdata.providers.per_symbol import as_failures

# Outcomes that say something about the source rather than about the symbol.
_TROUBLE = frozenset(
    {
        Outcome.RATE_LIMITED,
        Outcome.TIMEOUT,
        Outcome.UNREACHABLE,
        Outcome.SERVER_ERROR,
        Outcome.MALFORMED,
        Outcome.UNAUTHORIZED,
    }
)
# When all sources failed for a symbol, the outcome it is left with: first those with which a later run may succeed.
_HOPE = (
    Outcome.RATE_LIMITED,
    Outcome.RESTING,
    Outcome.TIMEOUT,
    Outcome.UNREACHABLE,
    Outcome.SERVER_ERROR,
    Outcome.MALFORMED,
    Outcome.EMPTY,
    Outcome.NOT_FOUND,
    Outcome.UNAUTHORIZED,
)


@dataclass(frozen=True)
class Source:
    """One provider of a chain and what keeps the chain from overusing it.

    `chunk` symbols are asked for in one request; None: all at once, as suits sources on this machine.
    """

    provider: Provider
    breaker: Breaker | None = None
    budget: SymbolBudget | None = None
    chunk: int | None = None


@dataclass(frozen=True)
class SourceState:
    """Breaker and budget of a source at an instant, in the words of `ProviderState`."""

    provider: str
    breaker: BreakerState = BreakerState.CLOSED
    open_until: dt.datetime | None = None
    failures: int = 0
    budget_used: int = 0
    budget_resets_at: dt.datetime | None = None


class NothingGatheredError(ProviderError):
    """No source of the chain brought anything; `failures` has the outcome and the reasons for every symbol."""

    def __init__(self, provider: str, operation: str, errors: Mapping[str, ProviderError]) -> None:
        telling = most_hopeful(errors.values())
        super().__init__(
            provider,
            telling.outcome,
            f"{operation} brought nothing for any of {len(errors)} symbols; {telling}",
            http_status=telling.http_status,
            retry_after=telling.retry_after,
        )
        self.errors = dict(errors)
        self.failures = as_failures(self.errors)


def most_hopeful(errors: Iterable[ProviderError]) -> ProviderError:
    """The error with which asking again later makes most sense."""
    return min(errors, key=lambda error: _HOPE.index(error.outcome))


def tell_breaker(breaker: Breaker | None, any_found: bool, errors: Mapping[str, ProviderError]) -> ProviderError | None:
    """Report how a request ended; the error after which the source must not be asked for more now, if there is one.

    "Too many requests" opens the breaker at once, so does a refused key unless something else was answered; trouble
    counts towards its threshold, and several symbols that each waited in vain are enough. Our own limits carry no HTTP
    status and say nothing about the source.
    """
    limited = next((error for error in errors.values() if error.outcome is Outcome.RATE_LIMITED), None)
    refused = next((error for error in errors.values() if error.outcome is Outcome.UNAUTHORIZED), None)
    by_source = limited is not None and limited.http_status is not None
    stop = limited or (None if any_found else refused)
    if breaker is None:
        return stop
    if stop is not None and (by_source or stop is refused):
        breaker.failure(at_once=True, retry_after=stop.retry_after)
    elif any_found or not errors:
        breaker.success()
    elif limited is None:
        if all(error.outcome in _TROUBLE for error in errors.values()):
            hung = len(errors) >= breaker.threshold and all(e.outcome is Outcome.TIMEOUT for e in errors.values())
            breaker.failure(at_once=hung, retry_after=next(iter(errors.values())).retry_after)
        else:
            breaker.success()
    return stop
