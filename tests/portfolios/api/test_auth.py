"""Login, tokens and what takes them back."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from portfolios.models import Portfolio, RevokedToken, User, UserActivityEvent
from portfolios.services.tokens import UserToken, issue_admin_token, issue_user_token
from tests.factories import PASSWORD, PortfolioFactory, UserFactory

pytestmark = pytest.mark.django_db
ME = "/api/v1/auth/me"


@pytest.fixture(autouse=True)
def _no_attempts_yet() -> None:
    cache.clear()


def post(client: Client, path: str, given: object = None, **headers: Any) -> Any:
    return client.post(f"/api/v1/auth/{path}", given or {}, content_type="application/json", headers=headers)


def bearer(user: User) -> dict[str, str]:
    return {"Authorization": f"Bearer {issue_user_token(user)[0]}"}


def test_login_gives_a_token_that_opens_me(client: Client) -> None:
    book = PortfolioFactory()
    answer = post(client, "login", {"email": book.user.email.upper(), "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.json().keys() == {"access_token", "token_type", "expires_in"}
    assert answer.json()["expires_in"] == 86400
    me = Client().get(ME, headers={"Authorization": f"Bearer {answer.json()['access_token']}"})
    assert me.json()["portfolio_id"] == str(book.pk)
    assert me.json()["created_at"].endswith("Z")


def test_both_spellings_answer(client: Client) -> None:
    user = UserFactory()
    assert client.get(ME + "/", headers=bearer(user)).status_code == 200
    assert post(client, "login/", {"email": user.email, "password": PASSWORD}).status_code == 200


@pytest.mark.parametrize("given", [{"password": "wrong"}, {"email": "nobody@example.com"}])
def test_wrong_credentials_share_one_text(client: Client, given: dict[str, str]) -> None:
    user = UserFactory()
    answer = post(client, "login", {"email": user.email, "password": PASSWORD} | given)
    assert (answer.status_code, answer.json()) == (401, {"detail": "Incorrect email or password"})
    assert UserActivityEvent.objects.filter(event_type="onboarding.login_error").count() == 1


def test_an_inactive_account_is_told_so(client: Client) -> None:
    user = UserFactory(is_active=False)
    answer = post(client, "login", {"email": user.email, "password": PASSWORD})
    assert (answer.status_code, answer.json()) == (401, {"detail": "Inactive user account"})


def test_login_names_every_fault(client: Client) -> None:
    answer = post(client, "login", {"email": "nonsense"})
    assert answer.status_code == 422
    assert {tuple(fault["loc"]) for fault in answer.json()["detail"]} == {("body", "email"), ("body", "password")}


def test_broken_json_is_422(client: Client) -> None:
    answer = client.post("/api/v1/auth/login", "{", content_type="application/json")
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["type"] == "json_invalid"


def test_login_is_throttled_per_account(client: Client) -> None:
    user = UserFactory()
    answers = [post(client, "login", {"email": user.email, "password": "wrong"}) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert int(answers[-1]["Retry-After"]) > 0
    assert "Try again" in answers[-1].json()["detail"]


def test_without_a_token_it_is_401_with_a_challenge(client: Client) -> None:
    answer = client.get(ME)
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.json() == {"detail": "Could not validate credentials"}


def test_the_cookie_alone_reads(client: Client) -> None:
    user = UserFactory()
    post(client, "login", {"email": user.email, "password": PASSWORD})
    assert client.cookies["auth_token"]["httponly"]
    assert client.get(ME).json()["id"] == str(user.pk)


def test_the_cookie_alone_does_not_write() -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies["auth_token"] = issue_user_token(UserFactory())[0]
    assert post(client, "logout").status_code == 403
    assert RevokedToken.objects.count() == 0


def test_a_bad_header_is_not_healed_by_the_cookie(client: Client) -> None:
    client.cookies["auth_token"] = issue_user_token(UserFactory())[0]
    assert client.get(ME, headers={"Authorization": "Bearer nonsense"}).status_code == 401
    assert client.get(ME, headers={"Authorization": "Basic nonsense"}).status_code == 200


def test_logout_takes_the_token_back(client: Client) -> None:
    headers = bearer(UserFactory())
    assert post(client, "logout", **headers).json()["success"] is True
    assert client.get(ME, headers=headers).status_code == 401


def test_refresh_gives_another_token(client: Client) -> None:
    headers = bearer(UserFactory())
    fresh = post(client, "refresh", **headers).json()["access_token"]
    assert f"Bearer {fresh}" != headers["Authorization"]
    assert Client().get(ME, headers={"Authorization": f"Bearer {fresh}"}).status_code == 200


def test_a_change_of_password_ends_older_tokens(client: Client) -> None:
    user = UserFactory()
    headers = bearer(user)
    user.tokens_valid_from = dt.datetime.now(dt.UTC)
    user.save()
    assert client.get(ME, headers=headers).status_code == 401
    assert client.get(ME, headers=bearer(user)).status_code == 200


def test_expired_deactivated_and_operations_tokens_are_refused(client: Client) -> None:
    user = UserFactory(is_staff=True)
    expired = UserToken()
    expired["sub"], expired["iat"] = str(user.pk), 0
    expired.set_exp(lifetime=dt.timedelta(seconds=-1))
    admin = issue_admin_token(user, ip_address=None, user_agent="")
    for text in (str(expired), admin):
        assert client.get(ME, headers={"Authorization": f"Bearer {text}"}).status_code == 401
    headers = bearer(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert client.get(ME, headers=headers).status_code == 401


def test_register_makes_an_account_with_a_portfolio(client: Client) -> None:
    given = {"email": "Ada@Example.com", "password": "lovelace-1", "full_name": "Ada Lovelace"}
    answer = post(client, "register", given)
    assert (answer.status_code, answer.json()["email"]) == (200, "ada@example.com")
    book = Portfolio.objects.get(user__email="ada@example.com")
    assert book.account_name == book.name == "Ada Lovelace's Portfolio"
    assert post(client, "register", given).json() == {"detail": "Email already registered"}


def test_registration_can_be_closed(client: Client, settings: Any) -> None:
    settings.OPEN_REGISTRATION = False
    given = {"email": "ada@example.com", "password": "lovelace-1", "full_name": "Ada"}
    assert post(client, "register", given).status_code == 403
    assert not User.objects.exists()


def test_me_costs_two_statements(client: Client, django_assert_num_queries: Any) -> None:
    headers = bearer(PortfolioFactory().user)
    with django_assert_num_queries(2):
        client.get(ME, headers=headers)


def test_the_first_portfolio_is_a_public_one(client: Client) -> None:
    user = UserFactory()
    PortfolioFactory(user=user, account_name="Family Private Investments")
    public = PortfolioFactory(user=user, account_name="Growth")
    assert client.get(ME, headers=bearer(user)).json()["portfolio_id"] == str(public.pk)
