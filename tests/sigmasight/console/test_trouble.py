"""What goes wrong in the console is told in its own look."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from assistant.models import Memory
from portfolios.models import User
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db(databases=["default", "ai"])


@pytest.fixture
def boss(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("boss@example.com", "a-long-secret-1"))
    return client


def test_a_refusal(client: Client) -> None:
    client.force_login(UserFactory(is_staff=True))
    answer = client.get(reverse("admin:portfolios_portfolio_changelist"))
    assert answer.status_code == 403
    assert "Your role does not go that far" in answer.content.decode()
    assert "nav-sidebar" in answer.content.decode()


def test_an_unknown_address(boss: Client) -> None:
    answer = boss.get("/admin/nothing/of/this/kind/")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/admin/console/alerts/?rule=%00", 400),
        ("/admin/portfolios/position/?tag=%00", 400),
        ("/admin/autocomplete/?app_label=portfolios&model_name=position&field_name=portfolio&term=%00", 400),
        ("/admin/portfolios/position/add/?portfolio=none", 400),
        ("/admin/console/batch/start/?portfolio=none", 200),
        (f"/admin/console/alerts/?alert={'9' * 5000}", 200),
    ],
)
def test_addresses_that_somebody_garbled(boss: Client, address: str, status: int) -> None:
    assert boss.get(address).status_code == status


def test_a_database_that_does_not_answer(boss: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: Any, **__: Any) -> None:
        raise OperationalError("connection to server at 10.0.0.7 failed: password")

    monkeypatch.setattr(type(admin.site.get_model_admin(Memory)), "get_queryset", stopped)
    answer = boss.get(reverse("admin:assistant_memory_changelist"))
    assert answer.status_code == 503
    assert "does not answer" in answer.content.decode()
    assert "10.0.0.7" not in answer.content.decode()


def test_a_part_that_outlives_its_session_leads_to_the_login_and_back(client: Client) -> None:
    page = "http://testserver/admin/console/batch/?a=b"
    answer = client.get(reverse("admin:console_alerts"), headers={"HX-Request": "true", "HX-Current-URL": page})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["HX-Redirect"] == "/admin/login/?next=%2Fadmin%2Fconsole%2Fbatch%2F%3Fa%3Db"
