"""Which pages of other sites a browser lets read our answers."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client

FRIEND, STRANGER = "https://app.example.com", "https://evil.example.net"
PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,idempotency-key"}
ALLOWED = "Access-Control-Allow-Origin"


@pytest.fixture(autouse=True)
def friends(settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = [FRIEND]


def test_a_named_page_may_ask_with_cookies_and_read_the_answer(client: Client) -> None:
    answer = client.get("/api/v1/auth/me", headers={"Origin": FRIEND})
    assert answer.status_code == 401
    assert (answer[ALLOWED], answer["Access-Control-Allow-Credentials"]) == (FRIEND, "true")
    assert "origin" in answer["Vary"].lower()
    assert "content-disposition" in answer["Access-Control-Expose-Headers"]


def test_its_preflight_is_answered_before_anybody_logs_in(client: Client) -> None:
    answer = client.options("/api/v1/portfolios", headers={"Origin": FRIEND, **PREFLIGHT})
    assert (answer.status_code, answer[ALLOWED]) == (200, FRIEND)
    assert "idempotency-key" in answer["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(
    "origin", [STRANGER, "null", f"{FRIEND}.evil.example.net", FRIEND.replace("https", "http"), f"{FRIEND}:8443"]
)
def test_other_pages_read_nothing(client: Client, origin: str) -> None:
    for answer in (
        client.get("/api/v1/auth/me", headers={"Origin": origin}),
        client.options("/api/v1/portfolios", headers={"Origin": origin, **PREFLIGHT}),
    ):
        assert ALLOWED not in answer
        assert "Access-Control-Allow-Credentials" not in answer


def test_refusals_by_size_can_be_read_too(client: Client, settings: Any) -> None:
    settings.API_MAX_BODY_BYTES = 10
    answer = client.post("/api/v1/portfolios", {"name": "long enough"}, "application/json", headers={"Origin": FRIEND})
    assert (answer.status_code, answer[ALLOWED]) == (413, FRIEND)


# Django looks after the connections that earlier tests left to this thread, at the beginning and the end of every request.
@pytest.mark.django_db(databases=["default", "ai"])
@pytest.mark.parametrize(("origin", "allowed"), [(FRIEND, True), (STRANGER, False)])
def test_streamed_answers_follow_the_same_list(origin: str, allowed: bool) -> None:
    async def ask() -> Any:
        return await AsyncClient().post("/api/v1/chat/send", {}, "application/json", headers={"Origin": origin})

    answer = async_to_sync(ask)()
    assert answer.status_code == 401
    assert (answer.get(ALLOWED) == origin) is allowed


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/admin/login/", "/health/live"])
def test_the_console_is_for_no_other_page(client: Client, path: str) -> None:
    assert ALLOWED not in client.get(path, headers={"Origin": FRIEND})
