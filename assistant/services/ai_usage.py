"""What the language models were asked of late for turns and insights, and what that cost in tokens and dollars."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Avg, Count, Q, Sum
from django.db.models.functions import TruncDate
from django.utils import timezone

from assistant.llm.pricing import cost_usd
from assistant.models import AIRequestMetric

DAYS = 30


@dataclass(frozen=True)
class ModelUse:
    """One model's requests of the period. Of `uncounted` ones the vendor told no tokens (they failed, or their reader left): these are
    neither in tokens nor in dollars. `dollars` is None where the model's price is not set."""

    model: str
    requests: int
    failed: int
    uncounted: int
    input_tokens: int
    output_tokens: int
    mean_latency_ms: float | None
    dollars: float | None


@dataclass(frozen=True)
class AIUse:
    """Requests of the last `days` days: by model, and by day (day, requests, tokens)."""

    days: int
    models: Sequence[ModelUse]
    by_day: Sequence[tuple[dt.date, int, int]]

    @property
    def requests(self) -> int:
        return sum(one.requests for one in self.models)

    @property
    def failed(self) -> int:
        return sum(one.failed for one in self.models)

    @property
    def uncounted(self) -> int:
        return sum(one.uncounted for one in self.models)

    @property
    def tokens(self) -> int:
        return sum(one.input_tokens + one.output_tokens for one in self.models)

    @property
    def dollars(self) -> float | None:
        """Of all models; None if the price of one of them is not known."""
        costs = [one.dollars for one in self.models]
        return None if None in costs else sum(cost for cost in costs if cost is not None)


def ai_use(days: int = DAYS) -> AIUse:
    """Use of the last `days` days in two queries."""
    rows = AIRequestMetric.objects.filter(created_at__gte=timezone.now() - dt.timedelta(days=days)).order_by()
    failed = Count("id", filter=Q(error_type__isnull=False) & ~Q(error_type=""))
    models = rows.values("model").annotate(
        requests=Count("id"),
        failed=failed,
        uncounted=Count("id", filter=Q(total_tokens=None)),
        taken=Sum("input_tokens", default=0),
        given=Sum("output_tokens", default=0),
        latency=Avg("total_latency_ms"),
    )
    daily = (
        rows.annotate(day=TruncDate("created_at"))
        .values("day")
        .annotate(requests=Count("id"), tokens=Sum("total_tokens", default=0))
        .order_by("day")
    )
    return AIUse(
        days,
        [
            ModelUse(
                row["model"], row["requests"], row["failed"], row["uncounted"], row["taken"], row["given"], row["latency"],
                _cost(row["model"], row["taken"], row["given"]),
            )
            for row in models.order_by("-requests", "model")
        ],
        [(row["day"], row["requests"], row["tokens"]) for row in daily],
    )  # fmt: skip


def _cost(model: str, taken: int, given: int) -> float | None:
    cost = cost_usd(model, taken, given)
    return None if cost is None else float(cost)
