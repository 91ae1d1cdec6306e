"""Talks with the assistant: opening one about the books and the page a person looks at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from assistant.models import Conversation, Mode
from portfolios.models import User
from portfolios.services.access import PORTFOLIO_NOT_FOUND, owned_portfolios
from sigmasight.core.errors import NotFound


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
