"""The rules of alerts about the assistant: failing requests, its database away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db import connections
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone

from assistant.models import AIRequestMetric
from assistant.services.ai_database import AI, Unavailable, within_budget
from assistant.services.answering import LEFT
from sigmasight.core import clock
from sigmasight.core.alerts.models import Severity
from sigmasight.core.alerts.rules import Condition, Rule, register

ONE_DAY = dt.timedelta(days=1)
# From so many failures on, and from such a share of all requests on.
LEAST_FAILURES, LEAST_SHARE = 5, 0.2
MOST_KINDS = 3


def failing_requests() -> Iterator[Condition]:
    rows = (
        AIRequestMetric.objects.filter(created_at__gte=timezone.now() - ONE_DAY)
        .order_by()
        .values("error_type")
        .annotate(requests=Count("id"))
    )
    counts = {row["error_type"] or "": row["requests"] for row in rows}
    # A reader who leaves is no failure.
    kinds = {kind: many for kind, many in counts.items() if kind not in ("", LEFT)}
    failed, asked = sum(kinds.values()), sum(counts.values())
    if failed < LEAST_FAILURES or failed < LEAST_SHARE * asked:
        return
    worst = sorted(kinds.items(), key=lambda one: -one[1])[:MOST_KINDS]
    yield Condition(
        key="",
        severity=Severity.WARNING,
        message=(
            f"{failed:,} of {asked:,} requests to language models failed in the last 24 hours ({failed / asked:.0%}): "
            f"{', '.join(f'{kind} {many:,}' for kind, many in worst)}."
        ),
        as_of=clock.now(),
        figures={"failed": failed, "requests": asked, "share": round(failed / asked, 4)},
    )


def ai_database_away() -> Iterator[Condition]:
    try:
        with within_budget(may_rest=False), connections[AI].cursor() as cursor:
            cursor.execute("SELECT 1")
    except Unavailable:
        yield Condition(
            key="",
            severity=Severity.WARNING,
            message=(
                "The AI database does not answer within two seconds. The assistant answers without memories and documents; portfolios, "
                "results and the night are not touched."
            ),
            as_of=clock.now(),
        )


register(
    Rule(
        name="ai-errors",
        title="Requests to language models fail",
        check=failing_requests,
        meaning=(
            f"In the last 24 hours {LEAST_FAILURES} requests or more, and at least {LEAST_SHARE:.0%} of all, ended with an error. "
            "Readers who left are not counted. Insights are written by rules meanwhile; the chat says that it cannot answer."
        ),
        look="Panel AI usage and cost and the table AI request metrics: which model, which kind (authentication, quota, rate limit)?",
        action=(
            "authentication_error: renew OPENAI_API_KEY. quota_exceeded: raise the budget at the vendor. rate_limit_exceeded: wait "
            "or lower the use. api_failure: look at the vendor's status page; OPENAI_BASE_URL takes another server of the same kind."
        ),
        escalate="To whoever owns the contract with the vendor, for key and quota.",
        lingers=dt.timedelta(minutes=15),
        place=lambda named: reverse("admin:assistant_airequestmetric_changelist"),
    )
)
register(
    Rule(
        name="ai-database-away",
        title="The AI database is away",
        check=ai_database_away,
        meaning="The database of the knowledge base, memories and feedback refuses connections or does not answer in time.",
        look="Is its server up (`docker compose ps ai-db`), is its disk full, do its connections reach their limit?",
        action=(
            "Start the server again, free the disk. Nothing has to be done afterwards: everybody asks it again within ten seconds. "
            "If its data are lost, restore the backup; documents alone come back by `manage.py seed_knowledge`."
        ),
        escalate="If it does not start: to whoever runs the databases. The core works without it.",
        patience=dt.timedelta(minutes=10),
    )
)
