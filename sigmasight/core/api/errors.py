"""One renderer for every error of the API: `{"detail": ...}`, never a stack trace, SQL or the text of an exception."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.signals import got_request_exception
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views import defaults
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.views import set_rollback

from sigmasight.core.errors import DomainError

log = logging.getLogger(__name__)

LONGEST_ECHO = 500
FIXED_TEXTS: dict[type[Exception], str] = {
    exceptions.NotAuthenticated: "Could not validate credentials",
    exceptions.MethodNotAllowed: "Method Not Allowed",
    exceptions.NotFound: "Not Found",
    exceptions.NotAcceptable: "Not Acceptable",
    exceptions.UnsupportedMediaType: "Unsupported Media Type",
}


class Unprocessable(exceptions.APIException):
    """Input that breaks the rules of its form: 422 with one entry for every fault."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY

    def __init__(self, issues: Sequence[Mapping[str, Any]]) -> None:
        super().__init__("Unprocessable")
        self.issues = [dict(issue) for issue in issues]


class Refused(exceptions.APIException):
    """An answer whose whole body is given, for the few operations with an error form of their own.

    Parameters
    ----------
    body : what is sent. status_code : HTTP status.
    """

    def __init__(self, body: Mapping[str, Any], status_code: int) -> None:
        super().__init__("Refused")
        self.body = dict(body)
        self.status_code = status_code


def issue(where: Sequence[str | int], text: str, *, kind: str = "value_error", value: object = None) -> dict[str, Any]:
    """One entry of a 422: `where` is its place, e.g. ("query", "limit"); `value` is sent back, but no password."""
    secret = any("password" in part for part in where if isinstance(part, str))
    return {
        "type": kind,
        "loc": [_sendable(part) if isinstance(part, str) else part for part in where],
        "msg": _sendable(text),
        "input": None if secret else _echo(value),
    }


def issues_of(detail: Any, where: tuple[str | int, ...], given: Any) -> Iterator[dict[str, Any]]:
    """The entries of a serializer's errors, flattened."""
    if isinstance(detail, Mapping):
        for key, inner in detail.items():
            at = where if key == "non_field_errors" else (*where, key)
            below = given.get(key) if isinstance(given, Mapping) and key != "non_field_errors" else given
            yield from issues_of(inner, at, below)
    elif isinstance(detail, list | tuple):
        for place, inner in enumerate(detail):
            if isinstance(inner, Mapping):
                below = given[place] if isinstance(given, list) and place < len(given) else None
                yield from issues_of(inner, (*where, place), below)
            else:
                yield from issues_of(inner, where, given)
    else:
        kind = getattr(detail, "code", "value_error")
        yield issue(where, str(detail), kind="missing" if kind == "required" else kind, value=_echo(given))


def _echo(value: Any) -> Any:
    """What was given, as far as it has a JSON form of moderate size; else the beginning of its text."""
    if isinstance(value, Mapping):
        value = {key: inner for key, inner in value.items() if "password" not in str(key)}
    try:
        size = len(orjson.dumps(value))
    except TypeError:
        return _sendable(ascii(value)[:LONGEST_ECHO])
    return value if size <= LONGEST_ECHO else _sendable(str(value)[:LONGEST_ECHO])


def _sendable(text: str) -> str:
    """Without lone surrogates, which JSON may bring but UTF-8 cannot carry."""
    return text.encode(errors="replace").decode()


def render_exception(exception: Exception, context: dict[str, Any]) -> Response:
    """DRF's exception handler: the status and the body of every refused or failed request."""
    set_rollback()
    if isinstance(exception, Unprocessable):
        return Response({"detail": exception.issues}, status=exception.status_code)
    if isinstance(exception, Refused):
        return Response(exception.body, status=exception.status_code)
    if isinstance(exception, DomainError):
        return Response({"detail": exception.message}, status=exception.status)
    if isinstance(exception, SuspiciousOperation):
        # More parameters than Django reads, for example.
        found = [issue((), "The request is not of a form that is accepted.", kind="request_invalid")]
        return Response({"detail": found}, status=status.HTTP_422_UNPROCESSABLE_ENTITY)
    if isinstance(exception, Http404):
        exception = exceptions.NotFound()
    if isinstance(exception, PermissionDenied):
        exception = exceptions.PermissionDenied()
    if isinstance(exception, exceptions.ValidationError):
        found = list(issues_of(exception.detail, ("body",), None))
        return Response({"detail": found}, status=status.HTTP_422_UNPROCESSABLE_ENTITY)
    if isinstance(exception, exceptions.ParseError):
        found = [issue(("body",), "The body is not valid JSON.", kind="json_invalid")]
        return Response({"detail": found}, status=status.HTTP_422_UNPROCESSABLE_ENTITY)
    if isinstance(exception, exceptions.APIException):
        return _api_exception(exception)
    request = context.get("request")
    log.error("%s failed", getattr(request, "path", "request"), exc_info=exception)
    got_request_exception.send(sender=None, request=getattr(request, "_request", None))
    return Response({"detail": "Internal Server Error"}, status=status.HTTP_500_INTERNAL_SERVER_ERROR)


def _api_exception(exception: exceptions.APIException) -> Response:
    headers = {}
    if challenge := getattr(exception, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if isinstance(exception, exceptions.Throttled):
        wait = max(1, math.ceil(getattr(exception, "wait", None) or 1))
        headers["Retry-After"] = str(wait)
        text = f"Too many requests. Try again in {wait} second{'s' if wait > 1 else ''}."
        return Response({"detail": text}, status=exception.status_code, headers=headers)
    text = next((text for kind, text in FIXED_TEXTS.items() if type(exception) is kind), "")
    return Response({"detail": text or str(exception.detail)}, status=exception.status_code, headers=headers)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404 of paths that no view serves: JSON below /api, Django's page elsewhere."""
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": "Not Found"}, status=404)
    return defaults.page_not_found(request, exception)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400 of requests refused before any view."""
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": "Bad Request"}, status=400)
    return defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """500 of failures outside the API's own views."""
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": "Internal Server Error"}, status=500)
    return defaults.server_error(request)
