"""Staff look after the figures and the retention; only super admins change something."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from analytics.models import DailyMetric
from portfolios.models import User, UserActivityEvent
from portfolios.services.tokens import issue_admin_token
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
NOW = "2026-03-09T20:30:00-04:00"


@pytest.fixture(autouse=True)
def _evening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGMASIGHT_NOW", NOW)
    cache.clear()


def client_of(*, superuser: bool) -> Client:
    staff = UserFactory()
    User.objects.filter(pk=staff.pk).update(
        is_staff=True, is_superuser=superuser, email=f"staff{superuser}@example.com".lower()
    )
    token = issue_admin_token(User.objects.get(pk=staff.pk), ip_address=None, user_agent="")
    return Client(headers={"Authorization": f"Bearer {token}"}, raise_request_exception=False)


def post(client: Client, path: str, **given: Any) -> Any:
    return client.post(f"/api/v1/system/{path}", given, content_type="application/json")


@pytest.mark.parametrize("path", ["cleanup", "aggregate", "run-batch"])
def test_other_staff_may_look_but_not_change(path: str) -> None:
    client = client_of(superuser=False)
    answer = post(client, path)
    assert (answer.status_code, answer.json()) == (403, {"detail": "Only super admins may do this."})
    assert client.get("/api/v1/system/health").status_code == 200
    assert not DailyMetric.objects.exists()


def test_days_are_counted_and_read_back() -> None:
    client = client_of(superuser=True)
    UserActivityEvent.objects.create(
        event_type="onboarding.login_success", event_category="onboarding",
        created_at=dt.datetime(2026, 3, 7, 12, tzinfo=dt.UTC),
    )  # fmt: skip
    done = post(client, "aggregate", target_date="2026-03-07", days=2).json()
    assert done["triggered_by"] == "stafftrue@example.com"
    assert [one["date"] for one in done["aggregations"]] == ["2026-03-06", "2026-03-07"]
    assert done["total_metrics_saved"] == 42
    assert done["aggregations"][1]["categories"]["user_activity"] == {"metrics": 9, "saved": 9}
    found = client.get("/api/v1/system/daily-metrics", {"metric_type": "user_activity"}).json()
    assert list(found["data"]) == ["2026-03-07", "2026-03-06"]
    assert found["data"]["2026-03-07"]["user_activity.user_logins"] == 1
    assert (found["dates_count"], found["metrics_count"], found["metric_type_filter"]) == (2, 18, "user_activity")
    state = client.get("/api/v1/admin/system/aggregation/status", {"days": 3}).json()
    assert state["missing_dates"] == ["2026-03-08"]
    assert state["coverage_percent"] == 66.7


@pytest.mark.parametrize("day", ["2026-03-09", "2026-02-07"])
def test_unfinished_and_forgotten_days_are_422(day: str) -> None:
    answer = post(client_of(superuser=True), "aggregate", target_date=day)
    assert answer.status_code == 422
    assert "from 2026-02-08 to 2026-03-08" in answer.json()["detail"][0]["msg"]


def test_everything_at_once_or_without_cleanup() -> None:
    client = client_of(superuser=True)
    UserActivityEvent.objects.create(
        event_type="auth.logout", event_category="auth", created_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    )
    before = client.get("/api/v1/system/retention/status").json()
    assert before["tables"]["user_activity_events"]["records_past_retention"] == 1
    assert not before["all_compliant"]
    assert post(client, "run-batch", run_cleanup=False).json()["result"]["cleanup"] is None
    done = post(client, "run-batch", aggregate_days=2).json()
    assert done["success"]
    assert done["result"]["cleanup"]["user_activity_events"] == 1
    assert len(done["result"]["aggregation"]) == 2
    assert client.get("/api/v1/system/retention/status").json()["all_compliant"]
    assert post(client, "cleanup").json()["total_deleted"] == 0


def test_tables_that_cannot_be_read_are_unhealthy() -> None:
    client = client_of(superuser=False)
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE daily_metrics RENAME TO elsewhere")
    answer = client.get("/api/v1/system/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "unhealthy"
    assert "elsewhere" not in answer.content.decode()
