from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache

from assistant.services import threads
from assistant.services.insight_evidence import Evidence, gather
from portfolios.models import Portfolio, User
from tests.assistant.tools.asking import books_of, person
from tests.fake_ai.server import KEY, FakeAI, running


@pytest.fixture(autouse=True)
def no_model(settings: Any) -> None:
    """Rules write, whatever the machine has in its environment; nothing was asked before."""
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""
    cache.clear()


@pytest.fixture
def hedge_fund(demo_results: Any, db: None) -> Portfolio:
    return books_of(person("demo_hedgefundstyle"))[0]


@pytest.fixture
def owner(hedge_fund: Portfolio) -> User:
    return hedge_fund.user


@pytest.fixture
def evidence(hedge_fund: Portfolio) -> Evidence:
    return gather(hedge_fund.user, hedge_fund)


@pytest.fixture(scope="package")
def loopback() -> Iterator[FakeAI]:
    with running() as fake:
        yield fake


@pytest.fixture
def vendor(settings: Any, no_model: None, loopback: FakeAI) -> Iterator[FakeAI]:
    """A vendor of models on this machine, and settings that name it."""
    loopback.forget()
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = KEY, loopback.url
    settings.AI_PRICES = {settings.OPENAI_MODEL: [0.25, 2.0]}
    yield loopback
    # The threads' connections are to the demo's database, which is not that of the next module.
    for pool in (threads._threads, threads._patient_threads):
        pool().shutdown()
        pool.cache_clear()
