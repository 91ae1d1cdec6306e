"""Figures of the sources of prices for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import Metric

from marketdata.models import Breaker
from marketdata.services.provider_health import provider_health
from sigmasight.core.observability.exposition import gauges_by, register


@register("providers")
def providers() -> Iterator[Metric]:
    """Of the last 24 hours, in two statements."""
    found = provider_health()
    yield gauges_by(
        "provider_requests_day", "Requests to the source in the last 24 hours by how they ended",
        [({"provider": one.provider, "outcome": outcome}, count) for one in found
         for outcome, count in (("success", one.successful), ("failure", one.requests - one.successful))],
    )  # fmt: skip
    yield gauges_by(
        "provider_latency_seconds", "Latency of the source's answers in the last 24 hours",
        [({"provider": one.provider, "quantile": quantile}, None if spent is None else spent / 1000) for one in found
         for quantile, spent in (("0.5", one.median_ms), ("0.95", one.slow_ms))],
    )  # fmt: skip
    yield gauges_by(
        "provider_breaker", "1 for the state the source's breaker is in",
        [({"provider": one.provider, "state": state.value}, float(one.breaker == state)) for one in found for state in Breaker],
    )  # fmt: skip
