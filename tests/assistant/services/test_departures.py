"""What the AI database keeps goes with the people and portfolios it is about."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from assistant.models import Conversation, Feedback, KnowledgeDocument, Memory, Message
from assistant.services.departures import forget_the_gone
from portfolios.models import User
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db(databases=["default", "ai"])


def keep(user_id: UUID, portfolio_id: UUID) -> None:
    Memory.objects.create(user_id=user_id, scope="user", content="of the person")
    Memory.objects.create(user_id=user_id, scope="portfolio", portfolio_id=portfolio_id, content="of the book")
    message = uuid4()
    if User.objects.filter(pk=user_id).exists():
        talk = Conversation.objects.create(user_id=user_id)
        message = Message.objects.create(conversation=talk, role="assistant", content="said").pk
    Feedback.objects.create(message_id=message, user_id=user_id, rating="up")
    for scope in (f"user:{user_id}", f"portfolio:{portfolio_id}"):
        KnowledgeDocument.objects.create(scope=scope, slug="x", title="x", content="x", content_hash="")


def test_only_what_belonged_to_the_gone_is_deleted() -> None:
    book, closed = PortfolioFactory(), PortfolioFactory()
    closed.deleted_at, closed.is_active = closed.created_at, False
    closed.save()
    for one in (book, closed):
        keep(one.user.pk, one.pk)
    keep(uuid4(), uuid4())
    unknown = uuid4()
    Memory.objects.create(user_id=book.user.pk, scope="portfolio", portfolio_id=unknown, content="of no book")
    KnowledgeDocument.objects.create(scope=f"portfolio:{unknown}", slug="x", title="x", content="x", content_hash="")
    Memory.objects.create(scope="global", content="of everybody")
    for scope in ("global", "user:nonsense"):
        KnowledgeDocument.objects.create(scope=scope, slug="y", title="y", content="y", content_hash="")
    assert forget_the_gone() == 5 + 2
    assert forget_the_gone() == 0
    assert {*Memory.objects.values_list("portfolio_id", flat=True)} == {None, book.pk, closed.pk}
    assert Feedback.objects.count() == 2
    assert {*KnowledgeDocument.objects.values_list("scope", flat=True)} == {
        f"portfolio:{book.pk}", f"portfolio:{closed.pk}", f"user:{book.user.pk}", f"user:{closed.user.pk}", "global", "user:nonsense",
    }  # fmt: skip
