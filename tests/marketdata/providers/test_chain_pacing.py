"""The chain and its care: budgets, breakers, and the real clients behind it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from marketdata.providers.base import Outcome, Provider, ProviderError
from marketdata.providers.breaker import Breaker, BreakerState
from marketdata.providers.chain import ProviderChain
from marketdata.providers.fmp import FmpProvider
from marketdata.providers.limits import SymbolBudget, TokenBucket
from marketdata.providers.shared_state import SharedState
from marketdata.providers.sources import NothingGatheredError, Source
from marketdata.providers.yfinance import YFinanceProvider
from tests.marketdata.providers import wire
from tests.marketdata.providers.conftest import ONCE
from tests.marketdata.providers.loopback import Loopback
from tests.marketdata.providers.shelf import DAYS, Log, Shelf, ask
from tests.marketdata.providers.test_limits import Clock


@pytest.fixture
def log() -> Log:
    return Log()


def paced(provider: Provider, clock: Clock, *, symbols: int, pauses: int = 0) -> Source:
    budget = SymbolBudget(provider.name, symbols=symbols, window=60.0, pauses=pauses, clock=clock, sleep=clock.sleep)
    return Source(provider, budget=budget, chunk=4)


def guarded(provider: Provider, clock: Clock, *, threshold: int = 2, chunk: int = 1) -> Source:
    return Source(provider, breaker=Breaker(provider.name, threshold=threshold, rest=60.0, clock=clock), chunk=chunk)


def test_when_the_budget_ends_the_rest_is_left_for_the_next_run(log: Log) -> None:
    symbols = [f"S{i}" for i in range(10)]
    shelf, clock = Shelf("yfinance", symbols), Clock()
    chain = ProviderChain([paced(shelf, clock, symbols=6)], recorder=log)
    answer = ask(chain, *symbols)
    assert list(answer.histories) == symbols[:6], "in the order given: the largest holdings first"
    assert {outcome for outcome, _ in answer.failures.values()} == {Outcome.RATE_LIMITED}
    assert list(answer.failures) == symbols[6:]
    assert shelf.asked == [symbols[:4], symbols[4:6]]
    assert (log[-1].outcome, log[-1].symbols) == (Outcome.RATE_LIMITED, tuple(symbols[6:]))
    clock.sleep(60.0)
    assert list(ask(chain, *answer.failures).histories) == symbols[6:], "the next run resumes"


def test_a_budget_that_ended_hands_over_to_the_next_source() -> None:
    symbols = [f"S{i}" for i in range(5)]
    chain = ProviderChain([paced(Shelf("yfinance", symbols), Clock(), symbols=3), Source(Shelf("fmp", symbols))])
    answer = ask(chain, *symbols)
    assert [found.source for found in answer.histories.values()] == ["yfinance"] * 3 + ["fmp"] * 2
    assert answer.failures == {}


def test_pauses_are_sat_out_as_often_as_allowed() -> None:
    symbols = [f"S{i}" for i in range(10)]
    clock = Clock()
    chain = ProviderChain([paced(Shelf("yfinance", symbols), clock, symbols=4, pauses=1)])
    answer = ask(chain, *symbols)
    assert len(answer.histories) == 8
    assert clock.now == pytest.approx(60.0, abs=0.1)
    assert len(answer.failures) == 2


def test_a_source_in_trouble_is_laid_to_rest_and_the_next_one_serves(log: Log) -> None:
    symbols = [f"S{i}" for i in range(6)]
    failing, clock = Shelf("yfinance", lacking=Outcome.SERVER_ERROR), Clock()
    chain = ProviderChain([guarded(failing, clock), Source(Shelf("fmp", symbols))], recorder=log)
    answer = ask(chain, *symbols)
    assert [found.source for found in answer.histories.values()] == ["fmp"] * 6
    assert failing.asked == [["S0"], ["S1"]]
    resting = [record for record in log if record.outcome is Outcome.RESTING]
    assert [record.symbols for record in resting] == [tuple(symbols[2:])]
    ask(chain, "S0")
    assert len(failing.asked) == 2, "still resting"


def test_a_rested_source_is_tried_with_one_symbol() -> None:
    symbols = [f"S{i}" for i in range(6)]
    shelf, clock = Shelf("yfinance", lacking=Outcome.UNREACHABLE), Clock()
    chain = ProviderChain([guarded(shelf, clock, threshold=1, chunk=3)])
    with pytest.raises(NothingGatheredError):
        ask(chain, *symbols)
    shelf.stock, shelf.asked = set(symbols), []
    clock.sleep(60.0)
    assert len(ask(chain, *symbols).histories) == 6
    assert [len(chunk) for chunk in shelf.asked] == [1, 3, 2]


def test_unknown_symbols_never_lay_a_source_to_rest() -> None:
    chain = ProviderChain([guarded(Shelf("yfinance", ["GOOD"]), Clock(), threshold=1)])
    answer = ask(chain, *[f"X{i}" for i in range(5)], "GOOD")
    assert list(answer.histories) == ["GOOD"]


@pytest.mark.parametrize(
    ("error", "asked"),
    [
        (ProviderError("yfinance", Outcome.RATE_LIMITED, "429", http_status=429, retry_after=300.0), 1),
        (ProviderError("yfinance", Outcome.UNAUTHORIZED, "401", http_status=401), 1),
        (ProviderError("yfinance", Outcome.SERVER_ERROR, "500", http_status=500), 3),
    ],
)
def test_too_many_and_not_you_stop_at_once(error: ProviderError, asked: int) -> None:
    shelf = Shelf("yfinance", lacking=error)
    source = guarded(shelf, Clock(), threshold=3)
    ask(ProviderChain([source, Source(Shelf("fmp", ["A", "B", "C", "D"]))]), "A", "B", "C", "D")
    assert len(shelf.asked) == asked
    assert source.breaker is not None
    assert source.breaker.status().open_for == (error.retry_after or 60.0)


def test_our_own_limit_does_not_lay_a_source_to_rest() -> None:
    ours = ProviderError("yfinance", Outcome.RATE_LIMITED, "our own limit")
    source = guarded(Shelf("yfinance", ["A"], lacking=ours), Clock(), threshold=1, chunk=2)
    answer = ask(ProviderChain([source]), "A", "B", "C")
    assert {outcome for outcome, _ in answer.failures.values()} == {Outcome.RATE_LIMITED}
    assert source.breaker is not None
    assert source.breaker.status().state is BreakerState.CLOSED


def test_its_states_are_told_in_the_words_of_the_row(shared: SharedState) -> None:
    breaker = Breaker("yfinance", rest=60.0, shared=shared)
    budget = SymbolBudget("yfinance", symbols=10, window=60.0, shared=shared)
    chain = ProviderChain([Source(Shelf("yfinance", ["A"]), breaker, budget, chunk=5), Source(Shelf("file"))])
    ask(chain, "A")
    (state,) = chain.states()
    assert (state.provider, state.breaker, state.budget_used) == ("yfinance", BreakerState.CLOSED, 1)
    assert state.budget_resets_at is not None
    breaker.failure(at_once=True)
    (state,) = chain.states()
    assert state.open_until is not None
    assert 50.0 < (state.open_until - dt.datetime.now(dt.UTC)).total_seconds() <= 60.0


@pytest.fixture
def live(server: Loopback, shared: SharedState) -> Callable[[Log], ProviderChain]:
    """Yahoo and FMP on one loopback server, with everything the registry puts around them."""

    def build(log: Log) -> ProviderChain:
        common: dict[str, Any] = {"base_url": server.base_url, "timeout": 0.3, "retry": ONCE, "workers": 1}
        limiter = TokenBucket("yfinance", rate=500.0, burst=10, shared=shared)
        yahoo = Source(
            YFinanceProvider(limiter=limiter, **common),
            Breaker("yfinance", threshold=2, shared=shared),
            SymbolBudget("yfinance", symbols=50, window=60.0, shared=shared),
            chunk=5,
        )
        fmp = Source(FmpProvider(api_key="topsecret", **common), Breaker("fmp", shared=shared), chunk=5)
        return ProviderChain([yahoo, fmp], recorder=log)

    return build


def serve_fmp(server: Loopback) -> None:
    server.serve("/stable/historical-price-eod/full", lambda query: wire.fmp_rows(query["symbol"], wire.flat(DAYS)))
    server.serve("/stable/splits", [])
    server.serve("/stable/dividends", [])


def test_yahoo_blocked_means_fmp_serves(server: Loopback, live: Callable[[Log], ProviderChain], log: Log) -> None:
    server.fault("/v8/", status=429, body="Too Many Requests", headers={"Retry-After": "600"})
    serve_fmp(server)
    answer = ask(live(log), *[f"S{i}" for i in range(8)])
    assert {found.source for found in answer.histories.values()} == {"fmp"}
    assert [(r.provider, r.outcome, r.symbols_asked, r.http_status) for r in log] == [
        ("yfinance", Outcome.RATE_LIMITED, 5, 429),
        ("yfinance", Outcome.RATE_LIMITED, 3, None),
        ("fmp", Outcome.OK, 5, 200),
        ("fmp", Outcome.OK, 3, 200),
    ]
    log.clear()
    ask(live(log), "S9")
    assert log[0].outcome is Outcome.RESTING, "another chain sees the same breaker"


def test_one_symbol_yahoo_lacks_comes_from_fmp(
    server: Loopback, live: Callable[[Log], ProviderChain], log: Log
) -> None:
    server.serve("/v8/finance/chart/ABC", wire.yahoo_chart("ABC", wire.flat(DAYS)))
    serve_fmp(server)
    answer = ask(live(log), "ABC", "DEF")
    assert {symbol: found.source for symbol, found in answer.histories.items()} == {"ABC": "yfinance", "DEF": "fmp"}
    assert answer.failures == {}


def test_keys_stay_out_of_records_and_failures(
    server: Loopback, live: Callable[[Log], ProviderChain], log: Log, caplog: pytest.LogCaptureFixture
) -> None:
    server.fault("/v8/", cut=True)
    server.fault("/stable/", status=401, body="Invalid API KEY apikey=topsecret")
    with caplog.at_level("DEBUG"), pytest.raises(NothingGatheredError) as raised:
        ask(live(log), "ABC", "DEF")
    told = [str(raised.value), *(reason for _, reason in raised.value.failures.values()), *(r.error for r in log)]
    assert "topsecret" not in " ".join([*told, caplog.text])
    assert any("apikey=***" in text for text in told)
