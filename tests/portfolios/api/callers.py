"""Requests with JSON bodies, as the frontend sends them."""

from __future__ import annotations

from typing import Any

from django.test import Client


def send(client: Client, method: str, path: str, given: object = None, **headers: str) -> Any:
    """The answer to a request below /api/v1."""
    # The test client would send None as "null".
    sent = "" if given is None and method != "get" else given
    return getattr(client, method)(f"/api/v1/{path}", sent, content_type="application/json", headers=headers)


def faults(answer: Any) -> set[tuple[str | int, ...]]:
    """The places a 422 names."""
    assert answer.status_code == 422, answer.content
    return {tuple(fault["loc"]) for fault in answer.json()["detail"]}
