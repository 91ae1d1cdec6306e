"""The nightly learning: habits in people's verdicts become memories, in place of those of the night before."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from celery.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from assistant.models import Feedback, Memory, MemoryScope
from assistant.services.ai_database import AI
from assistant.services.lessons import reprocess
from assistant.services.memories import remember, wait_for_others
from assistant.services.patterns import LEAST_RATINGS, Pattern, patterns_of

log = logging.getLogger(__name__)

SOURCE = "pattern_analysis"
DAYS, LEAST_CONFIDENCE = 30, 0.7
# Verdicts whose own lesson was missed, e.g. while the broker was away.
CATCH_UP_DAYS = 2


@dataclass(frozen=True)
class Learned:
    """One person's habits and the memories that say them now."""

    user_id: UUID
    found: int
    rules: Sequence[tuple[Pattern, Memory]]
    created: int


@dataclass
class Run:
    """A learning run. `failures` are (person, what went wrong)."""

    started_at: dt.datetime
    learned: list[Learned] = field(default_factory=list)
    failures: list[tuple[UUID, str]] = field(default_factory=list)
    completed_at: dt.datetime | None = None


def run_learning(*, days: int = DAYS, min_confidence: float = LEAST_CONFIDENCE) -> Run:
    """Learn from everybody with at least three verdicts in the last days. One person's failure does not stop the others."""
    run = Run(timezone.now())
    since = run.started_at - dt.timedelta(days=days)
    people = (
        Feedback.objects.filter(created_at__gte=since)
        .values("user_id")
        .annotate(verdicts=Count("id"))
        .filter(verdicts__gte=LEAST_RATINGS)
        .order_by("user_id")
        .values_list("user_id", flat=True)
    )
    for user_id in list(people):
        try:
            run.learned.append(learn(user_id, days=days, min_confidence=min_confidence))
        except SoftTimeLimitExceeded:
            raise
        except Exception:
            log.exception("Learning from the verdicts of %s failed", user_id)
            run.failures.append((user_id, "The verdicts of this person could not be analysed; see the log."))
    run.completed_at = timezone.now()
    return run


def nightly_learning() -> Run:
    """What the schedule runs: lessons that were missed, then everybody's habits."""
    reprocess(CATCH_UP_DAYS)
    return run_learning()


def learn(user_id: UUID, *, days: int = DAYS, min_confidence: float = LEAST_CONFIDENCE) -> Learned:
    """Store a person's habits as memories. Those of an earlier run are changed or deleted, so that they never pile up.

    Raises
    ------
    django.db.Error if a database does not answer.
    """
    found = patterns_of(user_id, days=days, min_confidence=min_confidence)
    with transaction.atomic(using=AI):
        wait_for_others(user_id)
        mine = Memory.objects.filter(user_id=user_id, source=SOURCE)
        before = {memory.tags.get("pattern"): memory for memory in mine}
        mine.exclude(tags__pattern__in=[pattern.key for pattern in found]).delete()
        rules = [(pattern, _kept(user_id, pattern, before.get(pattern.key))) for pattern in found]
    known = {memory.pk for memory in before.values()}
    return Learned(user_id, len(found), rules, sum(memory.pk not in known for _, memory in rules))


def _kept(user_id: UUID, pattern: Pattern, memory: Memory | None) -> Memory:
    tags = {
        "pattern": pattern.key, "category": pattern.category, "confidence": pattern.confidence,
        "evidence_count": pattern.evidence,
    }  # fmt: skip
    if memory is None:
        return remember(user_id, pattern.content, scope=MemoryScope.USER, source=SOURCE, tags=tags)
    if (memory.content, memory.tags) != (pattern.content, tags):
        memory.content, memory.tags = pattern.content, tags
        memory.save(update_fields=["content", "tags", "updated_at"])
    return memory
