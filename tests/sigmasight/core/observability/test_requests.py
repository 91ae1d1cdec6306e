"""Requests: their ids, their line, and the ids of what is streamed."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from django.http import HttpRequest, StreamingHttpResponse
from django.test import Client, RequestFactory

from assistant.services.threads import in_thread
from sigmasight.core.observability.context import ids
from sigmasight.core.observability.middleware import RequestLog
from tests.factories import UserFactory
from tests.logged import Written

pytestmark = pytest.mark.django_db
ASKED = "caller-2026.03_01"


def test_the_callers_id_is_kept(client: Client) -> None:
    assert client.get("/health/live", headers={"X-Request-ID": ASKED})["X-Request-ID"] == ASKED


@pytest.mark.parametrize(
    "given", ["", "short", "x" * 65, "white space in it", "new\nline-in-it", "<script>alert(1)</script>"]
)
def test_what_is_no_id_is_replaced(client: Client, given: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", client.get("/health/live", headers={"X-Request-ID": given})["X-Request-ID"])


def test_a_request_has_one_line_without_its_query(client: Client, logged: Callable[..., Written]) -> None:
    text = logged("json")
    client.get("/api/v1/data/portfolios?token=abc", headers={"X-Request-ID": ASKED})
    (line,) = text.lines("sigmasight.access")
    assert (line["method"], line["path"], line["status"], line["request_id"]) == (
        "GET", "/api/v1/data/portfolios", 401, ASKED,
    )  # fmt: skip
    assert (line["statements"], "user_id" in line) == (0, False)
    assert "abc" not in text.getvalue()


def test_the_line_says_who_asked_and_how_many_statements_that_took(
    client: Client, logged: Callable[..., Written]
) -> None:
    person = UserFactory(is_staff=True, is_superuser=True)
    client.force_login(person)
    text = logged("json")
    client.get("/admin/password_change/")
    (line,) = text.lines("sigmasight.access")
    assert line["user_id"] == str(person.pk)
    assert line["statements"] > 0


def test_the_line_names_the_portfolio_of_the_path(client: Client, logged: Callable[..., Written]) -> None:
    text = logged("json")
    client.get("/api/v1/data/portfolio/5f3a9a52-0000-4000-8000-000000000000/complete")
    (line,) = text.lines("sigmasight.access")
    assert line["portfolio_id"] == "5f3a9a52-0000-4000-8000-000000000000"


@pytest.mark.parametrize("path", ["/health/live", "/health/ready/", "/static/none.css"])
def test_probes_and_files_have_no_line(client: Client, logged: Callable[..., Written], path: str) -> None:
    text = logged("json")
    client.get(path)
    assert text.lines("sigmasight.access") == []


async def _pieces() -> AsyncIterator[bytes]:
    logging.getLogger("test").info("first")
    yield b"a"
    yield (await in_thread(lambda: ids()["request_id"])).encode()
    await asyncio.create_task(_says_its_id())


async def _says_its_id() -> None:
    logging.getLogger("test").info("from a task of the loop")


def _answer(request: HttpRequest) -> Any:
    return StreamingHttpResponse(_pieces())


async def _answer_later(request: HttpRequest) -> Any:
    return _answer(request)


@pytest.mark.parametrize(
    "view", [_answer, _answer_later], ids=["below a middleware without event loop", "on the event loop"]
)
def test_a_stream_carries_the_ids_of_its_request_to_its_end(logged: Callable[..., Written], view: Any) -> None:
    text = logged("json")

    async def served() -> bytes:
        request = RequestFactory().get("/chat", headers={"X-Request-ID": ASKED})
        response: Any = RequestLog(view)(request)
        response = await response if view is _answer_later else response
        assert (response["X-Request-ID"], ids(), text.lines("sigmasight.access")) == (ASKED, {}, [])
        return b"".join([piece async for piece in response])

    assert asyncio.run(served()) == b"a" + ASKED.encode()
    first, later, end = text.lines()
    assert {line["request_id"] for line in (first, later, end)} == {ASKED}
    assert (end["logger"], end["path"], end["status"]) == ("sigmasight.access", "/chat", 200)
