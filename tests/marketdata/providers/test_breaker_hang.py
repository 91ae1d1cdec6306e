"""A source that hangs is left alone after one request for several symbols, a slow one is not."""

from __future__ import annotations

import pytest

from marketdata.providers.base import Outcome, ProviderError
from marketdata.providers.breaker import Breaker, BreakerState
from marketdata.providers.sources import tell_breaker


def errors(outcome: Outcome, count: int) -> dict[str, ProviderError]:
    return {f"S{n}": ProviderError("slow", outcome, "no answer") for n in range(count)}


@pytest.mark.parametrize(
    ("outcome", "symbols", "found", "state"),
    [
        (Outcome.TIMEOUT, 3, False, BreakerState.OPEN),
        (Outcome.TIMEOUT, 2, False, BreakerState.CLOSED),
        (Outcome.TIMEOUT, 3, True, BreakerState.CLOSED),
        (Outcome.UNREACHABLE, 3, False, BreakerState.CLOSED),
    ],
)
def test_state_after_one_request(outcome: Outcome, symbols: int, found: bool, state: BreakerState) -> None:
    breaker = Breaker("slow", threshold=3)
    tell_breaker(breaker, found, errors(outcome, symbols))
    assert breaker.status().state is state
