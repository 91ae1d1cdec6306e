"""How the outside sources answered of late: success, latency, breaker."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from marketdata.models import Breaker, ProviderState

HOURS = 24
# A source that knows no such symbol has answered.
SUCCESSFUL = ("ok", "empty", "not_found")
REQUESTS = """
    SELECT provider, count(*), count(*) FILTER (WHERE outcome = ANY(%(good)s)),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY latency_ms), percentile_cont(0.95) WITHIN GROUP (ORDER BY latency_ms),
           max(started_at)
    FROM provider_requests WHERE started_at >= %(since)s GROUP BY provider
"""


@dataclass(frozen=True)
class ProviderHealth:
    """A source in the last 24 hours. Latencies in milliseconds, None without requests; `breaker` is closed, open or half_open."""

    provider: str
    requests: int
    successful: int
    median_ms: float | None
    slow_ms: float | None
    last_at: dt.datetime | None
    breaker: str
    open_until: dt.datetime | None

    @property
    def success_rate(self) -> float | None:
        """A fraction, None without requests."""
        return self.successful / self.requests if self.requests else None

    @property
    def tone(self) -> str:
        if self.breaker == Breaker.OPEN:
            return "bad"
        rate = self.success_rate
        return "good" if rate is None or rate >= 0.98 else "warn" if rate >= 0.9 else "bad"


def provider_health() -> list[ProviderHealth]:
    """Every source that was asked in the last day or has a breaker, by name, in two queries."""
    states = {state.provider: state for state in ProviderState.objects.all()}
    with connection.cursor() as cursor:
        cursor.execute(REQUESTS, {"good": list(SUCCESSFUL), "since": timezone.now() - dt.timedelta(hours=HOURS)})
        asked = {row[0]: row[1:] for row in cursor.fetchall()}
    never = (0, 0, None, None, None)
    return [
        _health(provider, asked.get(provider, never), states.get(provider))
        for provider in sorted(states.keys() | asked.keys())
    ]


def _health(provider: str, figures: tuple[Any, ...], state: ProviderState | None) -> ProviderHealth:
    requests, successful, median, slow, last_at = figures
    breaker, open_until = (state.breaker, state.open_until) if state else (Breaker.CLOSED, None)
    return ProviderHealth(provider, requests, successful, median, slow, last_at, breaker, open_until)
