"""The AI database has no foreign keys to people and portfolios: what belonged to those who are gone is deleted here."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from uuid import UUID

from django.db import transaction
from django.db.models import Model, Q

from assistant.models import Feedback, KnowledgeDocument, Memory, Message
from assistant.services.ai_database import AI
from assistant.services.feedback import forget_feedback
from portfolios.models import Portfolio, User

USER, PORTFOLIO = "user:", "portfolio:"
# So many names are looked up at once.
MOST_AT_ONCE = 5_000


@transaction.atomic(using=AI)
def forget_people(user_ids: Collection[UUID]) -> int:
    """Delete memories, feedback and documents of these people; returns the number of rows.

    Raises
    ------
    django.db.Error if the AI database does not answer.
    """
    ids = list(user_ids)
    documents = KnowledgeDocument.objects.filter(scope__in=[f"{USER}{pk}" for pk in ids])
    return sum(
        rows.delete()[0]
        for rows in (Memory.objects.filter(user_id__in=ids), Feedback.objects.filter(user_id__in=ids), documents)
    )


def forget_the_gone() -> int:
    """Delete what is kept of people who have no account any more, of portfolios and of messages that do not exist; returns the rows.

    A portfolio that is only marked as deleted can come back, and keeps what is remembered of it.

    Raises
    ------
    django.db.Error if a database does not answer.
    """
    people = {*Memory.objects.exclude(user_id=None).values_list("user_id", flat=True).distinct()}
    people |= {*Feedback.objects.values_list("user_id", flat=True).distinct()}
    people |= _named_in(KnowledgeDocument.objects.filter(scope__startswith=USER), USER)
    rows = forget_people(_missing(User, people))
    rows += forget_feedback(_missing(Message, Feedback.objects.values_list("message_id", flat=True)))
    books = {*Memory.objects.exclude(portfolio_id=None).values_list("portfolio_id", flat=True).distinct()}
    books |= _named_in(KnowledgeDocument.objects.filter(scope__startswith=PORTFOLIO), PORTFOLIO)
    gone = _missing(Portfolio, books)
    with transaction.atomic(using=AI):
        rows += Memory.objects.filter(portfolio_id__in=gone).delete()[0]
        scopes = Q(scope__in=[f"{PORTFOLIO}{pk}" for pk in gone])
        return rows + KnowledgeDocument.objects.filter(scopes).delete()[0]


def _named_in(documents: object, prefix: str) -> set[UUID]:
    found = set()
    for scope in documents.values_list("scope", flat=True).distinct():  # type: ignore[attr-defined]
        try:
            found.add(UUID(scope.removeprefix(prefix)))
        except ValueError:
            continue
    return found


def _missing(model: type[Model], ids: Iterable[UUID | None]) -> list[UUID]:
    wanted, there = [pk for pk in ids if pk is not None], set()
    for first in range(0, len(wanted), MOST_AT_ONCE):
        part = wanted[first : first + MOST_AT_ONCE]
        there |= {*model._default_manager.filter(pk__in=part).values_list("pk", flat=True)}
    return [pk for pk in wanted if pk not in there]
