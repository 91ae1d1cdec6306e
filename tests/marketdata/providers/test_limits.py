"""The token bucket and the symbol budget: alone, shared by processes, and without their server."""

from __future__ import annotations

import itertools
import logging
import subprocess
import sys
import uuid

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from marketdata.providers.base import Outcome, ProviderError
from marketdata.providers.limits import SymbolBudget, TokenBucket
from marketdata.providers.shared_state import SharedState
from tests.marketdata.providers.loopback import PROJECT


class Clock:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def bucket(clock: Clock, rate: float = 10.0, burst: int = 3) -> TokenBucket:
    return TokenBucket("yfinance", rate=rate, burst=burst, clock=clock, sleep=clock.sleep)


def test_a_burst_goes_at_once_and_the_rest_at_the_rate() -> None:
    clock = Clock()
    tokens = bucket(clock)
    times = []
    for _ in range(6):
        tokens.acquire(10.0)
        times.append(round(clock.now, 6))
    assert times == [0.0, 0.0, 0.0, 0.1, 0.2, 0.3]


def test_a_quiet_time_fills_the_bucket_but_not_beyond_its_burst() -> None:
    clock = Clock()
    tokens = bucket(clock)
    for _ in range(3):
        tokens.acquire(10.0)
    clock.sleep(60.0)
    waits = [tokens.reserve(10.0)[1] for _ in range(4)]
    assert waits == [0.0, 0.0, 0.0, pytest.approx(0.1)]


def test_a_wait_beyond_the_longest_is_refused_and_takes_nothing() -> None:
    clock = Clock()
    tokens = bucket(clock, rate=1.0, burst=1)
    tokens.acquire(0.0)
    with pytest.raises(ProviderError) as refused:
        tokens.acquire(0.5)
    assert refused.value.outcome is Outcome.RATE_LIMITED
    assert refused.value.http_status is None
    assert refused.value.retry_after == pytest.approx(1.0)
    clock.sleep(1.0)
    tokens.acquire(0.0)


@given(st.lists(st.floats(0.0, 2.0), min_size=1, max_size=40), st.floats(0.5, 20.0), st.integers(1, 5))
def test_no_window_ever_holds_more_than_burst_and_rate(gaps: list[float], rate: float, burst: int) -> None:
    clock = Clock()
    tokens = bucket(clock, rate, burst)
    granted = []
    for gap in gaps:
        clock.sleep(gap)
        tokens.acquire(1e9)
        granted.append(clock.now)
    for first, last in itertools.combinations(range(len(granted)), 2):
        assert last - first + 1 <= burst + rate * (granted[last] - granted[first]) + 1e-6


@pytest.mark.parametrize(("rate", "burst"), [(0.0, 1), (-1.0, 1), (1.0, 0)])
def test_an_impossible_rate_is_refused(rate: float, burst: int) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        TokenBucket("fmp", rate=rate, burst=burst)


def test_two_buckets_of_one_name_share_their_tokens(shared: SharedState) -> None:
    first, second = (TokenBucket("fmp", rate=1.0, burst=2, shared=shared) for _ in range(2))
    assert first.reserve(0.0) == (True, 0.0)
    assert second.reserve(0.0) == (True, 0.0)
    taken, wait = first.reserve(0.0)
    assert not taken
    assert 0.8 < wait <= 1.0


def test_buckets_of_two_names_do_not(shared: SharedState) -> None:
    for name in ("fmp", "polygon"):
        assert TokenBucket(name, rate=0.1, burst=1, shared=shared).reserve(0.0) == (True, 0.0)


def test_shared_reservations_queue_up(shared: SharedState) -> None:
    tokens = TokenBucket("fred", rate=10.0, burst=1, shared=shared)
    waits = [tokens.reserve(60.0)[1] for _ in range(4)]
    assert waits == pytest.approx([0.0, 0.1, 0.2, 0.3], abs=0.05)


RATE, BURST, SECONDS = 40.0, 2, 1.2
WORKER = """
import sys, time
from marketdata.providers.limits import TokenBucket
from marketdata.providers.shared_state import SharedState
url, prefix, rate, burst, seconds = sys.argv[1:]
tokens = TokenBucket("yfinance", rate=float(rate), burst=int(burst), shared=SharedState.at(url, prefix=prefix))
sys.stdout.write("ready\\n"); sys.stdout.flush(); sys.stdin.readline()
ends = time.time() + float(seconds)
while time.time() < ends:
    tokens.acquire(5.0)
    print(time.time())
"""


def test_two_processes_together_never_exceed_the_rate() -> None:
    arguments = [settings.REDIS_URL, f"test:{uuid.uuid4().hex}", str(RATE), str(BURST), str(SECONDS)]
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, *arguments],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n"
    by_worker = [[float(line) for line in worker.communicate("go\n", timeout=20)[0].split()] for worker in workers]
    granted = sorted(itertools.chain.from_iterable(by_worker))
    assert min(map(len, by_worker)) >= 5, "both took part"
    start = granted[0]
    for i, instant in enumerate(granted):
        assert i + 1 <= BURST + RATE * (instant - start) + 1.0
    assert len(granted) >= 0.6 * RATE * SECONDS, "the limit is used, not only kept"


def test_without_a_server_the_process_counts_alone(caplog: pytest.LogCaptureFixture) -> None:
    away = SharedState.at("redis://127.0.0.1:9/0")
    tokens = TokenBucket("fmp", rate=1.0, burst=2, shared=away)
    with caplog.at_level(logging.WARNING, "marketdata.providers.shared_state"):
        assert [tokens.reserve(0.0)[0] for _ in range(3)] == [True, True, False]
    assert len(caplog.records) == 1, "said once, not per request"


def test_a_budget_gives_what_is_left_and_then_nothing() -> None:
    clock = Clock()
    budget = SymbolBudget("yfinance", symbols=50, window=60.0, clock=clock, sleep=clock.sleep)
    assert [budget.take(20) for _ in range(4)] == [20, 20, 10, 0]
    assert (budget.state().used, budget.state().resets_in) == (50, 60.0)


def test_a_budget_is_new_after_its_window() -> None:
    clock = Clock()
    budget = SymbolBudget("yfinance", symbols=5, window=60.0, clock=clock, sleep=clock.sleep)
    budget.take(5)
    budget.pause()
    assert clock.now == pytest.approx(60.0, abs=0.1)
    assert budget.take(7) == 5


def test_a_shared_budget_is_one_for_all(shared: SharedState) -> None:
    first, second = (SymbolBudget("yfinance", symbols=30, window=60.0, shared=shared) for _ in range(2))
    assert (first.take(20), second.take(20), first.take(1)) == (20, 10, 0)
    state = second.state()
    assert state.used == 30
    assert 55.0 < state.resets_in <= 60.0


def test_a_shared_budget_is_new_after_its_window(shared: SharedState) -> None:
    budget = SymbolBudget("yfinance", symbols=3, window=0.1, shared=shared)
    assert budget.take(3) == 3
    budget.pause()
    assert budget.take(3) == 3


def test_asking_for_the_state_takes_nothing(shared: SharedState) -> None:
    budget = SymbolBudget("yfinance", symbols=3, window=60.0, shared=shared)
    assert budget.state().used == 0
    assert budget.take(3) == 3
