"""The second step of staff logins: setting it up, giving codes, losing the phone."""

from __future__ import annotations

import re
from io import StringIO
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from portfolios.models import User
from sigmasight.core.console import second_step
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
PASSWORD = "a-long-secret-1"
INDEX, ASK, SET_UP, LOGIN = "/admin/", "/admin/second-step/", "/admin/second-step/set-up/", "/admin/login/"


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    cache.clear()


@pytest.fixture
def boss() -> User:
    return User.objects.create_superuser("boss@example.com", PASSWORD)


def code_of(device: TOTPDevice, *, drift: int = 0) -> str:
    return f"{totp(device.bin_key, device.step, device.t0, device.digits, drift):06d}"


def log_in(client: Client, to: str = INDEX) -> Any:
    return client.post(f"{LOGIN}?next={to}", {"username": "boss@example.com", "password": PASSWORD})


def with_app(user: User) -> tuple[TOTPDevice, list[str]]:
    done = second_step.confirm(user, code_of(second_step.begin(user), drift=-1))
    assert done is not None
    return done


def test_where_it_is_optional_the_password_is_enough(client: Client, boss: User) -> None:
    log_in(client)
    assert client.get(INDEX).status_code == 200


def test_where_it_is_required_it_is_set_up_first(client: Client, boss: User, settings: Any) -> None:
    settings.SECOND_STEP = "required"
    log_in(client)
    assert client.get(INDEX, follow=True).redirect_chain[-1][0].startswith(SET_UP)
    page = client.get(SET_UP).content.decode()
    device = TOTPDevice.objects.get(user=boss)
    assert "<svg" in page
    assert "http" not in re.findall(r"<svg.*?</svg>", page, re.DOTALL)[-1]
    assert client.post(SET_UP, {"code": "000000"}).status_code == 200
    assert client.get(INDEX).status_code == 302
    TOTPDevice.objects.update(throttling_failure_count=0)
    answer = client.post(SET_UP, {"code": code_of(device)})
    codes = re.findall(r"<li><code>(\w+)</code>", answer.content.decode())
    assert len(set(codes)) == 10
    assert client.get(INDEX).status_code == 200


def test_with_an_app_the_password_alone_opens_nothing(client: Client, boss: User) -> None:
    with_app(boss)
    log_in(client)
    for page in (INDEX, reverse("admin:portfolios_user_changelist"), reverse("admin:panel", args=["last-night"])):
        assert client.get(page).status_code == 302, page
    # Nor can it put an app of one's own in the place of the right one.
    assert client.get(SET_UP).url == ASK
    assert client.post(SET_UP, {"code": "123456"}).url == ASK
    assert client.post(f"{ASK[:-1]}/codes/").url == ASK
    assert TOTPDevice.objects.filter(user=boss).count() == 1


def test_a_right_code_leads_to_where_one_wanted_to_go(client: Client, boss: User) -> None:
    device, _ = with_app(boss)
    wanted = reverse("admin:portfolios_user_changelist")
    log_in(client, wanted)
    before = client.session.session_key
    assert f'value="{wanted}"' in client.get(wanted, follow=True).content.decode()
    answer = client.post(ASK, {"code": code_of(device), "next": wanted})
    assert answer.url == wanted
    assert client.get(wanted).status_code == 200
    assert client.session.session_key != before


def test_it_never_leads_to_another_site(client: Client, boss: User) -> None:
    device, _ = with_app(boss)
    log_in(client)
    assert client.post(ASK, {"code": code_of(device), "next": "https://evil.example/"}).url == INDEX


def test_a_code_is_good_once_and_guessing_is_slowed_down(client: Client, boss: User) -> None:
    device, _ = with_app(boss)
    code = code_of(device)
    assert second_step.is_right(boss, code) is not None
    assert second_step.is_right(boss, code) is None
    # The next right code comes too soon after a wrong one.
    assert second_step.is_right(boss, code_of(device, drift=1)) is None


def test_a_backup_code_opens_once(client: Client, boss: User) -> None:
    _, codes = with_app(boss)
    log_in(client)
    assert client.post(ASK, {"code": f" {codes[0].upper()} "}).url == INDEX
    assert client.get(INDEX).status_code == 200
    client.logout()
    log_in(client)
    assert client.post(ASK, {"code": codes[0]}).status_code == 200
    assert client.get(INDEX).status_code == 302


def test_an_operator_resets_it_from_the_command_line(client: Client, boss: User) -> None:
    with_app(boss)
    said = StringIO()
    call_command("reset_second_step", "Boss@example.com", stdout=said)
    assert "forgotten" in said.getvalue()
    log_in(client)
    assert client.get(INDEX).status_code == 200
    with pytest.raises(CommandError, match="No account"):
        call_command("reset_second_step", "nobody@example.com")


def test_a_reset_ends_the_second_step_of_open_sessions(client: Client, boss: User, settings: Any) -> None:
    settings.SECOND_STEP = "required"
    device, _ = with_app(boss)
    log_in(client)
    client.post(ASK, {"code": code_of(device)})
    assert client.get(INDEX).status_code == 200
    second_step.reset(boss)
    assert client.get(INDEX).status_code == 302


def test_the_secret_is_shown_to_nobody(client: Client, boss: User) -> None:
    device, _ = with_app(UserFactory(is_staff=True))
    client.force_login(boss)
    for page in (
        reverse("admin:otp_totp_totpdevice_changelist"),
        reverse("admin:otp_totp_totpdevice_change", args=[device.pk]),
    ):
        answer = client.get(page)
        assert answer.status_code == 200
        assert device.key not in answer.content.decode()


def test_deleting_it_in_the_console_takes_the_backup_codes_too(client: Client, boss: User) -> None:
    user = UserFactory(is_staff=True)
    device, codes = with_app(user)
    client.force_login(boss)
    assert (
        client.post(reverse("admin:otp_totp_totpdevice_delete", args=[device.pk]), {"post": "yes"}).status_code == 302
    )
    assert not second_step.is_set_up(user)
    assert second_step.is_right(user, codes[0]) is None


def test_investors_have_no_second_step(client: Client) -> None:
    client.force_login(UserFactory())
    assert client.get(SET_UP).url.startswith(LOGIN)


def test_the_operations_api_asks_for_it_too(client: Client, boss: User, settings: Any) -> None:
    def api(**more: str) -> Any:
        given = {"email": boss.email, "password": PASSWORD, **more}
        return client.post("/api/v1/admin/auth/login", given, content_type="application/json")

    assert api().status_code == 200
    _, codes = with_app(boss)
    assert api().status_code == 401
    assert "authenticator" in api().json()["detail"]
    assert api(second_step_code=codes[0]).status_code == 200
    assert api(second_step_code="000000").status_code == 401
    second_step.reset(boss)
    settings.SECOND_STEP = "required"
    assert api().status_code == 401
