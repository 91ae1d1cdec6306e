"""Answers with the questions before them, for whatever learns from conversations."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Subquery

from assistant.models import Message, MessageRole


@dataclass(frozen=True)
class Exchange:
    """An answer, and the last thing its person said before it.

    failed : whether the answer ended in an error. screen : what its conversation is about, as the screen told.
    """

    message_id: UUID
    conversation_id: UUID
    user_id: UUID
    question: str
    answer: str
    failed: bool
    screen: Mapping[str, Any]


def exchanges(message_ids: Collection[UUID]) -> dict[UUID, Exchange]:
    """By the id of the answer, in one query; messages that are gone are left out."""
    before = (
        Message.objects.filter(
            conversation=OuterRef("conversation"), role=MessageRole.USER, created_at__lte=OuterRef("created_at")
        )
        .order_by("-created_at", "-id")
        .values("content")[:1]
    )
    rows = (
        Message.objects.filter(pk__in=list(message_ids), role=MessageRole.ASSISTANT)
        .annotate(question=Subquery(before))
        .values_list(
            "pk", "conversation_id", "conversation__user_id", "question", "content", "error", "conversation__metadata"
        )
    )
    return {
        pk: Exchange(pk, talk, user_id, question or "", answer or "", bool(error), screen)
        for pk, talk, user_id, question, answer, error, screen in rows
    }
