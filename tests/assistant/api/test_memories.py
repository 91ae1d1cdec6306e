"""/chat/memories and /agent/memories: two forms of the same."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from assistant.models import Memory
from portfolios.models import User
from portfolios.services.tokens import issue_user_token
from tests.factories import PortfolioFactory, UserFactory

pytestmark = pytest.mark.django_db(databases=["default", "ai"])
CHAT, AGENT = "/api/v1/chat/memories", "/api/v1/agent/memories"


def client_of(user: User) -> Client:
    return Client(headers={"Authorization": f"Bearer {issue_user_token(user)[0]}"}, raise_request_exception=False)


def post(user: User, path: str, given: object, **headers: str) -> Any:
    return client_of(user).post(path, given, content_type="application/json", headers=headers)


def test_both_families_write_to_one_table() -> None:
    book = PortfolioFactory()
    first = post(book.user, CHAT, {"content": "Prefers tables"})
    assert (first.status_code, first.json()["scope"], first.json()["tags"]) == (201, "user", {})
    second = post(book.user, AGENT, {"content": "Pays for a house", "scope": "portfolio", "portfolio_id": str(book.pk)})
    assert (second.status_code, set(second.json())) == (200, {"id", "message"})
    client = client_of(book.user)
    chat, agent = client.get(CHAT).json(), client.get(AGENT).json()
    assert chat["memories"] == agent["memories"]
    assert [memory["tags"] for memory in chat["memories"]] == [{"portfolio_id": str(book.pk)}, {}]
    assert (chat["total"], chat["limit"], agent["total"]) == (2, 50, 2)
    assert client.get(f"{CHAT}/count").json() == {"count": 2, "max_allowed": 50}
    assert client.get(f"{AGENT}/count").json() == {"count": 2}


def test_too_long_is_refused_and_not_cut() -> None:
    user = UserFactory()
    answer = post(user, CHAT, {"content": "x" * 501})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "content"]
    assert post(user, CHAT, {"content": "x" * 500}).status_code == 201
    assert Memory.objects.count() == 1


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"content": "   "}, 400),
        ({"content": "x", "scope": "portfolio"}, 400),
        ({"content": ""}, 422),
        ({"content": "x", "scope": "global"}, 422),
        ({"content": "x", "tags": {"a": "\0"}}, 422),
        ({"content": "x", "tags": {"a": "x" * 3000}}, 422),
        ({"content": "x", "tags": [1]}, 422),
    ],
)
@pytest.mark.parametrize("path", [CHAT, AGENT])
def test_wrong_input_changes_nothing(path: str, given: dict[str, Any], status: int) -> None:
    answer = post(UserFactory(), path, given)
    assert (answer.status_code, bool(answer.json()["detail"])) == (status, True)
    assert not Memory.objects.exists()


def test_a_repetition_adds_nothing() -> None:
    user = UserFactory()
    answers = [post(user, CHAT, {"content": "Prefers tables"}, **{"Idempotency-Key": "once"}) for _ in range(2)]
    answers.append(post(user, CHAT, {"content": "Prefers tables"}))
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_somebody_elses_is_not_there() -> None:
    mine = Memory.objects.create(user_id=UserFactory().pk, scope="user", content="mine")
    stranger = client_of(UserFactory())
    for path in (CHAT, AGENT):
        assert stranger.delete(f"{path}/{mine.pk}").status_code == 404
        assert stranger.get(path).json()["memories"] == []
    assert stranger.delete(CHAT).json() == {"deleted": 0}
    assert Memory.objects.filter(pk=mine.pk).exists()


def test_forgetting_answers_with_a_body() -> None:
    user = UserFactory()
    ids = [Memory.objects.create(user_id=user.pk, scope="user", content=text).pk for text in "abcd"]
    client = client_of(user)
    assert client.delete(f"{CHAT}/{ids[0]}").json() == {"deleted": True, "id": str(ids[0])}
    assert client.delete(f"{AGENT}/{ids[1]}").json()["success"] is True
    assert client.delete(f"{CHAT}/{ids[0]}").status_code == 404
    assert client.delete(f"{CHAT}/nonsense").status_code == 422
    assert client.delete(CHAT).json() == {"deleted": 2}
    assert client.delete(AGENT).json() == {"success": True, "message": "0 memories deleted"}
