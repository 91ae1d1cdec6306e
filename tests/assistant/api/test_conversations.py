"""POST /chat/conversations, as the frontend calls it right after login."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from assistant.models import Conversation
from portfolios.models import User, UserActivityEvent
from portfolios.services.tokens import issue_user_token
from tests.factories import PortfolioFactory

pytestmark = pytest.mark.django_db
PATH = "/api/v1/chat/conversations"


def post(user: User, given: object, **headers: str) -> Any:
    headers |= {"Authorization": f"Bearer {issue_user_token(user)[0]}"}
    return Client().post(PATH, given, content_type="application/json", headers=headers)


def test_login_opens_a_conversation() -> None:
    book = PortfolioFactory()
    answer = post(book.user, {"title": "Chat", "mode": "green"})
    assert answer.status_code == 201
    talk = Conversation.objects.get(user=book.user)
    assert answer.json()["id"] == answer.json()["conversation_id"] == str(talk.pk)
    assert answer.json()["created_at"].endswith("Z")
    event = UserActivityEvent.objects.get(event_type="chat.session_start")
    assert (event.user, event.event_data) == (book.user, {"conversation_id": str(talk.pk)})


def test_nulls_are_as_if_left_out() -> None:
    book = PortfolioFactory()
    given = {"portfolio_id": None, "portfolio_ids": None, "page_hint": None, "route": None}
    assert post(book.user, given).status_code == 201
    assert Conversation.objects.get().metadata == {"portfolio_id": str(book.pk)}


def test_a_repetition_opens_nothing_new() -> None:
    book = PortfolioFactory()
    answers = [post(book.user, {"mode": "blue"}, **{"Idempotency-Key": "once"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert Conversation.objects.count() == 1


@pytest.mark.parametrize("given", [{"mode": "red"}, {"portfolio_id": "nonsense"}, {"portfolio_ids": "nonsense"}])
def test_wrong_input_is_named(given: dict[str, Any]) -> None:
    answer = post(PortfolioFactory().user, given)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", *given]


def test_a_foreign_book_is_not_found() -> None:
    answer = post(PortfolioFactory().user, {"portfolio_id": str(PortfolioFactory().pk)})
    assert (answer.status_code, answer.json()) == (404, {"detail": "Portfolio not found"})
    assert not Conversation.objects.exists()
