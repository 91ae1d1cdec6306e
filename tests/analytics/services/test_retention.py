"""What is deleted when, and whether it is told that something is kept too long."""

from __future__ import annotations

import datetime as dt
from uuid import uuid4

import pytest
from django.utils import timezone

from analytics.models import BatchLogEntry, BatchRun, BatchStep, DailyMetric
from analytics.services.admin_health import admin_health
from analytics.services.daily_metrics import count_days, yesterday
from analytics.services.retention import AI_REQUESTS, clean_up, holdings
from marketdata.models import ProviderRequest
from portfolios.models import AdminSession, RevokedToken, UserActivityEvent
from sigmasight.core import clock
from sigmasight.core.models import IdempotencyRecord
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
HOUR = 1 / 24


def ago(days: float) -> dt.datetime:
    return timezone.now() - dt.timedelta(days=days)


def event(days: float) -> UserActivityEvent:
    return UserActivityEvent.objects.create(event_type="auth.logout", event_category="auth", created_at=ago(days))


def run(days: float, status: str = "completed") -> BatchRun:
    return BatchRun.objects.create(
        kind="nightly", trigger="beat", source="simulated", status=status, created_at=ago(days)
    )


def test_each_table_by_its_own_rule() -> None:
    user = UserFactory()
    kept = []
    for past, days in ((True, 30 + HOUR), (False, 30 - HOUR)):
        rows = [event(days), run(days)]
        rows.append(
            ProviderRequest.objects.create(provider="fmp", operation="prices", outcome="ok", started_at=ago(days))
        )
        rows.append(
            AdminSession.objects.create(user=user, token_hash=str(days), expires_at=ago(7 + HOUR if past else 7 - HOUR))
        )
        rows.append(RevokedToken.objects.create(jti=str(days), user=user, expires_at=ago(HOUR if past else -HOUR)))
        rows.append(
            IdempotencyRecord.objects.create(
                user_id=uuid4(), key="k", operation_hash="o", request_hash="r", status=201, response={},
                created_at=ago(1 + HOUR if past else 1 - HOUR),
            )
        )  # fmt: skip
        kept += [] if past else rows
    assert clean_up() == {
        "user_activity_events": 1, "batch_run_history": 1, "provider_requests": 1, "admin_sessions": 1, "revoked_tokens": 1,
        "idempotency_records": 1, "audit_runs": 0, AI_REQUESTS: 0,
    }  # fmt: skip
    for row in kept:
        assert list(type(row).objects.values_list("pk", flat=True)) == [row.pk]
    assert not any(clean_up().values())


def test_a_run_goes_with_its_steps_and_its_log_but_never_while_it_is_active() -> None:
    old, active, fresh = run(31), run(31, "running"), run(1)
    for one in (old, active, fresh):
        BatchStep.objects.create(run=one, phase="1", name="prices")
        BatchLogEntry.objects.create(run=one, message="done")
    assert clean_up()["batch_run_history"] == 1
    assert set(BatchRun.objects.all()) == {active, fresh}
    assert BatchStep.objects.count() == BatchLogEntry.objects.count() == 2


def test_events_are_as_old_as_the_systems_clock_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGMASIGHT_NOW", "2025-11-20T21:30:00-05:00")
    UserActivityEvent.objects.create(event_type="auth.logout", event_category="auth", created_at=clock.now())
    run(0)
    assert not any(clean_up().values())


def test_what_is_kept_and_since_when() -> None:
    old = event(30.5)
    event(0.5)
    state = holdings()["user_activity_events"]
    assert (state.total, state.past, state.recent, state.oldest) == (2, 1, 1, old.created_at)
    assert state.compliant  # tonight's cleanup takes it
    event(31.5)
    assert not holdings()["user_activity_events"].compliant
    assert holdings()[AI_REQUESTS].total == 0


def test_health_asks_for_cleanup_and_for_missing_figures() -> None:
    assert admin_health().status == "healthy"
    event(5)
    assert admin_health().status == "degraded"
    count_days(yesterday())
    health = admin_health()
    assert health.status == "healthy"
    assert health.rows == {
        "user_activity_events": 1, AI_REQUESTS: 0, "batch_run_history": 0, "daily_metrics": DailyMetric.objects.count(),
    }  # fmt: skip
    event(40)
    assert admin_health().status == "needs_cleanup"
    assert not admin_health().compliant
