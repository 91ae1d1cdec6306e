"""What the server says about itself to anybody."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connections
from django.test import Client
from rest_framework.test import APIRequestFactory

from sigmasight.core.health import RoutesView


def get(path: str) -> tuple[int, dict[str, object]]:
    answer = Client().get(path)
    return answer.status_code, answer.json()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/", {"message": "SigmaSight Backend API", "version": "1.0.0"}),
        ("/health", {"status": "healthy"}),
        ("/health/", {"status": "healthy"}),
        ("/health/live", {"status": "alive"}),
    ],
)
def test_it_answers_without_any_server_behind_it(path: str, body: dict[str, str]) -> None:
    assert get(path) == (200, body)


@pytest.mark.django_db
def test_it_is_ready_when_the_core_database_answers() -> None:
    assert get("/health/ready") == (200, {"status": "ready"})


def test_it_is_not_ready_without_the_core_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise OperationalError("could not connect to 10.0.0.7 as sigmasight")

    monkeypatch.setattr(connections["default"], "cursor", refuse)
    status, body = get("/health/ready")
    assert status == 503
    assert body == {"status": "initializing", "message": "The core database does not answer."}


def test_routes_are_told_with_debug_only() -> None:
    assert Client().get("/debug/routes").status_code == 404
    answer = RoutesView.as_view()(APIRequestFactory().get("/debug/routes"))
    routes = {route["path"]: route["methods"] for route in answer.data["routes"]}
    assert answer.data["total"] == len(answer.data["routes"])
    assert routes["/health/live"] == ["GET"]
    assert routes["/api/v1/auth/login"] == ["POST"]
