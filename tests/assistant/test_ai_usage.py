"""What the models were asked and what it cost, for the dashboard."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from assistant.models import AIRequestMetric
from assistant.services.ai_usage import ai_use

pytestmark = pytest.mark.django_db


def asked(model: str, taken: int, given: int, **fields: Any) -> AIRequestMetric:
    return AIRequestMetric.objects.create(
        model=model, input_tokens=taken, output_tokens=given, total_tokens=taken + given, total_latency_ms=400, **fields
    )


def test_tokens_failures_and_dollars_by_model(settings: Any) -> None:
    settings.AI_PRICES = {"large": [2.0, 10.0]}
    asked("large", 1_000_000, 100_000)
    asked("large", 500_000, 0, error_type="timeout")
    (one,) = ai_use().models
    assert (one.requests, one.failed, one.input_tokens, one.output_tokens) == (2, 1, 1_500_000, 100_000)
    assert one.dollars == pytest.approx(4.0)


def test_without_its_price_a_model_makes_the_sum_unknown(settings: Any) -> None:
    settings.AI_PRICES = {"large": [2.0, 10.0]}
    asked("large", 10, 10)
    asked("small", 10, 10)
    assert ai_use().dollars is None
    assert ai_use().tokens == 40


def test_requests_without_a_count_are_told_apart(settings: Any) -> None:
    settings.AI_PRICES = {"large": [2.0, 10.0]}
    asked("large", 1_000_000, 0)
    AIRequestMetric.objects.create(model="large", error_type="client_disconnected")
    use = ai_use()
    assert (use.requests, use.uncounted, use.dollars) == (2, 1, pytest.approx(2.0))


def test_older_requests_are_left_out() -> None:
    row = asked("large", 10, 10)
    AIRequestMetric.objects.filter(pk=row.pk).update(created_at=timezone.now() - dt.timedelta(days=31))
    assert ai_use().requests == 0
    assert ai_use().dollars == 0
