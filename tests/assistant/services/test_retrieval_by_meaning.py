"""What is found with embeddings: by meaning and by words together, above a threshold, within the scopes, and without a vendor."""

from __future__ import annotations

import math
import time
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections

from assistant.llm.client import ModelError
from assistant.models import EMBEDDING_DIMENSIONS, KnowledgeDocument
from assistant.services import embeddings, retrieval
from assistant.services.embeddings import embed
from assistant.services.knowledge import store_document
from assistant.services.retrieval import examples_for, retrieve
from assistant.services.seeding import own_texts, seed_knowledge
from tests.assistant.vendor import Vendor, vector_of

pytestmark = pytest.mark.django_db(databases=["default", "ai"])


def found(question: str, **values: Any) -> list[retrieval.Passage]:
    given: dict[str, Any] = {"portfolio_ids": [], "page_hint": None, "route": None} | values
    return retrieve(uuid4(), question, **given)


def test_the_seed_embeds_title_and_text_once(vendor: Vendor) -> None:
    total = len(own_texts())
    first = seed_knowledge()
    assert (first.embedded, first.embedding_missing) == (total, 0)
    assert sorted(vendor.texts()) == sorted(f"{text.title}\n\n{text.content}" for text in own_texts())
    requests = len(vendor.asked)
    assert requests <= 2
    second = seed_knowledge()
    assert (second.written, second.embedded, len(vendor.asked)) == (0, 0, requests)


def test_real_questions_find_the_text_that_answers_them(vendor: Vendor) -> None:
    seed_knowledge()
    answers = {
        "what does VaR mean": "measure-value-at-risk",
        "why is my beta above one": "measure-market-beta",
        "what happens if interest rates rise": "faq-interest-rates",
        "how do I hedge my portfolio": "faq-reduce-risk-hedge",
        "what is an expected shortfall": "measure-expected-shortfall",
        "option greeks delta and theta": "engine-option-greeks",
    }
    assert {question: found(question)[0].slug for question in answers} == answers
    assert all(one.similarity >= retrieval.SIMILAR_ENOUGH for one in found("what does VaR mean"))
    assert [q for q in ("who won the world cup", "write a poem about the sea", "hello there") if found(q)] == []


def test_other_words_of_the_same_meaning_are_found(vendor: Vendor, settings: Any) -> None:
    store_document(scope="global", slug="vol", title="Volatility", content="How large usual moves are.")
    store_document(scope="global", slug="tax", title="Taxes", content="What is owed.")
    assert [one.slug for one in found("a wobbly book")] == ["vol"]
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""
    assert found("a wobbly book") == []


def test_both_ways_together_rank_first(vendor: Vendor) -> None:
    store_document(scope="global", slug="both", title="Covenant", content="A promise of a borrower.")
    store_document(
        scope="global", slug="words", title="Loan covenant reports due monthly", content="A covenant covenant."
    )
    ranked = found("covenant")
    assert [one.slug for one in ranked] == ["both", "words"]
    assert ranked[0].score == pytest.approx(1 / 61 + 1 / 61, abs=1e-3)
    assert ranked[0].similarity == pytest.approx(
        sum(
            a * b for a, b in zip(vector_of("covenant"), vector_of("Covenant\n\nA promise of a borrower."), strict=True)
        ),
        abs=1e-3,
    )


def test_words_in_common_are_not_enough_where_meanings_can_be_compared(vendor: Vendor, settings: Any) -> None:
    content = "covenant " + " ".join(f"word{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(400))
    store_document(
        scope="global", slug="far", title="Something else of many different words altogether", content=content
    )
    assert found("covenant") == []
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""
    assert [one.slug for one in found("covenant")] == ["far"]


def test_a_selective_scope_still_gets_its_documents(vendor: Vendor) -> None:
    """Two hundred nearer texts of other scopes do not hide the two of this one, though the index is used."""
    near, far = [1.0] + [0.0] * (EMBEDDING_DIMENSIONS - 1), math.sqrt(0.5)
    KnowledgeDocument.objects.bulk_create(
        KnowledgeDocument(
            scope=f"page:{number}" if number < 200 else "global", slug=f"n{number}", title=f"T{number}", content="x",
            content_hash="", embedding_model="text-embedding-3-small",
            embedding=near if number < 200 else [far, *([0.0] * number), far, *([0.0] * (EMBEDDING_DIMENSIONS - number - 2))],
        )
        for number in range(202)
    )  # fmt: skip
    with connections["ai"].cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM ai_kb_documents WHERE scope IN ('global') ORDER BY embedding <=> %s::vector LIMIT 20",
            [str(near)],
        )
        assert "knowledge_document_embedding" in " ".join(line for (line,) in cursor.fetchall())
    assert [near for _, near in retrieval._by_meaning(["global"], near)] == [pytest.approx(far, abs=1e-3)] * 2


