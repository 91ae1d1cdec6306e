"""Verdicts and what was learned from them, for staff."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q
from django.utils import timezone

from assistant.models import Feedback, Memory, MemoryScope, Rating
from assistant.services import lessons
from assistant.services.ai_database import within_budget
from assistant.services.exchanges import exchanges
from assistant.services.learning import SOURCE as PATTERNS

LEARNED = (lessons.SOURCE, PATTERNS)


@dataclass(frozen=True)
class Verdicts:
    """How many, and of which kind. `positive_ratio` is 0 to 1, 0 without any."""

    total: int
    positive: int
    with_edits: int
    with_comments: int
    last_week: int

    @property
    def negative(self) -> int:
        return self.total - self.positive

    @property
    def positive_ratio(self) -> float:
        return round(self.positive / self.total, 4) if self.total else 0.0


@dataclass(frozen=True)
class Complaint:
    """A bad verdict with the answer it is about; the answer is None where its conversation was deleted."""

    feedback: Feedback
    original_text: str | None


def verdicts(*, days: int | None = None, user_id: UUID | None = None) -> Verdicts:
    """Counted in one query: of the last days, or of all times; of one person, or of all.

    Raises
    ------
    Unavailable if the AI database does not answer.
    """
    rows = Feedback.objects.order_by()
    if days is not None:
        rows = rows.filter(created_at__gte=timezone.now() - dt.timedelta(days=days))
    if user_id is not None:
        rows = rows.filter(user_id=user_id)
    week = timezone.now() - dt.timedelta(days=7)
    with within_budget(may_rest=False):
        counted = rows.aggregate(
            total=Count("id"),
            positive=Count("id", filter=Q(rating=Rating.UP)),
            with_edits=Count("id", filter=~Q(edited_text="")),
            with_comments=Count("id", filter=~Q(comment="")),
            last_week=Count("id", filter=Q(created_at__gte=week)),
        )
    return Verdicts(**counted)


def complaints(*, days: int, limit: int, with_edits_only: bool) -> Sequence[Complaint]:
    """The newest bad verdicts of the last days.

    Raises
    ------
    Unavailable if the AI database does not answer.
    """
    since = timezone.now() - dt.timedelta(days=days)
    rows = Feedback.objects.filter(rating=Rating.DOWN, created_at__gte=since)
    if with_edits_only:
        rows = rows.exclude(edited_text="")
    with within_budget(may_rest=False):
        found = list(rows[:limit])
    said = exchanges([one.message_id for one in found])
    return [Complaint(one, said[one.message_id].answer if one.message_id in said else None) for one in found]


def learned_preferences(*, user_id: UUID | None, limit: int) -> Sequence[Memory]:
    """The newest memories that verdicts taught.

    Raises
    ------
    Unavailable if the AI database does not answer.
    """
    rows = Memory.objects.filter(scope=MemoryScope.USER, source__in=LEARNED)
    if user_id is not None:
        rows = rows.filter(user_id=user_id)
    with within_budget(may_rest=False):
        return list(rows[:limit])
