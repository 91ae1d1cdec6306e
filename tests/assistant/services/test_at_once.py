"""Many who write at once: no memory too many or twice, no text half one and half the other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections

from assistant.models import KnowledgeDocument, Memory
from assistant.services.knowledge import store_document
from assistant.services.memories import remember

pytestmark = pytest.mark.django_db(databases=["ai"], transaction=True)


def at_once(work: Callable[[int], Any], times: int) -> list[Any]:
    def run(number: int) -> Any:
        try:
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(6) as pool:
        return list(pool.map(run, range(times)))


def test_memories_are_fifty_at_most_and_none_twice() -> None:
    user_id = uuid4()
    Memory.objects.bulk_create(Memory(user_id=user_id, scope="user", content=f"old fact {n:02}") for n in range(48))
    at_once(lambda number: remember(user_id, f"new fact {number % 6}", scope="user"), 24)
    contents = list(Memory.objects.filter(user_id=user_id).values_list("content", flat=True))
    assert len(contents) == len(set(contents)) == 50
    assert {f"new fact {number}" for number in range(6)} <= set(contents)


def test_a_text_is_one_of_those_stored_and_keeps_one_id(settings: Any) -> None:
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""
    texts = ["short", " ".join(f"Sentence {number} of the long one." for number in range(300))]
    stored = at_once(lambda number: store_document(scope="global", slug="x", title="X", content=texts[number % 2]), 12)
    rows = list(KnowledgeDocument.objects.order_by("chunk_no"))
    assert len({one.id for one in stored[2:]} | {rows[0].pk}) == 1
    assert [row.chunk_no for row in rows] == list(range(len(rows)))
    assert {row.parent_id for row in rows[1:]} <= {rows[0].pk}
    assert len(rows) == 1 if rows[0].content == "short" else len(rows) > 2
