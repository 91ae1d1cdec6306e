"""Several sources behind one: asked in order, each for what the ones before it did not bring."""

from __future__ import annotations

import datetime as dt
import logging
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
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
from marketdata.providers.breaker import BreakerState
from marketdata.providers.per_symbol import as_failures
from marketdata.providers.requests_log import Recorder, RequestRecord, discard
from marketdata.providers.sources import NothingGatheredError, Source, SourceState, most_hopeful, tell_breaker
from marketdata.providers.transport import excerpt, redact

logger = logging.getLogger(__name__)

# What one request brought: a value and a number of rows by key, and errors by key.
_Found = dict[str, tuple[Any, int]]
_Ask = Callable[[Provider, list[str]], tuple[_Found, dict[str, ProviderError]]]


@dataclass
class _Round:
    """The state of gathering: what is there, and every source's error for what is not."""

    operation: str
    found: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, list[ProviderError]] = field(default_factory=dict)

    def fail(self, keys: Sequence[str], error: ProviderError) -> None:
        for key in keys:
            self.errors.setdefault(key, []).append(error)


class ProviderChain:
    """Sources in order, as one provider.

    Symbols are asked for in the order given, so that the caller decides who comes first when a budget ends. Every
    symbol of a price or profile request ends up with a value or with a reason; a call that brought nothing at all
    raises.

    Parameters
    ----------
    preferred : sources that come first for a capability, by name, whatever their place in the order.
    advice : by capability, what to do if no source offers it.
    recorder : called once per request and outcome.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        *,
        name: str = "chain",
        recorder: Recorder = discard,
        preferred: Mapping[Capability, Sequence[str]] | None = None,
        advice: Mapping[Capability, str] | None = None,
    ) -> None:
        self.name = name
        self.sources = tuple(sources)
        self.capabilities = frozenset(
            capability for source in self.sources for capability in source.provider.capabilities
        )
        self._recorder = recorder
        self._preferred = dict(preferred or {})
        self._advice = dict(advice or {})
        self._pauses_left = {
            source.provider.name: source.budget.pauses for source in self.sources if source.budget is not None
        }

    def prices(self, symbols: Sequence[str], start: dt.date, end: dt.date) -> PriceAnswer:
        """Raises `NothingGatheredError` if no symbol got a history."""

        def ask(provider: Provider, chunk: list[str]) -> tuple[_Found, dict[str, ProviderError]]:
            answer = provider.prices(chunk, start, end)
            found: _Found = {
                symbol: (history, len(history.dates))
                for symbol, history in answer.histories.items()
                if _has_prices(history)
            }
            errors = {
                symbol: answer.errors.get(symbol) or ProviderError(provider.name, outcome, reason)
                for symbol, (outcome, reason) in answer.failures.items()
            }
            return found, errors

        histories, errors = self._gather(Capability.PRICES, symbols, ask)
        return PriceAnswer(histories, as_failures(errors), errors)

    def profiles(self, symbols: Sequence[str], as_of: dt.date) -> ProfileAnswer:
        """Raises `NothingGatheredError` if no symbol got a profile."""

        def ask(provider: Provider, chunk: list[str]) -> tuple[_Found, dict[str, ProviderError]]:
            answer: Mapping[str, Profile] = provider.profiles(chunk, as_of)
            found: _Found = {symbol: (profile, 1) for symbol, profile in answer.items() if profile.values}
            return found, dict(answer.errors) if isinstance(answer, ProfileAnswer) else {}

        return ProfileAnswer(*self._gather(Capability.PROFILES, symbols, ask))

    def fundamentals(self, symbol: str, as_of: dt.date) -> Statements:
        def ask(provider: Provider, chunk: list[str]) -> tuple[_Found, dict[str, ProviderError]]:
            answer = provider.fundamentals(symbol, as_of)
            rows = len(answer.income) + len(answer.balance) + len(answer.cash_flow) + len(answer.estimates)
            return ({symbol: (answer, rows)} if rows else {}), {}

        found, _ = self._gather(Capability.FUNDAMENTALS, [symbol], ask)
        statements: Statements = found[symbol]
        return statements

    def option_chain(self, underlying: str, as_of: dt.date) -> tuple[OptionContractTerms, ...]:
        def ask(provider: Provider, chunk: list[str]) -> tuple[_Found, dict[str, ProviderError]]:
            answer = tuple(provider.option_chain(underlying, as_of))
            return ({underlying: (answer, len(answer))} if answer else {}), {}

        found, _ = self._gather(Capability.OPTION_CHAIN, [underlying], ask)
        terms: tuple[OptionContractTerms, ...] = found[underlying]
        return terms

    def option_quotes(
        self, contracts: Sequence[OptionContractTerms], start: dt.date, end: dt.date
    ) -> tuple[OptionQuoteRow, ...]:
        """Raises `NothingGatheredError` if there was no quote of any contract."""
        terms = {contract.symbol: contract for contract in contracts}

        def ask(provider: Provider, chunk: list[str]) -> tuple[_Found, dict[str, ProviderError]]:
            rows: dict[str, list[OptionQuoteRow]] = {}
            for row in provider.option_quotes([terms[symbol] for symbol in chunk], start, end):
                rows.setdefault(row.symbol, []).append(row)
            return {symbol: (quotes, len(quotes)) for symbol, quotes in rows.items()}, {}

        found, _ = self._gather(
            Capability.OPTION_QUOTES, list(terms), ask, group=lambda symbol: terms[symbol].underlying
        )
        return tuple(row for symbol in terms for row in found.get(symbol, ()))

    def treasury_yields(self, series_ids: Sequence[str], start: dt.date, end: dt.date) -> tuple[YieldPoint, ...]:
        """Raises `NothingGatheredError` if there was no value of any series."""

        def ask(provider: Provider, chunk: list[str]) -> tuple[_Found, dict[str, ProviderError]]:
            points: dict[str, list[YieldPoint]] = {}
            for point in provider.treasury_yields(chunk, start, end):
                points.setdefault(point.series_id, []).append(point)
            return {series_id: (values, len(values)) for series_id, values in points.items()}, {}

        found, _ = self._gather(Capability.TREASURY_YIELDS, series_ids, ask, group=lambda series_id: series_id)
        return tuple(point for series_id in dict.fromkeys(series_ids) for point in found.get(series_id, ()))

    def states(self) -> tuple[SourceState, ...]:
        """Breaker and budget of every source that has them, for the row staff look at."""
        now = dt.datetime.now(dt.UTC)
        states = []
        for source in self.sources:
            values: dict[str, Any] = {"provider": source.provider.name}
            if source.breaker is not None:
                status = source.breaker.status()
                values |= {"breaker": status.state, "failures": status.failures}
                if status.state is BreakerState.OPEN:
                    values["open_until"] = now + dt.timedelta(seconds=status.open_for)
            if source.budget is not None:
                budget = source.budget.state()
                values["budget_used"] = budget.used
                if budget.used:
                    values["budget_resets_at"] = now + dt.timedelta(seconds=budget.resets_in)
            if len(values) > 1:
                states.append(SourceState(**values))
        return tuple(states)

    def _order(self, capability: Capability) -> list[Source]:
        first = list(self._preferred.get(capability, ()))
        able = [source for source in self.sources if capability in source.provider.capabilities]
        return sorted(able, key=lambda source: (source.provider.name not in first, able.index(source)))

    def _gather(
        self,
        capability: Capability,
        keys: Sequence[str],
        ask: _Ask,
        *,
        group: Callable[[str], str] | None = None,
    ) -> tuple[dict[str, Any], dict[str, ProviderError]]:
        """Values by key, and for every key without one the error it is left with.

        Raises
        ------
        NothingGatheredError if keys were asked for and none has a value.
        """
        wanted = list(dict.fromkeys(keys))
        round_ = _Round(capability.value)
        for source in self._order(capability):
            missing = [key for key in wanted if key not in round_.found]
            if not missing:
                break
            self._ask_source(source, missing, ask, round_, group)
        errors = {
            key: self._left_with(key, round_.errors.get(key, []), capability)
            for key in wanted
            if key not in round_.found
        }
        if wanted and not round_.found:
            raise NothingGatheredError(self.name, capability.value, errors)
        return {key: round_.found[key] for key in wanted if key in round_.found}, errors

    def _ask_source(
        self, source: Source, missing: list[str], ask: _Ask, round_: _Round, group: Callable[[str], str] | None
    ) -> None:
        """Ask one source for everything missing, chunk by chunk, as far as breaker and budget let it."""
        while missing:
            probing = False
            if source.breaker is not None:
                admission = source.breaker.admit()
                if not admission.allowed:
                    message = f"rests for another {admission.retry_after:.0f} s"
                    self._not_asked(source, missing, Outcome.RESTING, message, admission.retry_after, round_)
                    return
                probing = admission.probe
            chunk = _first_chunk(missing, 1 if probing and group is None else source.chunk, group)
            if source.budget is not None:
                granted = source.budget.take(len(chunk) if group is None else 1)
                if granted == 0 and self._pauses_left[source.provider.name] > 0:
                    self._pauses_left[source.provider.name] -= 1
                    source.budget.pause()
                    continue
                if granted == 0:
                    message = f"the budget of {source.budget.symbols} symbols per {source.budget.window:g} s is used up"
                    after = source.budget.state().resets_in
                    self._not_asked(source, missing, Outcome.RATE_LIMITED, message, after, round_)
                    return
                chunk = chunk[:granted] if group is None else chunk
            missing = [key for key in missing if key not in set(chunk)]
            stop = self._request(source, chunk, ask, round_)
            if stop is not None and missing:
                self._not_asked(source, missing, stop.outcome, f"not asked after: {stop}", stop.retry_after, round_)
                return

    def _request(self, source: Source, chunk: list[str], ask: _Ask, round_: _Round) -> ProviderError | None:
        """One request, recorded and told to the breaker; the error after which the source is asked no more, if any."""
        name = source.provider.name
        started_at, started = dt.datetime.now(dt.UTC), time.monotonic()
        found: _Found = {}
        try:
            found, errors = ask(source.provider, chunk)
        except ProviderError as error:
            errors = dict.fromkeys(chunk, error)
        except Exception as error:  # noqa: BLE001 - a source's defect must not end the collection from the others
            # The traceback ends with the message, which may quote a URL with its key.
            logger.error("%s failed at %s\n%s", name, round_.operation, redact(traceback.format_exc()))
            reason = f"{type(error).__name__}: {excerpt(str(error))}"
            errors = dict.fromkeys(chunk, ProviderError(name, Outcome.MALFORMED, reason))
        latency_ms = round((time.monotonic() - started) * 1000)
        found = {key: value for key, value in found.items() if key in set(chunk)}
        for key in chunk:
            if key not in found and key not in errors:
                errors[key] = ProviderError(name, Outcome.EMPTY, f"an answer without {key}")
        errors = {key: errors[key] for key in chunk if key not in found}
        round_.found.update((key, value) for key, (value, _) in found.items())
        for key, failure in errors.items():
            round_.fail([key], failure)
        rows = sum(count for _, count in found.values())
        self._record(source, round_.operation, list(found), rows, errors, latency_ms, started_at)
        return tell_breaker(source.breaker, bool(found), errors)

    def _record(
        self,
        source: Source,
        operation: str,
        found: list[str],
        rows: int,
        errors: dict[str, ProviderError],
        latency_ms: int,
        started_at: dt.datetime,
    ) -> None:
        name = source.provider.name
        if found:
            status = 200 if getattr(source.provider, "over_http", False) else None
            self._recorder(
                RequestRecord(name, operation, tuple(found), rows, status, Outcome.OK, "", latency_ms, started_at)
            )
        by_outcome: dict[Outcome, list[str]] = {}
        for key, error in errors.items():
            by_outcome.setdefault(error.outcome, []).append(key)
        for outcome, keys in by_outcome.items():
            first = errors[keys[0]]
            self._recorder(
                RequestRecord(
                    name, operation, tuple(keys), 0, first.http_status, outcome, str(first), latency_ms, started_at
                )
            )

    def _not_asked(
        self,
        source: Source,
        keys: list[str],
        outcome: Outcome,
        message: str,
        retry_after: float | None,
        round_: _Round,
    ) -> None:
        """Keys the source was spared: they go to the next source, or come back as failures for the next run."""
        error = ProviderError(source.provider.name, outcome, message, retry_after=retry_after)
        round_.fail(keys, error)
        self._record(source, round_.operation, [], 0, dict.fromkeys(keys, error), 0, dt.datetime.now(dt.UTC))

    def _left_with(self, key: str, errors: list[ProviderError], capability: Capability) -> ProviderError:
        """One error for a key that no source brought: the most hopeful outcome, the reasons of all."""
        if not errors:
            advice = self._advice.get(capability, "")
            message = f"no source offers {capability.value}{advice and f'; {advice}'}"
            return ProviderError(self.name, Outcome.NOT_FOUND, message)
        telling = most_hopeful(errors)
        reasons = "; ".join(str(error) for error in errors)
        return ProviderError(
            self.name,
            telling.outcome,
            f"{key}: {reasons}",
            http_status=telling.http_status,
            retry_after=telling.retry_after,
        )


def _has_prices(history: SymbolHistory) -> bool:
    return not history.is_empty and bool(np.isfinite(history.close).any())


def _first_chunk(missing: list[str], size: int | None, group: Callable[[str], str] | None) -> list[str]:
    """The next keys to ask for: `size` of them, or all of the first one's group."""
    if size is None:
        return list(missing)
    if group is None:
        return missing[:size]
    first = group(missing[0])
    return [key for key in missing if group(key) == first]
