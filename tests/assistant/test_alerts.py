"""Rules about the assistant."""

from __future__ import annotations

import pytest

from assistant import alerts
from assistant.llm.events import Usage
from assistant.models import AIRequestMetric
from assistant.services.request_metrics import record_request
from portfolios.models import User
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db(databases=["default", "ai"])


def asked(user: User, many: int, error: str | None = None) -> None:
    for _ in range(many):
        record_request(
            user_id=user.pk, conversation_id=None, message_id=None, model="gpt-5-mini", usage=Usage(), first_token_ms=None,
            total_latency_ms=10, tools=(), error_type=error,
        )  # fmt: skip


def test_failures_are_told_from_a_share_on_and_until_they_are_few() -> None:
    user = UserFactory()
    asked(user, 3)
    asked(user, 4, "api_failure")
    assert list(alerts.failing_requests()) == []
    asked(user, 1, "quota_exceeded")
    (found,) = alerts.failing_requests()
    assert found.figures == {"failed": 5, "requests": 8, "share": 0.625}
    assert found.message.endswith("(62%): api_failure 4, quota_exceeded 1.")
    asked(user, 40)
    assert list(alerts.failing_requests()) == []


def test_readers_who_left_and_failures_of_yesterday_do_not_count() -> None:
    user = UserFactory()
    asked(user, 9, alerts.LEFT)
    assert list(alerts.failing_requests()) == []
    asked(user, 9, "api_failure")
    AIRequestMetric.objects.update(created_at="2020-01-01T00:00:00Z")
    assert list(alerts.failing_requests()) == []
