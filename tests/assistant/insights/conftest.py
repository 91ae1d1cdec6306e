from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache

from assistant.services import threads
from assistant.services.insight_evidence import Evidence, gather
from portfolios.models import Portfolio, User
from tests.assistant.insights.model import Model, running
from tests.assistant.tools.asking import books_of, person


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


@pytest.fixture
def model(settings: Any, no_model: None) -> Iterator[Model]:
    """A model on this machine, and settings that name it."""
    with running() as server:
        settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "test", server.url
        settings.AI_PRICES = {settings.OPENAI_MODEL: [0.25, 2.0]}
        yield server
    # Their connections are to the demo's database, which is not that of the next module.
    for pool in (threads._threads, threads._patient_threads):
        pool().shutdown()
        pool.cache_clear()
