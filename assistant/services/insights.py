"""Insights of a portfolio: written once for the same results and wish, listed, marked and rated by their reader."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from assistant.llm.client import configured
from assistant.models import Insight
from assistant.services.insight_drafts import RULES, Assignment, Draft
from assistant.services.insight_evidence import Evidence, gather
from assistant.services.insight_writer import write
from portfolios.models import Portfolio, PortfolioSnapshot, User
from portfolios.services.access import owned_portfolio
from sigmasight.core.clock import NEW_YORK
from sigmasight.core.errors import DomainError, NotFound

INSIGHT_NOT_FOUND = "Insight not found"
REUSED_FOR = dt.timedelta(hours=24)
# What rules wrote because the model failed gives way to the model after this time.
STAND_IN_FOR = dt.timedelta(minutes=15)
MOST_A_DAY = 10
# The client gives up after 150 seconds; who waits for another's writing is told before that.
WAIT_SECONDS = 120.0
POLL_SECONDS = 0.2
LOCK_SPACE = 5_005
TENTH, MILLIONTH, HUNDREDTH = Decimal("0.1"), Decimal("0.000001"), Decimal("0.01")


@dataclass(frozen=True)
class Written:
    """An insight, and whether it is one that was written before."""

    insight: Insight
    reused: bool


@dataclass(frozen=True)
class Page:
    """Insights of one page, and how many match in all."""

    insights: Sequence[Insight]
    total: int
    has_more: bool


def generate(user: User, portfolio_id: UUID, assignment: Assignment) -> Written:
    """The insight of a person's portfolio that was asked for: one of the last 24 hours with the same results and wish, else a new one.

    It never fails for want of a model: rules write it then. Of two alike at once one is written, the other gets it.

    Raises
    ------
    NotFound for unknown and foreign portfolios.
    DomainError (429) if ten were written for the portfolio today, or another is being written for too long.
    """
    book = owned_portfolio(user, portfolio_id)
    begun = time.monotonic()
    with _alone(book.pk):
        book.refresh_from_db()
        key = cache_key(book, assignment)
        limit_reached = _written_today(book) >= MOST_A_DAY
        if (known := _reusable(book, key, any_author=limit_reached)) is not None:
            return Written(known, reused=True)
        if limit_reached:
            text = f"{MOST_A_DAY} insights were written for this portfolio today, which is the most. Read those, or ask again tomorrow."
            raise DomainError("insight_limit", text, status=429)
        evidence = gather(user, book, with_market=assignment.is_briefing)
        draft = write(user, evidence, assignment, seconds=WAIT_SECONDS - (time.monotonic() - begun))
        return Written(_store(book, key, assignment, evidence, draft, time.monotonic() - begun), reused=False)


def cache_key(book: Portfolio, assignment: Assignment) -> str:
    """A name for the wish and the results it is about: another night, a recomputed one or changed positions make another."""
    results = None
    if book.results_as_of is not None:
        night = PortfolioSnapshot.objects.filter(portfolio=book, snapshot_date=book.results_as_of)
        results = night.values_list("updated_at", flat=True).first()
    told: list[Any] = [
        book.pk, assignment.insight_type, assignment.focus_area, assignment.question,
        asdict(assignment.briefing) if assignment.is_briefing else None,
        book.results_as_of, results, book.dirty_from,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()


def list_insights(
    user: User,
    portfolio_id: UUID,
    *,
    insight_type: str | None = None,
    days_back: int = 30,
    limit: int = 20,
    offset: int = 0,
) -> Page:
    """Undismissed insights of a person's portfolio, newest first.

    Raises
    ------
    NotFound for unknown and foreign portfolios.
    """
    book = owned_portfolio(user, portfolio_id)
    since = timezone.now() - dt.timedelta(days=days_back)
    found = Insight.objects.filter(portfolio=book, created_at__gte=since, dismissed=False)
    if insight_type:
        found = found.filter(insight_type=insight_type)
    total = found.count()
    rows = found.defer("context_data", "data_quality").order_by("-created_at", "id")[offset : offset + limit]
    return Page(list(rows), total, offset + limit < total)


def read_insight(user: User, insight_id: UUID) -> Insight:
    """One insight of a person's portfolios, which counts as viewed from now on.

    Raises
    ------
    NotFound for unknown and foreign ones alike.
    """
    insight = _owned(user, insight_id)
    if not insight.viewed:
        Insight.objects.filter(pk=insight.pk).update(viewed=True)
        insight.viewed = True
    return insight


def mark(user: User, insight_id: UUID, *, viewed: bool | None = None, dismissed: bool | None = None) -> Insight:
    """Set whether an insight was viewed or dismissed; None leaves it.

    Raises
    ------
    NotFound for unknown and foreign ones alike.
    """
    insight = _owned(user, insight_id)
    changed = {name: value for name, value in (("viewed", viewed), ("dismissed", dismissed)) if value is not None}
    for name, value in changed.items():
        setattr(insight, name, value)
    if changed:
        insight.save(update_fields=[*changed, "updated_at"])
    return insight


def rate(user: User, insight_id: UUID, rating: float, comment: str | None = None) -> Insight:
    """Rate an insight from 1 to 5 stars, tenths kept; an empty comment keeps the one there is.

    Raises
    ------
    NotFound for unknown and foreign ones alike.
    """
    insight = _owned(user, insight_id)
    insight.user_rating = Decimal(str(rating)).quantize(TENTH, ROUND_HALF_EVEN)
    fields = ["user_rating", "updated_at"]
    if comment and comment.strip():
        insight.user_feedback = comment.strip()
        fields.append("user_feedback")
    insight.save(update_fields=fields)
    return insight


def _owned(user: User, insight_id: UUID) -> Insight:
    owned = Insight.objects.filter(portfolio__user_id=user.pk, portfolio__deleted_at__isnull=True)
    insight = owned.defer("context_data", "data_quality").filter(pk=insight_id).first()
    if insight is None:
        raise NotFound("insight_not_found", INSIGHT_NOT_FOUND)
    return insight


def _written_today(book: Portfolio) -> int:
    """Since midnight in New York."""
    here = timezone.now().astimezone(NEW_YORK)
    midnight = dt.datetime.combine(here.date(), dt.time(), NEW_YORK)
    return Insight.objects.filter(portfolio=book, created_at__gte=midnight).count()


def _reusable(book: Portfolio, key: str, *, any_author: bool) -> Insight | None:
    """The newest insight that still holds for a key.

    Parameters
    ----------
    any_author : also what rules wrote in place of a model more than fifteen minutes ago.
    """
    now = timezone.now()
    alike = Insight.objects.filter(portfolio=book, cache_key=key, dismissed=False)
    known = alike.filter(created_at__gte=now - REUSED_FOR, expires_at__gt=now).order_by("-created_at", "id").first()
    if known is None or any_author or known.provider != RULES or not configured():
        return known
    return known if known.created_at >= now - STAND_IN_FOR else None


def _store(
    book: Portfolio, key: str, assignment: Assignment, evidence: Evidence, draft: Draft, seconds: float
) -> Insight:
    cost = draft.cost_usd
    insight = Insight(
        portfolio=book,
        insight_type=assignment.insight_type,
        title=draft.title,
        severity=draft.severity,
        summary=draft.summary,
        full_analysis=draft.full_analysis,
        key_findings=list(draft.key_findings),
        recommendations=list(draft.recommendations),
        data_limitations=draft.data_limitations,
        context_data={**evidence.context(), **draft.facts},
        data_quality=evidence.quality(),
        focus_area=assignment.focus_area,
        user_question=assignment.question,
        model_used=draft.model[:50],
        provider=draft.provider,
        prompt_version=draft.version,
        cost_usd=None if cost is None else cost.quantize(MILLIONTH),
        generation_time_ms=Decimal(str(1000 * seconds)).quantize(HUNDREDTH),
        token_count_input=draft.input_tokens,
        token_count_output=draft.output_tokens,
        tool_calls_count=draft.tools,
        cache_key=key,
        expires_at=timezone.now() + REUSED_FOR,
    )
    insight.save()
    insight.refresh_from_db(fields=["created_at", "updated_at"])
    return insight


@contextlib.contextmanager
def _alone(portfolio_id: UUID) -> Iterator[None]:
    """One writer at a time for a portfolio. The lock is the connection's, so that no transaction is open while a model thinks, and a
    killed process leaves none behind.

    Raises
    ------
    DomainError (429) if another writer takes too long.
    """
    number = int.from_bytes(hashlib.sha256(f"insights:{portfolio_id}".encode()).digest()[:4], signed=True)
    until = time.monotonic() + WAIT_SECONDS
    with connection.cursor() as cursor:
        while not _locked(cursor, number):
            if time.monotonic() > until:
                text = "Another insight of this portfolio is being written. Ask again in a minute."
                raise DomainError("insight_busy", text, status=429)
            time.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_SPACE, number])


def _locked(cursor: Any, number: int) -> bool:
    cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_SPACE, number])
    return bool(cursor.fetchone()[0])
