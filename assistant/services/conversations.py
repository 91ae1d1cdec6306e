"""Talks with the assistant: opening one about the books and the page a person looks at."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q

from assistant.models import Conversation, Message, Mode
from assistant.services.ai_database import Unavailable, within_budget
from assistant.services.feedback import forget_feedback
from portfolios.models import User
from portfolios.services.access import PORTFOLIO_NOT_FOUND, owned_portfolios
from sigmasight.core.errors import DomainError, NotFound

log = logging.getLogger(__name__)

CONVERSATION_NOT_FOUND = "Conversation not found"


def open_conversation(
    user: User,
    *,
    mode: str = Mode.GREEN,
    portfolio_id: UUID | None = None,
    portfolio_ids: Sequence[UUID] = (),
    page_hint: str | None = None,
    route: str | None = None,
) -> Conversation:
    """A new conversation that knows what its user looks at.

    Where no portfolio is named, it is about the only one he has, or about all of them together.

    Raises
    ------
    NotFound if a named portfolio is not his, or he has none at all.
    """
    named = [*dict.fromkeys([*([portfolio_id] if portfolio_id else []), *portfolio_ids])]
    books = owned_portfolios(user, named or None)
    if not books:
        raise NotFound("portfolio_not_found", PORTFOLIO_NOT_FOUND)
    if not named:
        if len(books) == 1:
            portfolio_id = books[0].pk
        else:
            portfolio_ids = [book.pk for book in books]
    context: dict[str, Any] = {
        "portfolio_id": str(portfolio_id) if portfolio_id else None,
        "portfolio_ids": [str(one) for one in dict.fromkeys(portfolio_ids)] or None,
        "page_hint": page_hint or None,
        "route": route or None,
    }
    return Conversation.objects.create(
        user=user, mode=mode, metadata={key: value for key, value in context.items() if value is not None}
    )


@dataclass(frozen=True)
class MessagePage:
    """Messages from old to new; `next_cursor` asks for those before them, None at the first."""

    messages: Sequence[Message]
    next_cursor: str | None


def conversations_of(user: User, *, limit: int, offset: int) -> list[Conversation]:
    """A person's conversations, the one spoken in last first."""
    return list(Conversation.objects.filter(user=user).order_by("-updated_at", "id")[offset : offset + limit])


def conversation_of(user: User, conversation_id: UUID) -> Conversation:
    """One of a person's conversations.

    Raises
    ------
    NotFound for unknown and foreign ones alike.
    """
    talk = Conversation.objects.filter(pk=conversation_id, user=user).first()
    if talk is None:
        raise NotFound("conversation_not_found", CONVERSATION_NOT_FOUND)
    return talk


def delete_conversation(user: User, conversation_id: UUID) -> None:
    """Remove a conversation, its messages, the verdicts on them and what was learned from those.

    Where the AI database does not answer, the verdicts go with the nightly clean-up.

    Raises
    ------
    NotFound as above.
    """
    talk = conversation_of(user, conversation_id)
    messages = list(talk.messages.values_list("pk", flat=True))
    talk.delete()
    try:
        with within_budget(may_rest=False):
            forget_feedback(messages)
    except Unavailable:
        log.warning("The verdicts on conversation %s wait for the nightly clean-up", conversation_id)


def messages_of(user: User, conversation_id: UUID, *, limit: int, cursor: str | None) -> MessagePage:
    """The newest `limit` messages before the cursor.

    Raises
    ------
    NotFound as above. DomainError for a cursor that is none.
    """
    rows = Message.objects.filter(conversation=conversation_of(user, conversation_id))
    if cursor:
        at, key = _read_cursor(cursor)
        rows = rows.filter(Q(created_at__lt=at) | Q(created_at=at, id__lt=key))
    found = list(rows.order_by("-created_at", "-id")[: limit + 1])
    more = found[limit:]
    found = found[:limit][::-1]
    return MessagePage(found, _cursor(found[0]) if more else None)


def _cursor(message: Message) -> str:
    return base64.urlsafe_b64encode(f"{message.created_at.isoformat()}|{message.pk}".encode()).decode()


def _read_cursor(text: str) -> tuple[dt.datetime, UUID]:
    try:
        at, _, key = base64.urlsafe_b64decode(text.encode()).decode().partition("|")
        moment = dt.datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise ValueError("no zone")
        return moment, UUID(key)
    except (ValueError, binascii.Error, UnicodeError) as error:
        raise DomainError("bad_cursor", "This cursor is not one that was given out. Begin without one.") from error
