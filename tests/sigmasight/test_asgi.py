"""The way from the web server to Django and back: what arrives is what was sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from sigmasight import asgi

# Threads that answered another test's requests look after the connections they kept.
pytestmark = pytest.mark.django_db(databases=["default", "ai"])
Answer = tuple[int, list[tuple[str, str]], bytes]


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[HttpRequest]:
    """The requests as Django got them; each is answered with what it brought."""
    requests: list[HttpRequest] = []

    def get_response(request: HttpRequest) -> HttpResponse:
        request.body  # noqa: B018 - read while it may be
        requests.append(request)
        answer = HttpResponse(b"done", status=202)
        answer.set_cookie("one", "1")
        answer.set_cookie("two", "2")
        return answer

    monkeypatch.setattr(asgi.computing, "get_response", get_response)
    return requests


def ask(
    path: str, *, method: str = "GET", headers: Iterable[tuple[str, str]] = (), body: Iterable[bytes] = (b"",)
) -> Answer:
    """One request, its body in parts, and what came back."""
    raw, _, query = path.partition("?")
    scope = {
        "type": "http", "method": method, "path": raw, "raw_path": raw.encode(), "query_string": query.encode(),
        "http_version": "1.1", "scheme": "http", "server": ("127.0.0.1", 8000), "client": ("203.0.113.5", 40000),
        "headers": [(b"host", b"localhost"), *((name.lower().encode(), value.encode()) for name, value in headers)],
    }  # fmt: skip
    parts = list(body)
    waiting = [
        {"type": "http.request", "body": part, "more_body": place < len(parts) - 1} for place, part in enumerate(parts)
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return waiting.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(asgi.application(scope, receive, send))
    start, *rest = sent
    told = [(name.decode(), value.decode()) for name, value in start["headers"]]
    return start["status"], told, b"".join(message.get("body", b"") for message in rest)


def test_a_body_in_parts_arrives_whole(seen: list[HttpRequest]) -> None:
    parts = [b'{"a": ', b'"\xc3\xa9"', b"}"]
    length = str(sum(map(len, parts)))
    headers = [("Content-Length", length), ("Content-Type", "application/json")]
    assert ask("/api/v1/x", method="POST", headers=headers, body=parts)[0] == 202
    assert json.loads(seen[0].body) == {"a": "é"}
    assert (seen[0].method, seen[0].content_type) == ("POST", "application/json")


def test_large_bodies_do_not_stay_in_memory(seen: list[HttpRequest]) -> None:
    body = [b"x" * (1 << 20)] * 2
    ask("/api/v1/x", method="POST", headers=[("Content-Length", str(2 << 20))], body=body)
    assert len(seen[0].body) == 2 << 20


def test_path_and_query_are_bytes_of_the_caller(seen: list[HttpRequest]) -> None:
    ask("/api/v1/%C3%A9%2Fa/b?symbols=A%2CB&x=1")
    assert seen[0].path == "/api/v1/é/a/b"
    assert seen[0].GET["symbols"] == "A,B"


def test_headers_given_twice_are_joined(seen: list[HttpRequest]) -> None:
    ask("/", headers=[("Cookie", "a=1"), ("Cookie", "b=2"), ("Accept", "text/html"), ("Accept", "*/*")])
    assert seen[0].COOKIES == {"a": "1", "b": "2"}
    assert seen[0].headers["Accept"] == "text/html,*/*"


def test_an_underscore_does_not_pass_for_a_hyphen(seen: list[HttpRequest]) -> None:
    ask("/", headers=[("X_Forwarded_Proto", "https"), ("X-Real", "1")])
    assert "X-Forwarded-Proto" not in seen[0].headers
    assert seen[0].META["REMOTE_ADDR"] == "203.0.113.5"


def test_two_cookies_are_two_headers(seen: list[HttpRequest]) -> None:
    status, headers, body = ask("/")
    assert (status, body) == (202, b"done")
    assert [value for name, value in headers if name == "set-cookie"] == ["one=1; Path=/", "two=2; Path=/"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("Content-Length", str(settings.API_MAX_UPLOAD_BYTES + 1))], 413),
        ([("Content-Length", "many")], 413),
        ([("Transfer-Encoding", "chunked")], 411),
    ],
)
def test_a_body_beyond_every_limit_is_not_read(headers: list[tuple[str, str]], status: int) -> None:
    answer = ask("/api/v1/auth/login", method="POST", headers=headers, body=[b"x"])
    assert answer[0] == status


def test_what_is_streamed_runs_on_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    async def streaming(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for part in (b"a", b"b"):
            await send({"type": "http.response.body", "body": part, "more_body": part == b"a"})

    monkeypatch.setattr(asgi, "streaming", streaming)
    assert ask(asgi.STREAMED[0], method="POST") == (200, [], b"ab")


def test_django_answers() -> None:
    assert ask("/health/live")[0] == 200
    status, headers, body = ask("/api/v1/nothing")
    assert (status, json.loads(body)) == (404, {"detail": "Not Found"})
    assert ("content-type", "application/json") in headers
    assert ("content-length", str(len(body))) in headers
