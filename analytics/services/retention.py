"""How long rows about operations are kept, whether that is kept to, and the deleting of older ones.

Apps above register rules of their own in `AppConfig.ready`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Count, Min, Model, Q, QuerySet, Value
from django.utils import timezone

from analytics.models import ACTIVE_AUDITS, ACTIVE_STATUSES, AuditRun, BatchRun
from marketdata.models import ProviderRequest
from portfolios.models import AdminSession, RevokedToken, UserActivityEvent
from sigmasight.core import clock
from sigmasight.core.models import IdempotencyRecord

RETENTION_DAYS = 30
SESSION_DAYS = 7
AUDIT_DAYS = 90
ONE_DAY = dt.timedelta(days=1)
AI_REQUESTS = "ai_request_metrics"


@dataclass(frozen=True)
class Rule:
    """Rows of a table are deleted when the instant in a column is more than so many days ago.

    Attributes
    ----------
    now : the clock that stamps the column: the system's own, or the database's where that does. kept : rows never deleted.
    """

    model: type[Model]
    column: str
    days: int = RETENTION_DAYS
    now: Callable[[], dt.datetime] = timezone.now
    kept: Q = field(default_factory=Q)

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def cutoff(self) -> dt.datetime:
        return self.now() - dt.timedelta(days=self.days)

    def older_than(self, instant: dt.datetime) -> Q:
        past = Q(**{f"{self.column}__lt": instant})
        return past & ~self.kept if self.kept else past

    def expired(self) -> QuerySet[Any]:
        return self.model._default_manager.filter(self.older_than(self.cutoff)).order_by()


RULES: dict[str, Rule] = {}


def keep(rule: Rule) -> None:
    """Register how long a table's rows are kept."""
    RULES[rule.table] = rule


keep(Rule(UserActivityEvent, "created_at", now=clock.now))
keep(Rule(BatchRun, "created_at", kept=Q(status__in=ACTIVE_STATUSES)))
keep(Rule(AuditRun, "created_at", days=AUDIT_DAYS, kept=Q(status__in=ACTIVE_AUDITS)))
keep(Rule(ProviderRequest, "started_at"))
keep(Rule(IdempotencyRecord, "created_at", days=1))
keep(Rule(RevokedToken, "expires_at", days=0))
keep(Rule(AdminSession, "expires_at", days=SESSION_DAYS, now=clock.now))


@dataclass(frozen=True)
class Holding:
    """The rows of a table: all, those a cleanup would delete, those of the last 24 hours, and the oldest instant among all."""

    table: str
    days: int
    total: int = 0
    past: int = 0
    recent: int = 0
    oldest: dt.datetime | None = None
    compliant: bool = True


def cutoff_date() -> dt.date:
    """Events of earlier days (New York) are gone, or go with the next cleanup."""
    return (clock.market_now() - dt.timedelta(days=RETENTION_DAYS)).date()


def holdings() -> dict[str, Holding]:
    """The state of every table with a rule, in one query, and of the assistant's requests whether or not it is there.

    Cleanup comes once a day: what became too old since yesterday is no fault yet.
    """
    parts = [
        rule.model._default_manager.order_by()
        .annotate(table=Value(rule.table))
        .values("table")
        .annotate(
            total=Count("pk"),
            past=Count("pk", filter=rule.older_than(rule.cutoff)),
            late=Count("pk", filter=rule.older_than(rule.cutoff - ONE_DAY)),
            recent=Count("pk", filter=Q(**{f"{rule.column}__gte": rule.now() - ONE_DAY})),
            oldest=Min(rule.column),
        )
        .values_list("table", "total", "past", "late", "recent", "oldest")
        for rule in RULES.values()
    ]
    state = {AI_REQUESTS: Holding(AI_REQUESTS, RETENTION_DAYS)}
    # A table without rows has no line.
    state |= {table: Holding(table, rule.days) for table, rule in RULES.items()}
    for table, total, past, late, recent, oldest in parts[0].union(*parts[1:]):
        state[table] = Holding(table, RULES[table].days, total, past, recent, oldest, compliant=not late)
    return state


@transaction.atomic
def clean_up() -> dict[str, int]:
    """Delete what is older than its rule allows; runs go with their steps and their log. Returns the rows deleted by table."""
    return {AI_REQUESTS: 0} | {
        table: rule.expired().delete()[1].get(rule.model._meta.label, 0) for table, rule in RULES.items()
    }
