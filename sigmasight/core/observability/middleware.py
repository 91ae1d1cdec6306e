"""Every request has an id, one line in the log and a place in the figures."""

from __future__ import annotations

import logging
import re
import time
import uuid
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from sigmasight.core.observability.context import Work, enter
from sigmasight.core.observability.counters import histogram, level

log = logging.getLogger("sigmasight.access")
HEADER = "X-Request-ID"
ACCEPTED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
REQUESTS = histogram("sigmasight_request_seconds", "Requests by route, method and status", "route", "method", "status")
IN_FLIGHT = level("sigmasight_requests_in_flight", "Requests being answered, streams included")
STREAMS = level("sigmasight_streams_open", "Answers being streamed, such as those of the chat")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# Probes, scrapes and files would drown the rest.
QUIET = ("/health", "/metrics", "/static/")


class RequestLog:
    """Takes the caller's X-Request-ID where it is one (8 to 64 letters, digits, dots, hyphens) and makes one otherwise. An answer
    that is streamed is over with its last piece: what is said until then carries its ids, and its line comes then."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # A middleware below that knows no event loop makes this one run in a thread, also for what is streamed.
        if iscoroutinefunction(self.get_response):
            return self._answer_later(request)  # type: ignore[return-value]
        with _Seen(request) as seen:
            return seen.answered(self.get_response(request))

    async def _answer_later(self, request: HttpRequest) -> HttpResponse:
        with _Seen(request) as seen:
            return seen.answered(await self.get_response(request))  # type: ignore[misc]


class _Seen:
    """One request while it is answered."""

    def __init__(self, request: HttpRequest) -> None:
        given = request.headers.get(HEADER, "")
        self._id = given if ACCEPTED.fullmatch(given) else uuid.uuid4().hex
        self.work = Work({"request_id": self._id})
        self._request = request
        self._began = time.perf_counter()
        self._here, self._goes_on = True, False

    def __enter__(self) -> _Seen:
        IN_FLIGHT.move(1)
        self._before = enter(self.work)
        return self

    def __exit__(self, *error: object) -> None:
        if not self._goes_on:
            self._leaves()
        enter(self._before)

    def _leaves(self) -> None:
        """It is answered, or will not be; more than once counts once."""
        if self._here:
            self._here = False
            IN_FLIGHT.move(-1)

    def answered(self, response: Any) -> HttpResponse:
        """The response with the request's id. Its line is written now, or with the last piece of a stream."""
        response.headers[HEADER] = self._id
        if not getattr(response, "is_async", False):
            self._tell(response.status_code)
            return response  # type: ignore[no-any-return]
        self._goes_on = True
        pieces = self._pieces(response.status_code, response.streaming_content)
        # A reader who is gone before the first piece: nobody begins, and so nobody ends, the loop below.
        weakref.finalize(pieces, self._leaves).atexit = False
        response.streaming_content = pieces
        return response  # type: ignore[no-any-return]

    async def _pieces(self, status: int, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        before = enter(self.work)
        STREAMS.move(1)
        try:
            async with aclosing(pieces):  # type: ignore[type-var]
                async for piece in pieces:
                    yield piece
        finally:
            enter(self.work)
            STREAMS.move(-1)
            self._tell(status)
            self._leaves()
            enter(before)

    def _tell(self, status: int) -> None:
        seconds = time.perf_counter() - self._began
        request = self._request
        method = request.method if request.method in METHODS else "other"
        REQUESTS.observe(seconds, _route(request), method, str(status))
        if request.path.startswith(QUIET):
            return
        person = _known_person(request)
        if person is not None:
            self.work.ids["user_id"] = str(person)
        if request.resolver_match is not None and (portfolio := request.resolver_match.kwargs.get("portfolio_id")):
            self.work.ids["portfolio_id"] = str(portfolio)
        statements = self.work.tally.statements
        facts: dict[str, Any] = {
            "method": request.method, "path": request.path, "status": status, "ms": round(1000 * seconds, 1), "statements": statements,
        }  # fmt: skip
        log.log(
            logging.WARNING if status >= 500 else logging.INFO, "%s %s %d %.1f ms %d statements", *facts.values(),
            extra={"facts": facts},
        )  # fmt: skip


def _route(request: HttpRequest) -> str:
    """The pattern of the path, one for both of its spellings; there are as many as views, however many paths are asked for."""
    match = request.resolver_match
    return f"/{match.route.rstrip('/')}" if match is not None else "none"


def _known_person(request: HttpRequest) -> object | None:
    """The id of who is calling, if somebody has looked: no statement is spent on it here."""
    known = vars(request)
    user = known.get("_cached_user") or known.get("user")
    return None if type(user) is SimpleLazyObject else getattr(user, "pk", None)
