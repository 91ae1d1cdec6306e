"""A registration that is sent again with its key gets the first answer, not a refusal."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from portfolios.models import User

pytestmark = pytest.mark.django_db
FORM = {"email": "ada@example.com", "password": "Lovelace-1843", "full_name": "Ada Lovelace"}
INVITED = FORM | {"invite_code": "SIGMASIGHT-DEMO"}


@pytest.mark.parametrize(("path", "form"), [("auth/register", FORM), ("onboarding/register", INVITED)])
def test_a_repetition_gets_the_first_answer(path: str, form: dict[str, str]) -> None:
    cache.clear()
    client = Client(headers={"Idempotency-Key": "one"})
    first = client.post(f"/api/v1/{path}", form, content_type="application/json")
    again = client.post(f"/api/v1/{path}", form, content_type="application/json")
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert again["Idempotent-Replayed"] == "true"
    assert User.objects.filter(email=form["email"]).count() == 1


def test_somebody_else_with_the_key_is_refused() -> None:
    cache.clear()
    client = Client(headers={"Idempotency-Key": "one"})
    client.post("/api/v1/auth/register", FORM, content_type="application/json")
    other = client.post("/api/v1/auth/register", FORM | {"password": "Another-1843"}, content_type="application/json")
    assert other.status_code == 422


@pytest.mark.parametrize("path", ["/docs/", "/redoc/", "/api/schema/"])
def test_pages_of_the_api_have_both_spellings(path: str) -> None:
    assert Client().get(path).status_code == 200
