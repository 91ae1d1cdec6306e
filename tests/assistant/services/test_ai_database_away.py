"""The AI database is away, busy or hangs: the assistant goes on without it after two seconds at most, and the core notices nothing."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from assistant.alerts import ai_database_away
from assistant.models import Memory
from assistant.prompts.system import PromptContext, instructions
from assistant.services import ai_database
from assistant.services.knowledge import store_document
from assistant.services.memories import memories_for_prompt
from assistant.services.retrieval import examples_for, retrieve
from portfolios.services.tokens import issue_user_token
from tests.assistant.outages import AI, away, hanging, locked, silent, slow
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db(databases=["default", "ai"], transaction=True)


@pytest.fixture(autouse=True)
def _without_key(settings: Any) -> Iterator[None]:
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""
    ai_database.rest.end()
    yield
    ai_database.rest.end()


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


def test_a_database_that_is_slow_has_two_seconds_for_all_of_a_prompt() -> None:
    book = PortfolioFactory()
    store_document(scope=f"user:{book.user.pk}", slug="one", title="What is beta?", content="Value at risk, explained.")
    Memory.objects.create(user_id=book.user.pk, scope="user", content="Prefers tables")
    asked = PromptContext(book.user, "green", "gpt-5-mini", portfolio_id=book.pk, query="what is beta")
    assert all(kind in instructions(asked) for kind in ('kind="memories"', 'kind="examples"'))
    # Ten answers and more: each of the three readings would be done within its own two seconds.
    with slow(0.2):
        text = instructions(asked)
    assert 'kind="examples"' not in text
    ai_database.rest.end()
    assert 'kind="examples"' in instructions(asked)


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


def test_whoever_watches_hears_of_it_until_it_is_back() -> None:
    with away():
        (found,) = ai_database_away()
        assert "does not answer within two seconds" in found.message
    assert list(ai_database_away()) == []


def test_what_comes_just_in_time_is_not_cut_off() -> None:
    for _ in range(3):
        with ai_database.within_budget(0.5), AI.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.2)")
    time.sleep(0.4)
    with AI.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    assert not [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
