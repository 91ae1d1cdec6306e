"""The web application as it is served, on a copy of the demo's books, with the loopback vendor behind it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from django.core.cache import cache
from django.db import connections

from tests.assistant.chat.reading import Person
from tests.demo_fixtures import DemoResults, copied_for
from tests.fake_ai.server import KEY, FakeAI, running


@pytest.fixture(scope="package")
def vendor() -> Iterator[FakeAI]:
    with running() as fake:
        yield fake


@pytest.fixture(scope="package")
def served(demo_database: DemoResults, django_db_blocker: Any) -> Iterator[str]:
    """Address of the application. What it writes is committed, in a database of its own."""
    from sigmasight.asgi import application

    with django_db_blocker.unblock(), copied_for(demo_database, "chat"):
        configuration = uvicorn.Config(
            application, host="127.0.0.1", port=0, lifespan="off", log_level="critical", loop="asyncio", timeout_graceful_shutdown=2,
        )  # fmt: skip
        server = uvicorn.Server(configuration)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/api/v1"
        server.should_exit = True
        thread.join(20)
        connections.close_all()


@pytest.fixture(autouse=True)
def _quick(settings: Any, vendor: FakeAI, served: str) -> None:
    """Nothing scripted or counted from the test before; waits that a test can afford."""
    vendor.forget()
    cache.clear()
    settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = vendor.url, KEY
    settings.OPENAI_TIMEOUT_SECONDS = 5.0
    settings.CHAT_BACKOFF_SECONDS = 0.01


@pytest.fixture
def person(served: str, demo_database: DemoResults) -> Callable[..., Person]:
    """A person with a conversation, by account."""

    def make(account: str = "demo_hedgefundstyle", **context: Any) -> Person:
        return Person(served, demo_database.bearer(account), context)

    return make
