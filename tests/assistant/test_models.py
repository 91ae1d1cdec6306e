from __future__ import annotations

from uuid import uuid4

import pytest
from django.contrib.postgres.search import SearchQuery, SearchRank
from django.db import IntegrityError, connections, transaction
from django.db.models import F
from pgvector.django import CosineDistance

from assistant.models import (
    EMBEDDING_DIMENSIONS,
    Annotation,
    Conversation,
    Feedback,
    Insight,
    KnowledgeDocument,
    Memory,
    Message,
)
from tests.factories import PortfolioFactory, UserFactory

pytestmark = pytest.mark.django_db(databases=["default", "ai"])


def vector(*head: float) -> list[float]:
    return [*head, *([0.0] * (EMBEDDING_DIMENSIONS - len(head)))]


def document(slug: str, content: str = "", **changes: object) -> KnowledgeDocument:
    values = {"scope": "global", "title": slug, "content": content, "content_hash": ""} | changes
    return KnowledgeDocument.objects.create(slug=slug, **values)


def test_documents_are_found_by_meaning() -> None:
    document("beta", embedding=vector(1.0, 0.1))
    document("sectors", embedding=vector(0.0, 1.0))
    document("unembedded")
    # Rows that other tests took back are in the index still: without it a search ends before it has seen all that stand.
    with connections["ai"].cursor() as cursor:
        cursor.execute("SET LOCAL hnsw.iterative_scan = strict_order")
    nearest = KnowledgeDocument.objects.exclude(embedding=None).order_by(CosineDistance("embedding", vector(1.0)))
    assert [found.slug for found in nearest] == ["beta", "sectors"]


def test_documents_are_found_by_words_and_titles_count_more() -> None:
    document("a", "Nothing of the kind, though volatility is named once.")
    document("b", "How much prices move.", title="Volatility")
    document("c", "Sector weights")
    found = (
        KnowledgeDocument.objects.annotate(rank=SearchRank(F("search"), SearchQuery("volatility", config="english")))
        .filter(search=SearchQuery("volatility", config="english"))
        .order_by("-rank")
    )
    assert [hit.slug for hit in found] == ["b", "a"]


def test_a_chunk_is_stored_once() -> None:
    document("beta")
    with pytest.raises(IntegrityError, match="knowledge_document_unique"), transaction.atomic(using="ai"):
        document("beta")


def test_the_vector_index_answers_by_cosine() -> None:
    with connections["ai"].cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE tablename = 'ai_kb_documents'")
        definitions = " ".join(definition for (definition,) in cursor.fetchall())
    assert "USING hnsw (embedding vector_cosine_ops)" in definitions
    assert "USING gin (search)" in definitions


def test_an_answer_is_rated_once() -> None:
    message_id = uuid4()
    Feedback.objects.create(message_id=message_id, user_id=uuid4(), rating="up")
    with pytest.raises(IntegrityError, match="message_id"), transaction.atomic(using="ai"):
        Feedback.objects.create(message_id=message_id, user_id=uuid4(), rating="down")


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"scope": "user"}, "memory_belongs_to_somebody"),
        ({"scope": "portfolio", "user_id": uuid4()}, "memory_names_its_portfolio"),
        ({"scope": "tenant", "user_id": uuid4()}, "memory_scope_valid"),
    ],
)
def test_a_memory_belongs_to_somebody(values: dict[str, object], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic(using="ai"):
        Memory.objects.create(content="prefers short answers", **values)


def test_an_annotation_is_pending_at_first() -> None:
    annotation = Annotation.objects.create(
        message_id=uuid4(), admin_user_id=uuid4(), annotation_type="flag", content="x"
    )
    assert annotation.status == "pending"


def test_a_conversation_goes_with_its_user_and_its_messages() -> None:
    conversation = Conversation.objects.create(user=UserFactory())
    Message.objects.create(conversation=conversation, role="user", content="What am I exposed to?")
    conversation.user.delete()
    assert not Message.objects.exists()


def test_unknown_modes_roles_and_types_are_refused() -> None:
    conversation = Conversation.objects.create(user=UserFactory())
    with pytest.raises(IntegrityError, match="conversation_mode_valid"), transaction.atomic():
        Conversation.objects.create(user=conversation.user, mode="red")
    with pytest.raises(IntegrityError, match="message_role_valid"), transaction.atomic():
        Message.objects.create(conversation=conversation, role="robot")
    with pytest.raises(IntegrityError, match="insight_type_valid"), transaction.atomic():
        Insight.objects.create(portfolio=PortfolioFactory(), insight_type="horoscope", title="x", summary="x")
