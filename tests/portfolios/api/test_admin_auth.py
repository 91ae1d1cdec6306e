"""Staff logging in to the operations API and out of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from portfolios.models import AdminSession, User, UserActivityEvent
from portfolios.services.tokens import AdminToken, issue_admin_token, issue_user_token
from tests.factories import PASSWORD, UserFactory
from tests.portfolios.api.callers import send

pytestmark = pytest.mark.django_db
ME = "/api/v1/admin/auth/me"


@pytest.fixture(autouse=True)
def _no_attempts_yet() -> None:
    cache.clear()


@pytest.fixture
def staff() -> User:
    return UserFactory(is_staff=True, full_name="Sam Staff")


def login(client: Client, email: str, password: str = PASSWORD, **headers: str) -> Any:
    return send(client, "post", "admin/auth/login", {"email": email, "password": password}, **headers)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_login_opens_the_operations_api(client: Client, staff: User) -> None:
    answered = login(client, staff.email.upper(), **{"User-Agent": "browser"})
    given = answered.json()
    assert answered.status_code == 200
    assert {**given, "access_token": ""} == {
        "access_token": "", "token_type": "bearer", "expires_in": 28800, "admin_id": str(staff.pk), "email": staff.email,
        "full_name": "Sam Staff", "role": "admin",
    }  # fmt: skip
    claims = AdminToken(given["access_token"]).payload  # type: ignore[arg-type]
    assert (claims["type"], claims["sub"], claims["role"]) == ("admin", str(staff.pk), "admin")
    assert claims["exp"] - int(claims["iat"]) in (28799, 28800)
    session = AdminSession.objects.get()
    assert (session.user, session.ip_address, session.user_agent) == (staff, "127.0.0.1", "browser")
    assert session.expires_at - dt.datetime.now(dt.UTC) > dt.timedelta(hours=7, minutes=59)
    me = Client().get(ME, headers=bearer(given["access_token"])).json()
    assert (me["id"], me["role"], me["is_active"]) == (str(staff.pk), "admin", True)
    assert me["last_login_at"].endswith("Z")


def test_a_superuser_is_a_super_admin(client: Client) -> None:
    boss = UserFactory(is_staff=True, is_superuser=True)
    assert login(client, boss.email).json()["role"] == "super_admin"


def test_the_cookie_alone_reads_and_does_not_write(staff: User) -> None:
    client = Client(enforce_csrf_checks=True)
    login(client, staff.email)
    cookie = client.cookies["admin_auth_token"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 28800)
    assert client.get(ME).status_code == 200
    assert send(client, "post", "admin/auth/logout").status_code == 403
    assert AdminSession.objects.exists()


@pytest.mark.parametrize("who", ["wrong password", "investor", "inactive", "nobody"])
def test_whoever_may_not_is_told_the_same(client: Client, staff: User, who: str) -> None:
    email = staff.email
    if who == "investor":
        email = UserFactory().email
    if who == "inactive":
        User.objects.update(is_active=False)
    if who == "nobody":
        email = "nobody@example.com"
    answered = login(client, email, "wrong" if who == "wrong password" else PASSWORD)
    assert (answered.status_code, answered.json()) == (401, {"detail": "Incorrect email or password"})
    assert not AdminSession.objects.exists()
    assert UserActivityEvent.objects.get().event_type == "auth.admin_login_error"


def test_login_is_throttled_per_account(client: Client, staff: User) -> None:
    answers = [login(client, staff.email, "wrong").status_code for _ in range(11)]
    assert answers == [401] * 10 + [429]


def test_login_names_every_fault(client: Client) -> None:
    answered = send(client, "post", "admin/auth/login", {"email": "nonsense"})
    assert answered.status_code == 422
    assert {fault["loc"][-1] for fault in answered.json()["detail"]} == {"email", "password"}


def test_logout_ends_the_session(client: Client, staff: User) -> None:
    token = login(client, staff.email).json()["access_token"]
    other = issue_admin_token(staff, ip_address=None, user_agent="")
    answered = send(Client(), "post", "admin/auth/logout", **bearer(token))
    assert (answered.status_code, answered.json()) == (200, {"message": "Logged out"})
    assert answered.cookies["admin_auth_token"].value == ""
    assert Client().get(ME, headers=bearer(token)).status_code == 401
    assert Client().get(ME, headers=bearer(other)).status_code == 200


def test_refresh_takes_the_place_of_the_old_token(client: Client, staff: User) -> None:
    old = issue_admin_token(staff, ip_address=None, user_agent="")
    fresh = send(client, "post", "admin/auth/refresh", **bearer(old)).json()
    assert (fresh["expires_in"], fresh["admin_id"]) == (28800, str(staff.pk))
    assert Client().get(ME, headers=bearer(old)).status_code == 401
    assert Client().get(ME, headers=bearer(fresh["access_token"])).status_code == 200
    assert AdminSession.objects.count() == 1


def test_the_two_kinds_of_tokens_never_stand_in_for_each_other(client: Client, staff: User) -> None:
    user, admin = issue_user_token(staff)[0], issue_admin_token(staff, ip_address=None, user_agent="")
    assert client.get(ME, headers=bearer(user)).status_code == 401
    assert client.get("/api/v1/auth/me", headers=bearer(admin)).status_code == 401


def test_who_is_no_longer_staff_is_out(client: Client, staff: User) -> None:
    token = issue_admin_token(staff, ip_address=None, user_agent="")
    User.objects.update(is_staff=False)
    assert client.get(ME, headers=bearer(token)).status_code == 401
