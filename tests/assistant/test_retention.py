"""Requests to the models are counted for thirty days."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from analytics.services.retention import AI_REQUESTS, clean_up, holdings
from assistant.models import AIRequestMetric

pytestmark = pytest.mark.django_db


def test_requests_are_kept_thirty_days() -> None:
    for days in (0, 29, 30.5):
        one = AIRequestMetric.objects.create(model="small")
        AIRequestMetric.objects.filter(pk=one.pk).update(created_at=timezone.now() - dt.timedelta(days=days))
    held = holdings()[AI_REQUESTS]
    assert (held.total, held.past, held.recent, held.compliant) == (3, 1, 1, True)
    assert clean_up()[AI_REQUESTS] == 1
    assert AIRequestMetric.objects.count() == 2
