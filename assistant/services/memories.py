"""What the assistant remembers of a person: at most fifty facts of 500 characters, of him or of one of his portfolios."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import db
from django.db import connections, transaction
from django.db.models import Q, QuerySet

from assistant.models import Memory, MemoryScope
from assistant.services.ai_database import AI, Unavailable, within_budget
from portfolios.models import User
from portfolios.services.access import owned_portfolio
from sigmasight.core.errors import DomainError, NotFound

log = logging.getLogger(__name__)

MOST_MEMORIES = 50
LONGEST_MEMORY = 500
PROMPT_NEWEST = 10
PROMPT_OF_PORTFOLIO = 5
PROMPT_CHARACTERS = 1_000
MEMORY_NOT_FOUND = "Memory not found"


@dataclass(frozen=True)
class Recollection:
    """The newest memories that were asked for, and how many there are in all."""

    memories: list[Memory]
    total: int


def labels(memory: Memory) -> dict[str, Any]:
    """The tags as clients read them: those given, where the memory comes from, and its portfolio."""
    told = dict(memory.tags)
    if memory.source:
        told["source"] = memory.source
    if memory.portfolio_id:
        told["portfolio_id"] = str(memory.portfolio_id)
    return told


def memories_of(
    user: User, *, scope: str | None = None, portfolio_id: UUID | None = None, limit: int = MOST_MEMORIES
) -> Recollection:
    """A person's memories, newest first, of one scope or portfolio where those are named.

    Raises
    ------
    NotFound if the portfolio is not his.
    Unavailable if the AI database does not answer.
    """
    own = Memory.objects.filter(user_id=user.pk)
    wanted = own.filter(scope=scope) if scope else own
    if portfolio_id is not None:
        wanted = wanted.filter(portfolio_id=owned_portfolio(user, portfolio_id).pk)
    with within_budget(may_rest=False):
        return Recollection(list(wanted[:limit]), own.count())


def count_memories(user_id: UUID) -> int:
    """How many a person has.

    Raises
    ------
    Unavailable if the AI database does not answer.
    """
    with within_budget(may_rest=False):
        return Memory.objects.filter(user_id=user_id).count()


def write_down(
    user: User, content: str, *, scope: str, portfolio_id: UUID | None = None, tags: Mapping[str, Any] | None = None
) -> Memory:
    """What a person wants remembered. Saying the same again gives the memory there is; the 51st takes the oldest one's place.

    Raises
    ------
    DomainError (400) if the scope is not his to write, lacks its portfolio, or nothing is said.
    NotFound if the portfolio is not his.
    Unavailable if the AI database does not answer.
    """
    if scope not in (MemoryScope.USER, MemoryScope.PORTFOLIO):
        raise DomainError("memory_scope", "scope must be user or portfolio.")
    if scope == MemoryScope.PORTFOLIO and portfolio_id is None:
        raise DomainError("memory_portfolio", "A memory of scope portfolio needs its portfolio_id.")
    text = _tidy(content)
    if not text:
        raise DomainError("memory_empty", "content must say something.")
    if portfolio_id is not None:
        owned_portfolio(user, portfolio_id)
    with within_budget(may_rest=False), transaction.atomic(using=AI):
        wait_for_others(user.pk)
        for memory in _same_place(user.pk, scope, portfolio_id):
            if memory.content.casefold() == text.casefold():
                return memory
        return _store(user.pk, text, scope, portfolio_id, "", dict(tags or {}))


@transaction.atomic(using=AI)
def remember(
    user_id: UUID,
    content: str,
    *,
    scope: str,
    portfolio_id: UUID | None = None,
    source: str = "",
    tags: Mapping[str, Any] | None = None,
) -> Memory:
    """A fact that was learned. What one of the newest fifty already says, or is part of, is not stored again.

    Parameters
    ----------
    content : cut to 500 characters. scope : "user" or "portfolio"; the latter with a portfolio whose owner was checked.
    source : auto_extraction, feedback_learning or pattern_analysis.

    Raises
    ------
    ValueError if nothing is said, or the scope and the portfolio do not fit.
    django.db.Error if the AI database does not answer: for tasks, which are tried again.
    """
    text = _tidy(content)[:LONGEST_MEMORY].rstrip()
    if not text or scope not in (MemoryScope.USER, MemoryScope.PORTFOLIO):
        raise ValueError("A memory says something, of scope user or portfolio.")
    if (scope == MemoryScope.PORTFOLIO) != (portfolio_id is not None):
        raise ValueError("A memory names a portfolio if and only if its scope is portfolio.")
    wait_for_others(user_id)
    said = text.casefold()
    for memory in _same_place(user_id, scope, portfolio_id):
        known = memory.content.casefold()
        if said in known or known in said:
            return memory
    return _store(user_id, text, scope, portfolio_id, source, dict(tags or {}))


def forget(user_id: UUID, memory_id: UUID) -> None:
    """Delete one of a person's memories.

    Raises
    ------
    NotFound for unknown and foreign ones alike.
    Unavailable if the AI database does not answer.
    """
    with within_budget(may_rest=False):
        deleted, _ = Memory.objects.filter(pk=memory_id, user_id=user_id).delete()
    if not deleted:
        raise NotFound("memory_not_found", MEMORY_NOT_FOUND)


def forget_all(user_id: UUID) -> int:
    """Delete all of a person's memories; returns how many there were.

    Raises
    ------
    Unavailable if the AI database does not answer.
    """
    with within_budget(may_rest=False):
        return Memory.objects.filter(user_id=user_id).delete()[0]


def memories_for_prompt(
    user_id: UUID, portfolio_id: UUID | None, *, characters: int = PROMPT_CHARACTERS, newest: int = PROMPT_NEWEST
) -> list[str]:
    """What a prompt is told about the person, newest first: ten memories and five more of the portfolio it is about.

    Other portfolios' memories are left out, and what does not fit into `characters`. [] when the AI database does not answer.
    """
    hers = Q(user_id=user_id) | Q(user_id=None, scope=MemoryScope.GLOBAL)
    here = Q(portfolio_id=None)
    if portfolio_id is not None:
        here |= Q(portfolio_id=portfolio_id)
    try:
        with within_budget():
            found = list(Memory.objects.filter(hers, here)[:newest])
            if portfolio_id is not None:
                of_portfolio = Memory.objects.filter(user_id=user_id, portfolio_id=portfolio_id)
                found += of_portfolio.exclude(pk__in=[memory.pk for memory in found])[:PROMPT_OF_PORTFOLIO]
    except Unavailable:
        return []
    except db.Error:
        log.exception("memories could not be read")
        return []
    return _fitting([_tidy(memory.content) for memory in found], characters)


def _fitting(lines: Sequence[str], characters: int) -> list[str]:
    """The lines that fit, a line break counted with each; a long one does not keep the shorter ones after it out."""
    kept = []
    for line in dict.fromkeys(lines):
        if len(line) + 1 <= characters:
            kept.append(line)
            characters -= len(line) + 1
    return kept


def _tidy(content: str) -> str:
    """One line of printable text."""
    shown = "".join(sign if sign.isprintable() else " " for sign in content)
    return " ".join(shown.encode(errors="ignore").decode().split())


def _same_place(user_id: UUID, scope: str, portfolio_id: UUID | None) -> QuerySet[Memory]:
    newest = Memory.objects.filter(user_id=user_id).values("pk")[:MOST_MEMORIES]
    return Memory.objects.filter(pk__in=newest, scope=scope, portfolio_id=portfolio_id)


def _store(
    user_id: UUID, text: str, scope: str, portfolio_id: UUID | None, source: str, tags: dict[str, Any]
) -> Memory:
    tags = {key: value for key, value in tags.items() if key not in ("source", "portfolio_id")}
    memory = Memory.objects.create(
        user_id=user_id, content=text, scope=scope, portfolio_id=portfolio_id, source=source, tags=tags
    )
    kept = Memory.objects.filter(user_id=user_id).exclude(pk=memory.pk).values("pk")[: MOST_MEMORIES - 1]
    Memory.objects.filter(user_id=user_id).exclude(pk__in=[memory.pk, *(row["pk"] for row in kept)]).delete()
    return memory


def wait_for_others(user_id: UUID) -> None:
    """Whoever adds to a person's memories does so alone, so that they are never more than fifty or twice the same."""
    number = int.from_bytes(hashlib.sha256(f"memories:{user_id}".encode()).digest()[:8], signed=True)
    with connections[AI].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [number])
