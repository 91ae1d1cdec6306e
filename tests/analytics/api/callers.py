"""Calls by people who hold books of their own beside the demo's."""

from __future__ import annotations

from typing import Any

from django.test import Client

from portfolios.models import User
from portfolios.services.tokens import issue_user_token


def client_of(user: User) -> Client:
    """A client that sends the person's token with every request."""
    return Client(headers={"Authorization": f"Bearer {issue_user_token(user)[0]}"}, raise_request_exception=False)


def answer(client: Client, path: str, **query: Any) -> Any:
    """The body of a good answer."""
    given = client.get(f"/api/v1/{path}", query)
    assert given.status_code == 200, given.content
    return given.json()
