"""What the language models were asked on a day, counted for the operations console."""

from __future__ import annotations

import datetime as dt

import pytest

from analytics.services.day_figures import Day
from assistant.day_figures import ai_requests
from assistant.models import AIRequestMetric

pytestmark = pytest.mark.django_db


def test_requests_of_a_day() -> None:
    day = Day(dt.date(2026, 2, 26))
    for number, (model, failed) in enumerate([("a", None), ("a", None), ("b", "api_failure")]):
        row = AIRequestMetric.objects.create(
            model=model, error_type=failed, input_tokens=100, output_tokens=10, total_tokens=110,
            total_latency_ms=1000 * (number + 1), first_token_ms=None if failed else 400, tool_calls_count=number,
        )  # fmt: skip
        AIRequestMetric.objects.filter(pk=row.pk).update(created_at=day.start + dt.timedelta(hours=number))
    AIRequestMetric.objects.create(model="a", total_latency_ms=99_000)
    found = {(one.name, one.dimensions.get("model")): float(one.value) for one in ai_requests(day)}
    assert found[("ai_requests", None)] == 3
    assert found[("ai_requests_with_errors", None)] == 1
    assert found[("total_tokens", None)] == 330
    assert (found[("avg_latency_ms", None)], found[("latency_p50", None)]) == (2000, 2000)
    assert found[("latency_p95", None)] == pytest.approx(2900)
    assert (found[("avg_first_token_ms", None)], found[("avg_tool_calls", None)]) == (400, 1)
    assert (found[("model_breakdown", "a")], found[("model_breakdown", "b")]) == (2, 1)


def test_a_day_without_requests_has_no_milliseconds() -> None:
    found = {one.name: one.value for one in ai_requests(Day(dt.date(2026, 2, 26)))}
    assert found["ai_requests"] == 0
    assert "avg_latency_ms" not in found
    assert "latency_p95" not in found
