"""From settings to sources: which ones there are, in which order, and how gently they are asked.

`MARKETDATA_SOURCE` names the family of prices: ``simulated``, ``live`` or ``files:<directory>``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from marketdata.providers.base import Capability, Provider
from marketdata.providers.breaker import Breaker
from marketdata.providers.chain import ProviderChain
from marketdata.providers.limits import SymbolBudget, TokenBucket
from marketdata.providers.requests_log import Recorder, discard
from marketdata.providers.shared_state import SharedState
from marketdata.providers.sources import Source
from marketdata.providers.transport import RetryPolicy
from sigmasight.core.errors import DomainError

FILES_PREFIX = "files:"
DEFAULT_ORDER = ("yfinance", "fmp", "polygon", "fred")
# Requests per second and how many at once after a quiet time. FRED allows 120 a minute.
DEFAULT_RATES: Mapping[str, tuple[float, int]] = {
    "yfinance": (2.0, 5),
    "fmp": (4.0, 8),
    "polygon": (4.0, 8),
    "fred": (1.5, 4),
}
# Yahoo refuses bulk callers after some tens of symbols.
DEFAULT_BUDGETS: Mapping[str, Mapping[str, float]] = {"yfinance": {"symbols": 60, "window": 60.0, "pauses": 10}}
SYMBOLS_PER_REQUEST = 20
# Listed options are Polygon's trade; it also knows past sessions, which Yahoo does not.
PREFERRED = {Capability.OPTION_CHAIN: ("polygon",), Capability.OPTION_QUOTES: ("polygon",)}
ADVICE = {
    Capability.TREASURY_YIELDS: "set FRED_API_KEY",
    Capability.PRICES: "add yfinance or fmp (with FMP_API_KEY) to MARKETDATA_PROVIDERS",
}
KEYS = {"fmp": "FMP_API_KEY", "polygon": "POLYGON_API_KEY", "fred": "FRED_API_KEY"}


@dataclass(frozen=True)
class LiveSource:
    """A live source of the settings: whether it can be used, and what is missing if not."""

    name: str
    ready: bool
    note: str


def source_family(source: str) -> str:
    """The family of prices a source belongs to: ``simulated``, ``live`` or ``file``.

    Raises
    ------
    DomainError if the source has an unknown name.
    """
    if source in ("simulated", "live"):
        return source
    if source.startswith(FILES_PREFIX) and len(source) > len(FILES_PREFIX):
        return "file"
    raise DomainError(
        "unknown_market_data_source", f"Unknown source {source!r}: use simulated, live or files:<directory>."
    )


def build_chain(
    source: str | None = None, *, recorder: Recorder = discard, proxies: bool = False, seconds: float | None = None
) -> ProviderChain:
    """The chain of sources for a run, or for one question.

    Parameters
    ----------
    source : ``simulated``, ``live`` or ``files:<directory>``; by default `MARKETDATA_SOURCE`.
    recorder : called for every request.
    proxies : let stand-in series of a file source serve for funds without real prices.
    seconds : how long a live source may take for an answer; it is asked once then and no pause is sat out. By default as
        the settings say.

    Raises
    ------
    DomainError for an unknown source; ProviderError if a directory holds no prices.
    """
    source = source or settings.MARKETDATA_SOURCE
    family = source_family(source)
    if family == "live":
        sources = [_live(line.name, seconds) for line in live_sources() if line.ready]
        return ProviderChain(sources, name="live", recorder=recorder, preferred=PREFERRED, advice=ADVICE)
    provider: Provider
    if family == "file":
        from marketdata.providers.files import Files

        provider = Files(Path(source.removeprefix(FILES_PREFIX)), proxies=proxies)
    else:
        from marketdata.providers.simulated import Simulated

        provider = Simulated(settings.SIMULATED_SEED)
    return ProviderChain([Source(provider)], name=provider.name, recorder=recorder)


def live_sources() -> tuple[LiveSource, ...]:
    """The live sources in the order of `MARKETDATA_PROVIDERS`, and which of them can be used."""
    lines = []
    for name in getattr(settings, "MARKETDATA_PROVIDERS", DEFAULT_ORDER):
        if name not in _CLIENTS:
            lines.append(LiveSource(name, False, f"unknown; known are {', '.join(_CLIENTS)}"))
        elif name in KEYS and not getattr(settings, KEYS[name], ""):
            lines.append(LiveSource(name, False, f"{KEYS[name]} is not set"))
        else:
            lines.append(LiveSource(name, True, "ready"))
    return tuple(lines)


def _live(name: str, seconds: float | None = None) -> Source:
    shared = SharedState.at(
        getattr(settings, "REDIS_URL", ""), prefix=getattr(settings, "REDIS_KEY_PREFIX", "sigmasight")
    )
    rate, burst = {**DEFAULT_RATES, **getattr(settings, "PROVIDER_RATES", {})}[name]
    budget = {**DEFAULT_BUDGETS, **getattr(settings, "PROVIDER_BUDGETS", {})}.get(name)
    breaker: Breaker | None = Breaker(name, shared=shared, rest=getattr(settings, "PROVIDER_REST_SECONDS", 120.0))
    retry = RetryPolicy(
        attempts=getattr(settings, "PROVIDER_ATTEMPTS", 3),
        deadline=getattr(settings, "PROVIDER_DEADLINE_SECONDS", 60.0),
    )
    if seconds is not None:
        # Somebody's impatience says nothing of the source: the collection of the night must not rest for it.
        breaker = None
        retry = RetryPolicy(attempts=1, deadline=seconds)
        budget = budget and {**budget, "pauses": 0}
    common: dict[str, Any] = {
        "timeout": getattr(settings, "PROVIDER_TIMEOUT_SECONDS", 20.0),
        "limiter": TokenBucket(name, rate=rate, burst=int(burst), shared=shared),
        "retry": retry,
    }
    return Source(
        provider=_CLIENTS[name](common),
        breaker=breaker,
        budget=None if not budget else _budget(name, budget, shared),
        chunk=SYMBOLS_PER_REQUEST,
    )


def _budget(name: str, budget: Mapping[str, float], shared: SharedState) -> SymbolBudget:
    return SymbolBudget(
        name,
        symbols=int(budget["symbols"]),
        window=float(budget["window"]),
        pauses=int(budget.get("pauses", 0)),
        shared=shared,
    )


# Imported when used: the libraries behind some sources take seconds to load.


def _yfinance(common: dict[str, Any]) -> Provider:
    from marketdata.providers.yfinance import YFinanceProvider

    return YFinanceProvider(base_url=getattr(settings, "YAHOO_BASE_URL", ""), **common)


def _fmp(common: dict[str, Any]) -> Provider:
    from marketdata.providers.fmp import FmpProvider

    return FmpProvider(
        api_key=settings.FMP_API_KEY,
        base_url=settings.FMP_BASE_URL,
        api=getattr(settings, "FMP_API", "stable"),
        **common,
    )


def _polygon(common: dict[str, Any]) -> Provider:
    from marketdata.providers.polygon import PolygonProvider

    return PolygonProvider(api_key=settings.POLYGON_API_KEY, base_url=settings.POLYGON_BASE_URL, **common)


def _fred(common: dict[str, Any]) -> Provider:
    from marketdata.providers.fred import FredProvider

    return FredProvider(api_key=settings.FRED_API_KEY, base_url=settings.FRED_BASE_URL, **common)


_CLIENTS: dict[str, Callable[[dict[str, Any]], Provider]] = {
    "yfinance": _yfinance,
    "fmp": _fmp,
    "polygon": _polygon,
    "fred": _fred,
}
