"""The breaker: closed, open, half open, and closed again; alone and shared."""

from __future__ import annotations

import time

import pytest

from marketdata.providers.breaker import Breaker, BreakerState
from marketdata.providers.shared_state import SharedState
from tests.marketdata.providers.test_limits import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("fmp", threshold=3, rest=60.0, longest_rest=200.0, clock=clock)


def test_it_opens_after_failures_in_a_row(breaker: Breaker) -> None:
    for _ in range(2):
        breaker.failure()
    assert breaker.admit().allowed
    breaker.failure()
    admission = breaker.admit()
    assert not admission.allowed
    assert admission.retry_after == 60.0
    assert breaker.status().state is BreakerState.OPEN


def test_a_success_between_starts_the_count_again(breaker: Breaker) -> None:
    for _ in range(2):
        breaker.failure()
    breaker.success()
    for _ in range(2):
        breaker.failure()
    assert breaker.admit().allowed


def test_after_the_rest_one_request_tries(breaker: Breaker, clock: Clock) -> None:
    breaker.failure(at_once=True)
    clock.sleep(60.0)
    assert breaker.admit().probe
    assert not breaker.admit().allowed
    breaker.success()
    assert breaker.admit().allowed
    assert breaker.status().failures == 0


def test_a_failed_try_doubles_the_rest_up_to_the_longest(breaker: Breaker, clock: Clock) -> None:
    breaker.failure(at_once=True)
    rests = []
    for _ in range(4):
        rests.append(breaker.admit().retry_after)
        clock.sleep(rests[-1])
        assert breaker.admit().probe
        breaker.failure()
    assert rests == [60.0, 120.0, 200.0, 200.0]


def test_it_rests_as_long_as_the_source_asks(breaker: Breaker) -> None:
    breaker.failure(at_once=True, retry_after=150.0)
    assert breaker.admit().retry_after == 150.0


def test_a_late_success_does_not_wake_it(breaker: Breaker) -> None:
    breaker.failure(at_once=True)
    breaker.success()
    assert not breaker.admit().allowed


def test_a_lost_try_is_given_up(breaker: Breaker, clock: Clock) -> None:
    breaker.failure(at_once=True)
    clock.sleep(60.0)
    assert breaker.admit().probe
    clock.sleep(breaker.probe_lease)
    assert breaker.admit().probe


def test_shared_workers_see_one_breaker(shared: SharedState) -> None:
    mine, theirs = (Breaker("fmp", threshold=2, rest=60.0, shared=shared) for _ in range(2))
    mine.failure()
    assert theirs.status().failures == 1
    theirs.failure()
    assert not mine.admit().allowed
    assert mine.status().state is BreakerState.OPEN
    assert 55.0 < mine.status().open_for <= 60.0


def test_shared_half_open_lets_one_of_all_try(shared: SharedState) -> None:
    mine, theirs = (Breaker("fmp", rest=0.05, shared=shared) for _ in range(2))
    mine.failure(at_once=True)
    time.sleep(0.06)
    assert mine.admit().probe
    assert not theirs.admit().allowed
    assert theirs.status().state is BreakerState.HALF_OPEN
    mine.success()
    assert theirs.admit().allowed
    assert theirs.status().state is BreakerState.CLOSED


def test_shared_rests_grow_and_a_late_success_does_not_end_them(shared: SharedState) -> None:
    breaker = Breaker("fmp", rest=0.05, shared=shared)
    breaker.failure(at_once=True)
    time.sleep(0.06)
    breaker.admit()
    breaker.failure()
    breaker.success()
    assert 0.05 < breaker.admit().retry_after <= 0.1


def test_shared_breaker_obeys_retry_after(shared: SharedState) -> None:
    breaker = Breaker("fmp", rest=0.05, shared=shared)
    breaker.failure(at_once=True, retry_after=30.0)
    assert 25.0 < breaker.admit().retry_after <= 30.0


def test_without_a_server_it_works_in_the_process() -> None:
    breaker = Breaker("fmp", threshold=1, shared=SharedState.at("redis://127.0.0.1:9/0"))
    breaker.failure()
    assert not breaker.admit().allowed
