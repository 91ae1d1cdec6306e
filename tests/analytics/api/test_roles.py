"""The operations API lets those start runs whose role in the console lets them."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from portfolios.services.tokens import issue_admin_token
from tests.factories import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("demo_results")]
STARTS = (
    "batch/run", "batch/trigger", "batch/trigger/market-data", "batch/trigger/correlations", "batch/trigger/company-profiles",
    "batch/restore-sector-tags", "batch/cleanup-incomplete", "batch/data-quality/refresh",
)  # fmt: skip


def client_of(role: str) -> Client:
    user = UserFactory(is_staff=True)
    if role:
        user.groups.add(Group.objects.get(name=role))
    token = issue_admin_token(user, ip_address=None, user_agent="tests")
    return Client(headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("role", ["", "viewer"])
@pytest.mark.parametrize("path", STARTS)
def test_viewers_start_nothing(path: str, role: str) -> None:
    answer: Any = client_of(role).post(f"/api/v1/admin/{path}", {}, content_type="application/json")
    assert answer.status_code == 403, answer.content
    assert "operator" in answer.json()["detail"]


def test_viewers_look() -> None:
    assert client_of("viewer").get("/api/v1/admin/batch/history").status_code == 200


def test_operators_start_what_is_needed() -> None:
    answer = client_of("operator").post("/api/v1/admin/batch/data-quality/refresh", {}, content_type="application/json")
    assert answer.json()["status"] == "no_action_needed"
