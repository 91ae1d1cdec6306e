"""How often somebody may try to log in: from one address, and to one account."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from redis.exceptions import RedisError
from rest_framework.throttling import SimpleRateThrottle

from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 3, 2, 17, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _three_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    rates = SimpleRateThrottle.THROTTLE_RATES | {"login_address": "3/min", "login_account": "2/min"}
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", rates)


def login(email: str, password: str = "wrong", *, address: str = "203.0.113.5", **headers: str) -> Any:
    given = {"email": email, "password": password}
    return Client(REMOTE_ADDR=address).post(
        "/api/v1/auth/login", given, content_type="application/json", headers=headers
    )


def test_one_address_cannot_try_many_accounts() -> None:
    answers = [login(f"user{number}@example.com") for number in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert 0 < int(answers[-1]["Retry-After"]) <= 60
    assert login("user9@example.com", address="203.0.113.6").status_code == 401


def test_a_made_up_way_does_not_change_the_address() -> None:
    for number in range(3):
        login(f"user{number}@example.com", **{"X-Forwarded-For": f"198.51.100.{number}"})
    assert login("user4@example.com", **{"X-Forwarded-For": "198.51.100.9"}).status_code == 429


def test_one_account_cannot_be_tried_from_many_addresses() -> None:
    email = UserFactory().email
    answers = [login(email, address=f"203.0.113.{number}") for number in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert login(f" {email.upper()}", PASSWORD, address="203.0.113.99").status_code == 429
    assert login(UserFactory().email, PASSWORD, address="203.0.113.99").status_code == 200


def test_unknown_accounts_are_limited_alike() -> None:
    answers = [login("nobody@example.com", address=f"203.0.113.{number}") for number in range(3)]
    assert [answer.status_code for answer in answers] == [401, 401, 429]


def test_after_the_wait_it_works_again() -> None:
    email = UserFactory().email
    with time_machine.travel(NOON, tick=False) as clock:
        for _ in range(2):
            login(email)
        refused = login(email, PASSWORD)
        assert refused.status_code == 429
        clock.shift(int(refused["Retry-After"]))
        assert login(email, PASSWORD).status_code == 200


def test_a_cache_that_is_down_locks_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RedisError

    monkeypatch.setattr(SimpleRateThrottle.cache, "get", fails)
    user = UserFactory()
    assert [login(user.email, PASSWORD).status_code for _ in range(4)] == [200] * 4
