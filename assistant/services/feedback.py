"""What people think of answers: one verdict for each, which can be changed and taken back, together with what was learned from it."""

from __future__ import annotations

import logging
from collections.abc import Collection
from uuid import UUID

from celery import current_app
from django.db import transaction
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from assistant.models import Feedback, Memory, Message, MessageRole
from assistant.services.ai_database import AI, within_budget
from assistant.services.knowledge import delete_documents
from portfolios.models import User
from sigmasight.core.errors import DomainError, NotFound

log = logging.getLogger(__name__)

MESSAGE_NOT_FOUND = "Message not found"
NOT_RATED = "This message is not rated"


def example_place(feedback: Feedback) -> tuple[str, str]:
    """Scope and slug of the document that is made of a liked answer."""
    return f"user:{feedback.user_id}", f"feedback-{feedback.pk}"


def rate(user: User, message_id: UUID, *, rating: str, edited_text: str | None, comment: str | None) -> Feedback:
    """Store a person's verdict on an answer, in place of the one before. What that one taught is taken back at once if it is another
    verdict; what the new one teaches is learned by a task.

    Raises
    ------
    NotFound for unknown and foreign messages alike. DomainError for a message that is no answer.
    Unavailable if the AI database does not answer.
    """
    _own_answer(user, message_id)
    values = {
        "user_id": user.pk, "rating": rating, "edited_text": (edited_text or "").strip(), "comment": (comment or "").strip(),
    }  # fmt: skip
    with within_budget(may_rest=False), transaction.atomic(using=AI):
        before = Feedback.objects.select_for_update().filter(message_id=message_id).first()
        # Of two at the same moment the unique key lets one create; the other updates.
        feedback, _ = Feedback.objects.update_or_create(message_id=message_id, defaults=values)
        if before is not None and _teaches(before) != _teaches(feedback):
            unlearn(feedback)
            Feedback.objects.filter(pk=feedback.pk).update(learned_ids=[])
    try:
        current_app.send_task(
            "assistant.tasks.learn_from_feedback", [str(feedback.pk)], retry=False, ignore_result=True
        )
    except (KombuError, RedisError):
        log.warning("Feedback %s waits for the nightly learning: the broker does not answer", feedback.pk)
    return feedback


def rating_of(user: User, message_id: UUID) -> Feedback | None:
    """A person's verdict on an answer, None without one.

    Raises
    ------
    as `rate`.
    """
    _own_answer(user, message_id)
    with within_budget(may_rest=False):
        return Feedback.objects.filter(message_id=message_id).first()


def withdraw(user: User, message_id: UUID) -> UUID:
    """Take a verdict back, and what was learned from it. Returns its id.

    Raises
    ------
    as `rate`; NotFound also where there is none.
    """
    _own_answer(user, message_id)
    with within_budget(may_rest=False), transaction.atomic(using=AI):
        feedback = Feedback.objects.select_for_update().filter(message_id=message_id).first()
        if feedback is None:
            raise NotFound("not_rated", NOT_RATED)
        known = feedback.pk
        unlearn(feedback)
        feedback.delete()
        return known


def unlearn(feedback: Feedback) -> int:
    """Delete the document and the memory that were made of a verdict; returns how many rows. Within the caller's transaction."""
    rows = delete_documents(example_place(feedback))
    return rows + Memory.objects.filter(user_id=feedback.user_id, tags__feedback_id=str(feedback.pk)).delete()[0]


@transaction.atomic(using=AI)
def forget_feedback(message_ids: Collection[UUID]) -> int:
    """Delete the verdicts on messages that are gone, and what was learned from them; returns how many verdicts.

    Raises
    ------
    django.db.Error if the AI database does not answer.
    """
    found = list(Feedback.objects.select_for_update().filter(message_id__in=list(message_ids)))
    for feedback in found:
        unlearn(feedback)
        feedback.delete()
    return len(found)


def _teaches(feedback: Feedback) -> tuple[str, str]:
    """What of a verdict there is to learn from."""
    return feedback.rating, feedback.edited_text


def _own_answer(user: User, message_id: UUID) -> None:
    role = Message.objects.filter(pk=message_id, conversation__user_id=user.pk).values_list("role", flat=True).first()
    if role is None:
        raise NotFound("message_not_found", MESSAGE_NOT_FOUND)
    if role != MessageRole.ASSISTANT:
        raise DomainError("not_an_answer", "Only answers of the assistant can be rated.")
