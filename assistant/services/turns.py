"""One turn of a conversation in the database: claimed and begun, later filled and released.

Short transactions at both ends, none while a model writes.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from assistant.llm.events import Usage
from assistant.models import Conversation, Message, MessageRole, Mode
from assistant.services.request_metrics import record_request
from assistant.services.sse import new_run_id
from portfolios.models import User
from portfolios.services.access import PORTFOLIO_NOT_FOUND
from portfolios.services.tokens import listed_portfolios
from sigmasight.core.errors import Conflict, NotFound

log = logging.getLogger(__name__)

HISTORY = 10
CONTEXT_KEYS = ("portfolio_id", "portfolio_ids", "page_hint", "route", "selection")
# A claim outlives the longest turn by this, for what comes after the last word.
GRACE_SECONDS = 30


@dataclass(frozen=True)
class Turn:
    """A question being answered. `history` are earlier messages, oldest first, (role, content). `context` is what the screen shows."""

    user: User
    conversation_id: UUID
    mode: str
    text: str
    context: Mapping[str, Any]
    portfolio_id: UUID | None
    portfolio_ids: tuple[UUID, ...]
    user_message_id: UUID
    assistant_message_id: UUID
    history: Sequence[tuple[str, str]]
    run_id: str = field(default_factory=new_run_id)


@dataclass
class Outcome:
    """What came of a turn. `tools` as in `record_request`; `error_type` None for an answer that is whole."""

    text: str = ""
    model: str = ""
    response_id: str | None = None
    usage: Usage = field(default_factory=Usage)
    tools: list[dict[str, Any]] = field(default_factory=list)
    first_token_ms: int | None = None
    latency_ms: int | None = None
    error_type: str | None = None
    error_message: str | None = None


def begin_turn(user: User, talk: Conversation, text: str, ui_context: Mapping[str, Any]) -> Turn:
    """Claim the conversation, remember what the screen shows, store the question and an empty answer, in one transaction.

    Raises
    ------
    NotFound if a portfolio on the screen is not his. Conflict while another turn of the conversation is answered.
    """
    context = _merged(talk.metadata, ui_context)
    named = _uuids([context.get("portfolio_id"), *(context.get("portfolio_ids") or [])])
    held = {book.pk for book in listed_portfolios(user.pk).filter(pk__in=named)} if named else set()
    fresh = _uuids([ui_context.get("portfolio_id"), *(ui_context.get("portfolio_ids") or [])])
    if fresh - held:
        raise NotFound("portfolio_not_found", PORTFOLIO_NOT_FOUND)
    only = _uuids([context.get("portfolio_id")]) & held
    several = tuple(one for one in map(UUID, context.get("portfolio_ids") or []) if one in held)
    with transaction.atomic():
        answer_id = uuid4()
        _claim(talk, context, owner=answer_id)
        earlier = (
            Message.objects.filter(conversation=talk, role__in=(MessageRole.USER, MessageRole.ASSISTANT))
            .exclude(Q(content=None) | Q(content=""))
            .order_by("-created_at", "-id")
            .values_list("role", "content")[:HISTORY]
        )
        history = [(role, content or "") for role, content in earlier][::-1]
        asked, answer = _stored(talk, text, answer_id)
    return Turn(user, talk.pk, talk.mode, text, context, next(iter(only), None), several, asked.pk, answer.pk, history)


def finish_turn(turn: Turn, outcome: Outcome) -> None:
    """Fill the answer, account for it and let the next turn in, in one transaction."""
    failed = outcome.error_type is not None
    usage = outcome.usage.known()
    with transaction.atomic():
        Message.objects.filter(pk=turn.assistant_message_id).update(
            content=outcome.text,
            provider_message_id=outcome.response_id,
            first_token_ms=outcome.first_token_ms,
            latency_ms=outcome.latency_ms,
            prompt_tokens=usage.get("input_tokens"),
            completion_tokens=usage.get("output_tokens"),
            total_tokens=usage.get("total_tokens"),
            tool_calls=outcome.tools,
            error={"type": outcome.error_type, "message": outcome.error_message} if failed else None,
        )
        record_request(
            user_id=turn.user.pk,
            conversation_id=turn.conversation_id,
            message_id=turn.assistant_message_id,
            model=outcome.model,
            usage=outcome.usage,
            first_token_ms=outcome.first_token_ms,
            total_latency_ms=outcome.latency_ms,
            tools=outcome.tools,
            error_type=outcome.error_type,
            error_message=outcome.error_message,
        )
        Conversation.objects.filter(pk=turn.conversation_id, provider_run_id=turn_owner(turn)).update(
            busy_until=None, provider_run_id=None, updated_at=Now()
        )


def change_mode(talk: Conversation, mode: str) -> tuple[str, dt.datetime]:
    """The mode before, and when it was changed."""
    before, now = talk.mode, timezone.now()
    Conversation.objects.filter(pk=talk.pk).update(mode=mode, updated_at=now)
    talk.mode, talk.updated_at = mode, now
    return before, now


def mode_of_command(text: str) -> str | None:
    """The mode that `/mode NAME` names; None for any other text."""
    command, _, name = text.partition(" ")
    name = name.strip().lower()
    return name if command == "/mode" and name in Mode.values else None


def turn_owner(turn: Turn) -> str:
    """Who holds the claim: the answer that is being written."""
    return str(turn.assistant_message_id)


def _stored(talk: Conversation, text: str, answer_id: UUID) -> tuple[Message, Message]:
    """The question, and the answer to come a moment later, so that they are read in this order."""
    now = timezone.now()
    later = now + dt.timedelta(microseconds=1)
    asked, answer = Message.objects.bulk_create(
        [
            Message(conversation=talk, role=MessageRole.USER, content=text, created_at=now),
            Message(id=answer_id, conversation=talk, role=MessageRole.ASSISTANT, content="", created_at=later),
        ]
    )
    return asked, answer


def _claim(talk: Conversation, context: Mapping[str, Any], *, owner: UUID) -> None:
    now = timezone.now()
    until = now + dt.timedelta(seconds=settings.CHAT_TURN_SECONDS + GRACE_SECONDS)
    free = Conversation.objects.filter(Q(busy_until=None) | Q(busy_until__lt=now), pk=talk.pk)
    if not free.update(busy_until=until, provider_run_id=str(owner), metadata=dict(context), updated_at=now):
        raise Conflict(
            "turn_running", "The last question of this conversation is still being answered. Wait for its end."
        )


def _merged(stored: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """What the screen shows now over what it showed before; null says nothing new."""
    fresh = {key: _plain(given[key]) for key in CONTEXT_KEYS if given.get(key) is not None}
    merged = {**stored, **fresh}
    # One portfolio and several are two views: the newer one counts.
    if "portfolio_ids" in fresh and "portfolio_id" not in fresh:
        merged.pop("portfolio_id", None)
    if "portfolio_id" in fresh and "portfolio_ids" not in fresh:
        merged.pop("portfolio_ids", None)
    return merged


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, UUID) else value


def _uuids(values: Sequence[Any]) -> set[UUID]:
    found = set()
    for value in values:
        if value:
            try:
                found.add(UUID(str(value)))
            except ValueError:
                log.warning("A conversation holds a portfolio id that is none")
    return found
