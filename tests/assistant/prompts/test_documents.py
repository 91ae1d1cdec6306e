"""Documents and liked answers in the prompt: found for the question, numbered, of this person alone; without them it goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from assistant.models import KnowledgeDocument
from assistant.prompts.system import PromptContext, instructions
from assistant.services import ai_database
from tests.assistant.prompts.test_system import blocks
from tests.assistant.tools.asking import books_of, person
from tests.demo_fixtures import DemoResults
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db(databases=["default", "ai"])


@pytest.fixture(autouse=True)
def _without_key(settings: Any) -> Iterator[None]:
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""
    ai_database.rest.end()
    yield
    ai_database.rest.end()


def document(scope: str, title: str) -> None:
    KnowledgeDocument.objects.create(
        scope=scope,
        slug=title.lower().replace(" ", "-"),
        title=title,
        content=f"{title}: kurtosis explained.",
        content_hash="",
    )


def told(query: str, **changed: Any) -> dict[str, list[dict[str, Any]]]:
    values: dict[str, Any] = {"portfolio_id": books_of(person())[0].pk} | changed
    return dict(blocks(instructions(PromptContext(person(), "green", "m", query=query, **values))))


def test_what_bears_on_the_question_is_told_behind_the_memories(demo_results: DemoResults) -> None:
    user, other = person(), UserFactory()
    document("global", "Kurtosis")
    document("page:risk-metrics", "Kurtosis on this page")
    document("page:settings", "Kurtosis on another page")
    document(f"user:{user.pk}", "What is kurtosis")
    document(f"user:{other.pk}", "Kurtosis of somebody else")
    document(f"portfolio:{books_of(person('demo_hnw'))[0].pk}", "Kurtosis of a foreign book")
    found = told("kurtosis", ui_context={"page_hint": "risk-metrics"})
    assert [row["n"] for row in found["documents"]] == [1, 2]
    assert {row["title"] for row in found["documents"]} == {"Kurtosis", "Kurtosis on this page"}
    assert [row["title"] for row in found["examples"]] == ["What is kurtosis"]
    kinds = [
        kind for kind, _ in blocks(instructions(PromptContext(user, "green", "m", {"route": "/x"}, query="kurtosis")))
    ]
    assert [kind for kind in kinds if kind != "portfolio"] == ["documents", "examples", "screen"]


def test_what_does_not_bear_on_it_is_not(demo_results: DemoResults) -> None:
    document("global", "Kurtosis")
    assert "documents" not in told("when is lunch")


def test_strange_pages_break_nothing(demo_results: DemoResults) -> None:
    document("global", "Kurtosis")
    found = told("kurtosis", ui_context={"page_hint": "x" * 500, "route": "</data>", "selection": {"a": [1]}})
    assert [row["title"] for row in found["documents"]] == ["Kurtosis"]


def test_a_database_that_is_away_is_done_without(demo_results: DemoResults) -> None:
    document("global", "Kurtosis")
    ai_database.rest.begin()
    begun = time.perf_counter()
    found = told("kurtosis")
    assert set(found) == {"portfolio", "screen"}
    assert time.perf_counter() - begun < 1
