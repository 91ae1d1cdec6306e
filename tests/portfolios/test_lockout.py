"""Too many wrong passwords lock an account, in the console and in both logins of the API alike."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.test import Client

from portfolios.models import User, UserActivityEvent
from portfolios.passwords import StaffLengthValidator
from portfolios.services.accounts import LoginRefused, verify_login
from portfolios.services.lockout import LoginLocked
from portfolios.services.tokens import issue_user_token, user_of_token
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-secret-1"


@pytest.fixture(autouse=True)
def _few_failures(settings: Any) -> None:
    cache.clear()
    settings.LOGIN_FAILURES = 3


@pytest.fixture
def boss() -> User:
    return User.objects.create_superuser("boss@example.com", PASSWORD)


def fail(times: int, address: str = "192.0.2.1") -> None:
    for _ in range(times):
        with pytest.raises(LoginRefused):
            verify_login("boss@example.com", "wrong", address=address)


def console(client: Client, password: str) -> Any:
    return client.post("/admin/login/?next=/admin/", {"username": "Boss@Example.com", "password": password})


def test_the_console_locks_and_says_so(client: Client, boss: User) -> None:
    for _ in range(3):
        assert "Incorrect email or password" in console(client, "wrong").content.decode()
    locked = console(client, PASSWORD)
    assert locked.status_code == 200
    assert "Too many failed logins" in locked.content.decode()
    for path in ("/api/v1/admin/auth/login", "/api/v1/auth/login"):
        given = {"email": "boss@example.com", "password": PASSWORD}
        assert client.post(path, given, content_type="application/json").status_code == 429, path
    refused = UserActivityEvent.objects.filter(error_code="LOGIN_LOCKED").values_list("event_type", flat=True)
    assert set(refused) == {"auth.console_login_error", "auth.admin_login_error", "onboarding.login_error"}


def test_the_console_is_where_a_login_leads(client: Client, boss: User) -> None:
    answer = client.post("/admin/login/", {"username": "Boss@Example.com", "password": PASSWORD})
    assert answer.status_code == 302
    assert answer["Location"] == "/admin/"


def test_a_right_password_forgets_the_wrong_ones(boss: User) -> None:
    for _ in range(3):
        fail(2)
        assert verify_login("boss@example.com", PASSWORD, address="192.0.2.1") == boss


def test_another_address_is_not_locked_until_many_more_failed(boss: User) -> None:
    fail(3)
    with pytest.raises(LoginLocked):
        verify_login("boss@example.com", PASSWORD, address="192.0.2.1")
    assert verify_login("boss@example.com", PASSWORD, address="192.0.2.2") == boss
    for host in range(10, 19):
        fail(3, f"192.0.2.{host}")
    with pytest.raises(LoginLocked):
        verify_login("boss@example.com", PASSWORD, address="192.0.2.99")


def test_addresses_that_nobody_has_are_locked_alike() -> None:
    for _ in range(3):
        with pytest.raises(LoginRefused):
            verify_login("nobody@example.com", "wrong", address="192.0.2.1")
    with pytest.raises(LoginLocked):
        verify_login("nobody@example.com", "wrong", address="192.0.2.1")


def test_a_cache_that_is_down_locks_nobody_out(boss: User, settings: Any) -> None:
    down = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}
    settings.CACHES = {"default": down}
    fail(4)
    assert verify_login("boss@example.com", PASSWORD, address="192.0.2.1") == boss


def test_an_investor_does_not_get_into_the_console(client: Client) -> None:
    user = UserFactory(email="investor@example.com")
    user.set_password(PASSWORD)
    user.save()
    answer = client.post("/admin/login/", {"username": user.email, "password": PASSWORD})
    assert "Incorrect email or password" in answer.content.decode()


def test_passwords_of_staff_are_longer() -> None:
    rule = StaffLengthValidator()
    rule.validate("short-one", UserFactory())
    with pytest.raises(ValidationError, match="12 characters"):
        rule.validate("short-one", UserFactory(is_staff=True))


def test_a_new_password_ends_the_tokens_of_the_old_one(client: Client, boss: User) -> None:
    user = UserFactory()
    token = issue_user_token(user)[0]
    assert user_of_token(token) is not None
    client.force_login(boss)
    form = {"password1": "another-secret-22", "password2": "another-secret-22", "usable_password": "true"}
    assert client.post(f"/admin/portfolios/user/{user.pk}/password/", form).status_code == 302
    assert user_of_token(token) is None
