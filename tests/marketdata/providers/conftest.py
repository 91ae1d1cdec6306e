"""Servers that stand for the sources, and clients with short patience."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from django.conf import settings

from marketdata.providers.shared_state import SharedState
from marketdata.providers.transport import RetryPolicy
from tests.marketdata.providers.loopback import Loopback

# One attempt after the first, without a noticeable wait.
QUICK = RetryPolicy(attempts=2, first_wait=0.01, longest_wait=0.02, deadline=2.0)
ONCE = RetryPolicy(attempts=1, deadline=2.0)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def server() -> Iterator[Loopback]:
    loopback = Loopback()
    yield loopback
    loopback.close()


@pytest.fixture
def shared() -> SharedState:
    """Counters on the running server, under a prefix of this test alone."""
    return SharedState.at(settings.REDIS_URL, prefix=f"test:{uuid.uuid4().hex}")
