"""What holds for every path of the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from sigmasight.core.api.renderers import JSONRenderer


def test_unknown_paths_are_json(client: Client) -> None:
    answer = client.get("/api/v1/nothing/here")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


def test_a_body_too_large_is_refused_unread(client: Client, settings: Any) -> None:
    settings.API_MAX_BODY_BYTES = 1024
    answer = client.post("/api/v1/auth/login", "x" * 2000, content_type="application/json")
    assert (answer.status_code, answer.json()) == (413, {"detail": "The body is larger than 1 KiB."})


def test_a_body_without_length_is_refused(client: Client) -> None:
    answer = client.post(
        "/api/v1/auth/login", "{}", content_type="application/json", headers={"Transfer-Encoding": "chunked"}
    )
    assert answer.status_code == 411


def test_wrong_method_and_media_type(client: Client) -> None:
    assert client.get("/api/v1/auth/login").json() == {"detail": "Method Not Allowed"}
    answer = client.post("/api/v1/auth/login", "a=b", content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 415


def test_answers_are_private(client: Client) -> None:
    assert "private" in client.get("/api/v1/auth/login")["Cache-Control"]


@pytest.mark.django_db
def test_the_pages_of_the_schema_need_nothing_from_outside(client: Client) -> None:
    for page in ("/docs", "/redoc"):
        text = client.get(page).content.decode()
        assert "sidecar" in text
        assert "https://cdn" not in text


def test_numbers_are_numbers() -> None:
    from datetime import UTC, datetime
    from decimal import Decimal

    rendered = JSONRenderer().render(
        {"a": Decimal("12.50"), "b": float("nan"), "c": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)}
    )
    assert rendered == b'{"a":12.5,"b":null,"c":"2026-01-02T03:04:05Z"}'


def test_uploads_have_a_limit_of_their_own(client: Client, settings: Any) -> None:
    settings.API_MAX_BODY_BYTES, settings.API_MAX_UPLOAD_BYTES = 100, 1024
    form = {"file": SimpleUploadedFile("positions.csv", b"x" * 500)}
    assert client.post("/api/v1/auth/login", form).status_code == 415
    form = {"file": SimpleUploadedFile("positions.csv", b"x" * 2000)}
    answer = client.post("/api/v1/auth/login", form)
    assert (answer.status_code, answer.json()) == (413, {"detail": "The body is larger than 1 KiB."})
