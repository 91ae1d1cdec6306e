"""Every operation over the AI database says 503 while it is away; those of the core answer as always."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client

from assistant.models import Annotation, Conversation, Feedback, Memory, Message
from assistant.services import ai_database
from portfolios.services.tokens import issue_admin_token, issue_user_token
from tests.assistant.outages import away
from tests.contract.examples import EXAMPLES
from tests.contract.holdings import Holdings
from tests.contract.operations import all_operations
from tests.contract.requests import send
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db(databases=["default", "ai"], transaction=True)

GROUPS = (
    "/api/v1/admin/ai/",
    "/api/v1/admin/feedback/",
    "/api/v1/chat/messages/",
    "/api/v1/chat/memories",
    "/api/v1/agent/memories",
)
# Figures of requests and lists of conversations are of the core.
CORE = {"ai_metrics", "ai_latency", "ai_tokens", "ai_errors", "ai_tools", "ai_models", "tuning_conversations"}
OPERATIONS = [one for one in all_operations() if one.path.startswith(GROUPS)]


@pytest.fixture(autouse=True)
def _awake() -> Iterator[None]:
    cache.clear()
    ai_database.rest.end()
    yield
    ai_database.rest.end()


@pytest.fixture
def holdings() -> Holdings:
    book = PortfolioFactory(user__is_staff=True, user__is_superuser=True)
    talk = Conversation.objects.create(user=book.user)
    Message.objects.create(conversation=talk, role="user", content="How risky am I?")
    answer, rated = (Message.objects.create(conversation=talk, role="assistant", content="Not very.") for _ in "12")
    Feedback.objects.create(message_id=rated.pk, user_id=book.user.pk, rating="down", edited_text="Shorter.")
    note = Annotation.objects.create(
        message_id=answer.pk, admin_user_id=book.user.pk, annotation_type="flag", content="x"
    )
    known = {
        "user": book.user.pk, "portfolio": book.pk, "conversation": talk.pk, "message": answer.pk, "rated": rated.pk,
        "annotation": note.pk, "memory": Memory.objects.create(user_id=book.user.pk, scope="user", content="x").pk,
    }  # fmt: skip
    return Holdings(**{one.name: str(known.get(one.name, uuid4())) for one in fields(Holdings)})


def client_of(holdings: Holdings, *, admin: bool) -> Client:
    user = Conversation.objects.get(pk=holdings.conversation).user
    token = issue_admin_token(user, ip_address=None, user_agent="") if admin else issue_user_token(user)[0]
    return Client(headers={"Authorization": f"Bearer {token}"}, raise_request_exception=False)


def test_it_is_told_with_503(holdings: Holdings) -> None:
    clients = {admin: client_of(holdings, admin=admin) for admin in (True, False)}
    answers: dict[str, list[Any]] = {}
    with away():
        for one in OPERATIONS:
            examples = EXAMPLES[one.operation_id]
            answers[one.operation_id] = [send(clients[one.admin], one, example(holdings)) for example in examples]
    assert len(answers) == 44
    for name, told in answers.items():
        wanted = 200 if name in CORE else 503
        assert [answer.status_code for answer in told] == [wanted] * len(told), name
        assert wanted == 200 or all("try again" in answer.json()["detail"] for answer in told), name
