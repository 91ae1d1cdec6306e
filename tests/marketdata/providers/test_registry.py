"""From settings to a chain."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import pytest

from marketdata.providers.base import Capability, Outcome, ProviderError
from marketdata.providers.registry import build_chain, live_sources, source_family
from marketdata.providers.sources import NothingGatheredError
from sigmasight.core.errors import DomainError
from tests.marketdata.providers import wire
from tests.marketdata.providers.loopback import Loopback


@pytest.fixture
def live_settings(settings: Any, server: Loopback, shared: Any) -> Any:
    settings.MARKETDATA_SOURCE = "live"
    settings.FMP_API_KEY = settings.POLYGON_API_KEY = settings.FRED_API_KEY = "key"
    for name in ("YAHOO", "FMP", "POLYGON", "FRED"):
        setattr(settings, f"{name}_BASE_URL", server.base_url)
    settings.PROVIDER_TIMEOUT_SECONDS = 0.3
    settings.PROVIDER_ATTEMPTS = 1
    # The counters on the server outlive a test: every one has its own prefix.
    settings.REDIS_KEY_PREFIX = shared._prefix
    return settings


@pytest.mark.parametrize(
    ("source", "family"), [("simulated", "simulated"), ("live", "live"), ("files:../prices", "file")]
)
def test_a_source_belongs_to_a_family(source: str, family: str) -> None:
    assert source_family(source) == family


@pytest.mark.parametrize("source", ["", "yahoo", "files:", "FILES:x"])
def test_an_unknown_source_is_refused(source: str) -> None:
    with pytest.raises(DomainError, match="use simulated, live or files"):
        source_family(source)


def test_the_simulated_market_is_a_chain_of_one() -> None:
    chain = build_chain("simulated")
    assert chain.name == "simulated"
    answer = chain.prices(["AAPL"], dt.date(2025, 6, 30), dt.date(2025, 6, 30))
    assert answer.histories["AAPL"].source == "simulated"


def test_a_directory_without_prices_is_refused(tmp_path: Any) -> None:
    with pytest.raises(ProviderError, match="daily_prices"):
        build_chain(f"files:{tmp_path}")


def test_the_live_chain_has_its_order_and_its_care(live_settings: Any) -> None:
    chain = build_chain()
    assert [source.provider.name for source in chain.sources] == ["yfinance", "fmp", "polygon", "fred"]
    assert chain.capabilities == frozenset(Capability)
    assert all(source.breaker is not None for source in chain.sources)
    assert [source.provider.name for source in chain.sources if source.budget is not None] == ["yfinance"]


def test_the_settings_reach_the_clients(live_settings: Any, server: Loopback) -> None:
    live_settings.PROVIDER_BUDGETS = {"yfinance": {"symbols": 2, "window": 60.0}}
    live_settings.MARKETDATA_PROVIDERS = ["yfinance", "fred"]
    for symbol in ("A", "B", "C"):
        server.serve(f"/v8/finance/chart/{symbol}", wire.yahoo_chart(symbol, wire.flat(["2025-11-13"])))
    server.serve("/fred/series/observations", wire.fred_observations({"2025-11-13": "4.1"}))
    chain = build_chain()
    day = dt.date(2025, 11, 13)
    assert list(chain.prices(["C", "B", "A"], day, day).histories) == ["C", "B"]
    (point,) = chain.treasury_yields(["DGS10"], day, day)
    assert (point.source, server.about("/fred/series/observations")[0].query["api_key"]) == ("fred", "key")


def test_one_question_has_its_seconds_and_no_breaker_hears_of_it(live_settings: Any, server: Loopback) -> None:
    live_settings.PROVIDER_TIMEOUT_SECONDS, live_settings.PROVIDER_ATTEMPTS = 20.0, 3
    live_settings.MARKETDATA_PROVIDERS, live_settings.PROVIDER_RATES = ["yfinance"], {"yfinance": (100.0, 100)}
    server.fault("/v8/finance/chart/SLOW", hang=5.0)
    started = time.monotonic()
    day = dt.date(2025, 11, 13)
    for _ in range(4):
        with pytest.raises(NothingGatheredError) as error:
            build_chain(seconds=0.2).prices(["SLOW"], day, day)
        assert error.value.outcome is Outcome.TIMEOUT
    assert time.monotonic() - started < 4
    (source,) = build_chain().sources
    assert source.breaker is not None
    assert source.breaker.admit().allowed


def test_sources_without_a_key_are_left_out_and_named(live_settings: Any) -> None:
    live_settings.FMP_API_KEY = live_settings.FRED_API_KEY = ""
    live_settings.MARKETDATA_PROVIDERS = ["yfinance", "fmp", "fred", "oracle"]
    assert [(line.name, line.ready, line.note) for line in live_sources()] == [
        ("yfinance", True, "ready"),
        ("fmp", False, "FMP_API_KEY is not set"),
        ("fred", False, "FRED_API_KEY is not set"),
        ("oracle", False, "unknown; known are yfinance, fmp, polygon, fred"),
    ]
    chain = build_chain()
    with pytest.raises(NothingGatheredError, match="set FRED_API_KEY"):
        chain.treasury_yields(["DGS10"], dt.date(2025, 11, 13), dt.date(2025, 11, 13))