def test_vectors_of_another_model_are_not_compared_and_are_made_anew(vendor: Vendor, settings: Any) -> None:
    store_document(scope="global", slug="a", title="Covenant", content="A promise.")
    settings.OPENAI_EMBEDDING_MODEL = "another-model"
    assert [(one.slug, one.similarity) for one in found("covenant")] == [("a", None)]
    assert store_document(scope="global", slug="a", title="Covenant", content="A promise.").embedded == 1
    assert found("covenant")[0].similarity > 0.5


def test_examples_must_be_close(vendor: Vendor) -> None:
    user_id = uuid4()
    for slug, title in (("beta", "Why is my beta above one?"), ("dividends", "Which holdings pay dividends in March?")):
        store_document(scope=f"user:{user_id}", slug=slug, title=title, content="An answer.")
    assert [one.slug for one in examples_for(user_id, "why is beta above one")] == ["beta"]
    assert examples_for(user_id, "beta of utilities funds against treasury yields") == []


@pytest.mark.parametrize("status", [401, 429, 500])
def test_words_alone_serve_while_the_vendor_is_down(vendor: Vendor, status: int) -> None:
    store_document(scope="global", slug="a", title="Covenant", content="A promise.")
    vendor.fails = status
    assert [(one.slug, one.similarity) for one in found("covenant")] == [("a", None)]
    asked = len(vendor.asked)
    assert found("another covenant") != []
    assert len(vendor.asked) == asked
    vendor.fails = 0
    embeddings.rest.end()
    assert found("another covenant")[0].similarity is not None


def test_a_slow_vendor_is_not_waited_for(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    store_document(scope="global", slug="a", title="Covenant", content="A promise.")
    monkeypatch.setattr(embeddings, "QUESTION_SECONDS", 0.3)
    vendor.slow = 5
    started = time.monotonic()
    assert [one.slug for one in found("covenant")] == ["a"]
    assert time.monotonic() - started < 1.5


def test_texts_are_stored_while_the_vendor_is_down_and_embedded_later(vendor: Vendor) -> None:
    vendor.fails = 503
    stored = store_document(scope="global", slug="a", title="Covenant", content="A promise.")
    assert (stored.changed, stored.embedded, stored.embedding_missing) == (True, 0, 1)
    vendor.fails = 0
    again = store_document(scope="global", slug="a", title="Covenant", content="A promise.")
    assert (again.id, again.changed, again.embedded, again.embedding_missing) == (stored.id, True, 1, 0)


def test_vectors_keep_the_order_of_their_texts(vendor: Vendor) -> None:
    texts = [f"text {chr(97 + number % 26)}{chr(97 + number // 26)}" for number in range(150)]
    vectors = embed(texts)
    assert len(vectors) == 150
    assert vectors[149] == pytest.approx(vector_of(texts[149]), abs=1e-6)
    assert embed([]) == []


def test_without_a_key_nothing_is_embedded(settings: Any) -> None:
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""
    with pytest.raises(ModelError, match="OPENAI_API_KEY"):
        embed(["x"])


def test_one_turn_embeds_its_question_once(vendor: Vendor) -> None:
    user_id = uuid4()
    retrieve(user_id, "covenant", portfolio_ids=[], page_hint=None, route=None)
    examples_for(user_id, "covenant")
    assert len(vendor.asked) == 1
