"""Example calls as requests to the running app."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from django.test import Client
from django.urls import Resolver404, resolve

from tests.contract.examples import Call
from tests.contract.operations import Operation

UUID_SHAPE = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def is_served(operation: Operation) -> bool:
    """Whether a route takes the operation's path and its view the method."""
    path = re.sub(r"\{[^}]+\}", "1d8ddd95-3b45-0ac5-35bf-cf81af94a5fe", operation.path)
    try:
        view = resolve(path).func
    except Resolver404:
        return False
    kind = getattr(view, "cls", None) or getattr(view, "view_class", None)
    if kind is None:
        return True
    actions = getattr(view, "actions", None)
    return operation.method.lower() in actions if actions else hasattr(kind, operation.method.lower())


def send(client: Client, operation: Operation, call: Call, *, query_in_body: bool = False, slash: bool = False) -> Any:
    """The answer to a call. `query_in_body`: as the frontend's proxy needs it. `slash`: the other spelling of the path."""
    path = operation.path.format(**{name: quote(value, safe="") for name, value in call.path.items()})
    query: Mapping[str, Any] = {} if query_in_body else call.query
    body = {**call.query, **(call.body or {})} if query_in_body else call.body
    return call_path(client, operation.method, path + "/" * slash, query, body, call.form)


def call_path(
    client: Client, method: str, path: str, query: Mapping[str, Any], body: Any = None, form: Any = None
) -> Any:
    """The answer to one request."""
    # Without a body nothing is sent; the test client would make up an empty form.
    given: dict[str, Any] = {} if method == "GET" else {"data": b"", "content_type": "application/json"}
    if form:
        given = {"data": form()}
    if body is not None:
        given = {"data": json.dumps(body), "content_type": "application/json"}
    if query:
        given["QUERY_STRING"] = urlencode(query, doseq=True)
    return getattr(client, method.lower())(path, **given)


def read(answer: Any) -> Any:
    """The body: parsed if it is JSON, else its text. NaN is no JSON."""
    text = b"".join(answer.streaming_content) if getattr(answer, "streaming", False) else answer.content
    if "application/json" in answer.get("Content-Type", ""):
        return json.loads(text, parse_constant=_refuse)
    return text.decode()


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def without_ids(body: Any) -> str:
    """A body as text, its ids made equal: two refusals must not differ by more."""
    return UUID_SHAPE.sub("<id>", json.dumps(body, sort_keys=True))
