"""Staff read conversations and note on answers what was wrong with them and how they should have read."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from assistant.models import Annotation, Conversation, Message, MessageRole
from assistant.services.ai_admin_knowledge import Page
from assistant.services.ai_database import within_budget
from portfolios.models import User
from sigmasight.core.errors import DomainError, NotFound

MOST_EXPORTED = 10_000
CHANGEABLE = ("annotation_type", "content", "suggested_response", "severity", "tags", "status")


@dataclass(frozen=True)
class Reviewed:
    """A conversation with its messages, oldest first, and how many notes each has."""

    conversation: Conversation
    messages: Sequence[Message]
    notes: Mapping[UUID, int]


@dataclass(frozen=True)
class InContext:
    """A message between its neighbours, oldest first, itself among them; its notes, newest first."""

    message: Message
    context: Sequence[Message]
    annotations: Sequence[Annotation]


@dataclass(frozen=True)
class Summary:
    total: int
    by_type: dict[str, int]
    by_severity: dict[str, int]
    by_status: dict[str, int]
    with_suggestions: int


def conversations(*, user_id: UUID | None, days: int, limit: int, offset: int) -> Page[Conversation]:
    """Conversations begun in the last days, the one spoken in last first, each with `message_count`."""
    rows = Conversation.objects.filter(created_at__gte=_since(days))
    if user_id:
        rows = rows.filter(user_id=user_id)
    counted = rows.annotate(message_count=Count("messages")).order_by("-updated_at", "id")
    return Page(list(counted[offset : offset + limit]), rows.count())


def conversation(conversation_id: UUID) -> Reviewed:
    """Raises NotFound for an unknown id, Unavailable if the AI database does not answer."""
    talk = Conversation.objects.filter(pk=conversation_id).first()
    if talk is None:
        raise NotFound("conversation_not_found", "Conversation not found")
    messages = list(Message.objects.filter(conversation=talk).order_by("created_at", "id"))
    with within_budget(may_rest=False):
        rows = Annotation.objects.filter(message_id__in=[one.pk for one in messages]).order_by()
        notes = dict(rows.values_list("message_id").annotate(Count("id")))
    return Reviewed(talk, messages, notes)


def message_in_context(message_id: UUID, neighbours: int) -> InContext:
    """A message with so many neighbours on each side. Raises NotFound for an unknown id, Unavailable as above."""
    message = Message.objects.filter(pk=message_id).first()
    if message is None:
        raise NotFound("message_not_found", "Message not found")
    talk = Message.objects.filter(conversation_id=message.conversation_id).exclude(pk=message.pk)
    earlier = Q(created_at__lt=message.created_at) | Q(created_at=message.created_at, id__lt=message.pk)
    before = list(talk.filter(earlier).order_by("-created_at", "-id")[:neighbours])[::-1]
    after = list(talk.exclude(earlier).order_by("created_at", "id")[:neighbours])
    with within_budget(may_rest=False):
        notes = list(Annotation.objects.filter(message_id=message.pk))
    return InContext(message, [*before, message, *after], notes)


def annotate(staff: User, given: Mapping[str, Any]) -> Annotation:
    """A new note on an answer.

    Raises
    ------
    NotFound for an unknown message, DomainError for one that is no answer, Unavailable as above.
    """
    role = Message.objects.filter(pk=given["message_id"]).values_list("role", flat=True).first()
    if role is None:
        raise NotFound("message_not_found", "Message not found")
    if role != MessageRole.ASSISTANT:
        raise DomainError("not_an_answer", "Only answers of the assistant can be annotated.")
    with within_budget(may_rest=False):
        return Annotation.objects.create(
            message_id=given["message_id"],
            admin_user_id=staff.pk,
            annotation_type=given["annotation_type"],
            content=given["content"],
            suggested_response=given.get("suggested_response") or "",
            severity=given.get("severity"),
            tags=given.get("tags") or [],
        )


def annotation(annotation_id: UUID) -> Annotation:
    """Raises NotFound for an unknown id, Unavailable as above."""
    with within_budget(may_rest=False):
        found = Annotation.objects.filter(pk=annotation_id).first()
    if found is None:
        raise NotFound("annotation_not_found", "Annotation not found")
    return found


def change_annotation(annotation_id: UUID, given: Mapping[str, Any]) -> Annotation:
    """What is absent or null stays. Raises as `annotation`."""
    found = annotation(annotation_id)
    changes = {name: given[name] for name in CHANGEABLE if given.get(name) is not None}
    for name, value in changes.items():
        setattr(found, name, value)
    if changes:
        with within_budget(may_rest=False):
            found.save(update_fields=[*changes, "updated_at"])
    return found


def delete_annotation(annotation_id: UUID) -> None:
    """Raises as `annotation`."""
    found = annotation(annotation_id)
    with within_budget(may_rest=False):
        found.delete()


def annotation_page(
    *, status: str | None, annotation_type: str | None, severity: str | None, days: int, limit: int, offset: int
) -> Page[Annotation]:
    """Notes of the last days, newest first. Raises Unavailable as above."""
    rows = _selected(days, status, annotation_type)
    if severity:
        rows = rows.filter(severity=severity)
    with within_budget(may_rest=False):
        return Page(list(rows.order_by("-created_at", "id")[offset : offset + limit]), rows.count())


def summary(days: int) -> Summary:
    """Notes of the last days, counted by the database in one query. Raises Unavailable as above."""
    kinds = ("annotation_type", "severity", "status")
    counts = {"notes": Count("id"), "suggestions": Count("id", filter=~Q(suggested_response=""))}
    with within_budget(may_rest=False):
        rows = list(_selected(days, None, None).order_by().values(*kinds).annotate(**counts))
    by: dict[str, Counter[str]] = {kind: Counter() for kind in kinds}
    for row in rows:
        for kind in kinds:
            if row[kind] is not None:
                by[kind][row[kind]] += row["notes"]
    by_type, by_severity, by_status = (dict(sorted(by[kind].items())) for kind in kinds)
    return Summary(
        total=sum(row["notes"] for row in rows),
        by_type=by_type,
        by_severity=by_severity,
        by_status=by_status,
        with_suggestions=sum(row["suggestions"] for row in rows),
    )


def export(*, status: str | None, annotation_type: str | None, days: int) -> list[tuple[Annotation, Message | None]]:
    """Notes of the last days with what they are about, oldest first, at most ten thousand.

    Raises
    ------
    DomainError if there are more. Unavailable as above.
    """
    rows = _selected(days, status, annotation_type)
    with within_budget(may_rest=False):
        found = list(rows.order_by("created_at", "id")[: MOST_EXPORTED + 1])
    if len(found) > MOST_EXPORTED:
        raise DomainError("too_many", f"More than {MOST_EXPORTED:,} annotations: choose fewer days or a status.")
    messages = Message.objects.in_bulk({one.message_id for one in found})
    return [(one, messages.get(one.message_id)) for one in found]


def _selected(days: int, status: str | None, annotation_type: str | None) -> QuerySet[Annotation]:
    rows = Annotation.objects.filter(created_at__gte=_since(days))
    if status:
        rows = rows.filter(status=status)
    return rows.filter(annotation_type=annotation_type) if annotation_type else rows


def _since(days: int) -> dt.datetime:
    return timezone.now() - dt.timedelta(days=days)
