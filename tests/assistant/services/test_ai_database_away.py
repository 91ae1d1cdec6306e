"""The AI database is away, busy or hangs: the assistant goes on without it after two seconds at most, and the core notices nothing."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import connections
from django.test import Client

from assistant.models import Memory
from assistant.services import ai_database
from assistant.services.knowledge import store_document
from assistant.services.memories import memories_for_prompt
from assistant.services.retrieval import examples_for, retrieve
from portfolios.services.tokens import issue_user_token
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db(databases=["default", "ai"], transaction=True)
AI = connections["ai"]


@pytest.fixture(autouse=True)
def _without_key(settings: Any) -> Iterator[None]:
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""
    ai_database.rest.end()
    yield
    ai_database.rest.end()


@contextmanager
def locked() -> Iterator[None]:
    """Somebody holds both tables, so that every read waits until the server ends it."""
    settings = AI.settings_dict
    with psycopg.connect(
        host=settings["HOST"], port=settings["PORT"], user=settings["USER"], password=settings["PASSWORD"],
        dbname=settings["NAME"],
    ) as other:  # fmt: skip
        other.execute("LOCK TABLE ai_kb_documents, ai_memories IN ACCESS EXCLUSIVE MODE")
        yield
        other.rollback()


@contextmanager
def hanging() -> Iterator[None]:
    """The server's process behind our connection is stopped: it neither answers nor hangs up, and no timeout of its own acts."""
    with AI.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
        AI.close()


@contextmanager
def silent() -> Iterator[None]:
    """Something takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield from _elsewhere(server.getsockname()[1])


@contextmanager
def away() -> Iterator[None]:
    """Nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    yield from _elsewhere(port)


def _elsewhere(port: int) -> Iterator[None]:
    before = AI.settings_dict["PORT"]
    AI.close()
    AI.settings_dict["PORT"] = str(port)
    try:
        yield
    finally:
        AI.close()
        AI.settings_dict["PORT"] = before


@pytest.mark.parametrize("outage", [locked, hanging, silent, away])
def test_a_turn_waits_two_seconds_at_most_and_goes_on_without_it(outage: Any) -> None:
    user_id, book = uuid4(), PortfolioFactory()
    store_document(scope="global", slug="var", title="Value at risk", content="A loss that is rarely exceeded.")
    store_document(
        scope=f"user:{user_id}", slug="one", title="What does VaR mean?", content="Value at risk, explained."
    )
    Memory.objects.create(user_id=user_id, scope="user", content="Prefers tables")

    def ask() -> tuple[list[Any], ...]:
        question = "what is value at risk"
        return (
            retrieve(user_id, question, portfolio_ids=[book.pk], page_hint=None, route=None),
            examples_for(user_id, question),
            memories_for_prompt(user_id, book.pk),
        )

    assert all(ask())
    with outage():
        started = time.monotonic()
        assert ask() == ([], [], [])
        assert time.monotonic() - started < 3
    ai_database.rest.end()
    assert all(ask())


def test_people_are_told_and_the_core_answers() -> None:
    book = PortfolioFactory()
    client = Client(headers={"Authorization": f"Bearer {issue_user_token(book.user)[0]}"})
    with away():
        answer = client.get("/api/v1/chat/memories")
        assert answer.status_code == 503
        assert "try again" in answer.json()["detail"]
        written = client.post("/api/v1/chat/memories", {"content": "x"}, content_type="application/json")
        assert written.status_code == 503
        assert client.get("/api/v1/auth/me").status_code == 200
        assert client.get("/api/v1/portfolios").status_code == 200
    assert client.get("/api/v1/chat/memories").json()["memories"] == []


def test_what_comes_just_in_time_is_not_cut_off() -> None:
    for _ in range(3):
        with ai_database.within_budget(0.5), AI.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.2)")
    time.sleep(0.4)
    with AI.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    assert threading.active_count() < 20
