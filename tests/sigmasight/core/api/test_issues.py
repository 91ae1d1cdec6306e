"""What a refusal sends back of the input."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from sigmasight.core.api.errors import issue
from sigmasight.core.api.renderers import JSONRenderer

LOGIN = "/api/v1/auth/login"


def refused(body: str) -> list[dict[str, object]]:
    answer = Client().post(LOGIN, body, content_type="application/json")
    assert answer.status_code == 422
    return answer.json()["detail"]


def test_numbers_beyond_64_bits_are_refused_not_failed() -> None:
    assert {tuple(entry["loc"]) for entry in refused(json.dumps({"email": {"a": 10**30}}))} == {
        ("body", "email"), ("body", "password"),
    }  # fmt: skip


def test_lone_surrogates_are_no_json() -> None:
    assert refused('{"email": "\\ud800@example.com", "password": "x"}')[0]["type"] == "json_invalid"
    JSONRenderer().render(issue(("path", "\ud800"), "no \ud800", value={"\ud800": 1}))


@pytest.mark.parametrize("body", ['{"email": NaN}', '{"email": Infinity}', "[" * 5000, '\xff{"email": 1}'])
def test_what_is_no_json_is_told_so(body: str) -> None:
    assert refused(body)[0]["type"] == "json_invalid"


def test_passwords_are_not_sent_back() -> None:
    assert refused(json.dumps({"email": "ada@example.com", "password": "s3cret-" * 200}))[0]["input"] is None
    assert issue(("body",), "no", value={"password": "s3cret", "email": "a"})["input"] == {"email": "a"}


def test_large_input_is_cut() -> None:
    assert len(str(issue(("body",), "no", value=["x"] * 10_000)["input"])) < 1000


@pytest.mark.django_db
def test_more_parameters_than_are_read_are_refused_not_failed() -> None:
    answer = Client().get("/api/v1/auth/me?" + "&".join(f"a={place}" for place in range(1001)))
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["type"] == "request_invalid"
