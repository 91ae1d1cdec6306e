"""Documents, memories and verdicts in the AI database, for staff to look at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from assistant.models import Feedback, KnowledgeDocument, Memory
from assistant.services.ai_database import within_budget
from assistant.services.exchanges import Exchange, exchanges
from sigmasight.core.errors import NotFound

DOCUMENT_NOT_FOUND = "Document not found"
Row = TypeVar("Row")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Rows of a page, and how many match in all."""

    rows: Sequence[Row]
    total: int


@dataclass(frozen=True)
class Counts:
    """Rows by scope; `people` with at least one, where that is asked."""

    by_scope: dict[str, int]
    people: int = 0

    @property
    def total(self) -> int:
        return sum(self.by_scope.values())


def documents(*, scope: str | None, search: str | None, limit: int, offset: int) -> Page[KnowledgeDocument]:
    """Texts of the knowledge base, each chunk a row, the latest change first, without their vectors.

    Raises
    ------
    Unavailable if the AI database does not answer.
    """
    rows = KnowledgeDocument.objects.order_by("-updated_at", "scope", "slug", "chunk_no")
    if scope:
        rows = rows.filter(scope=scope)
    if search:
        rows = rows.filter(Q(content__icontains=search) | Q(title__icontains=search))
    return _page(_light(rows), limit, offset)


def document(document_id: UUID) -> KnowledgeDocument:
    """One text.

    Raises
    ------
    NotFound for an unknown id. Unavailable if the AI database does not answer.
    """
    with within_budget(may_rest=False):
        found = _light(KnowledgeDocument.objects.filter(pk=document_id)).first()
    if found is None:
        raise NotFound("document_not_found", DOCUMENT_NOT_FOUND)
    return found


def document_counts() -> Counts:
    """Raises Unavailable if the AI database does not answer."""
    with within_budget(may_rest=False):
        rows = KnowledgeDocument.objects.order_by().values_list("scope").annotate(Count("id"))
        return Counts(dict(sorted(rows)))


def memories(*, scope: str | None, user_id: UUID | None, search: str | None, limit: int, offset: int) -> Page[Memory]:
    """Everybody's memories, newest first.

    Raises
    ------
    Unavailable if the AI database does not answer.
    """
    rows = Memory.objects.order_by("-created_at", "id")
    if scope:
        rows = rows.filter(scope=scope)
    if user_id:
        rows = rows.filter(user_id=user_id)
    if search:
        rows = rows.filter(content__icontains=search)
    return _page(rows, limit, offset)


def memory_counts() -> Counts:
    """Raises Unavailable if the AI database does not answer."""
    with within_budget(may_rest=False):
        rows = Memory.objects.order_by().values_list("scope").annotate(Count("id"))
        people = Memory.objects.exclude(user_id=None).aggregate(people=Count("user_id", distinct=True))["people"]
        return Counts(dict(sorted(rows)), people)


def feedback(
    *, rating: str | None, days: int, with_context: bool, limit: int, offset: int
) -> tuple[Page[Feedback], dict[UUID, Exchange]]:
    """Verdicts of the last days, newest first, and with context what they are about (by message; deleted ones are left out).

    Raises
    ------
    Unavailable if the AI database does not answer.
    """
    rows = Feedback.objects.filter(created_at__gte=timezone.now() - dt.timedelta(days=days))
    if rating:
        rows = rows.filter(rating=rating)
    page = _page(rows.order_by("-created_at", "id"), limit, offset)
    return page, exchanges([one.message_id for one in page.rows]) if with_context else {}


def _light(rows: QuerySet[KnowledgeDocument]) -> QuerySet[KnowledgeDocument]:
    return rows.annotate(embedded=Q(embedding__isnull=False)).defer("embedding", "search")


def _page(rows: QuerySet[Any], limit: int, offset: int) -> Page[Any]:
    with within_budget(may_rest=False):
        return Page(list(rows[offset : offset + limit]), rows.count())
