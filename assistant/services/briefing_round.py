"""The morning's round: a briefing for every active portfolio whose results are new, before its owner looks for it.

Off unless `BRIEFINGS_EVERY_MORNING` is set, since every briefing costs what the model costs. It runs in the morning, not after the
night: the frontend counts a briefing as today's by the day it was written on.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from uuid import UUID

from django.conf import settings

from assistant.models import Insight, InsightType
from assistant.services.insight_drafts import Assignment
from assistant.services.insights import Written, cache_key, generate
from portfolios.models import Portfolio

log = logging.getLogger(__name__)
BRIEFING = Assignment(InsightType.MORNING_BRIEFING)


def waiting_portfolios() -> Iterator[UUID]:
    """Active portfolios with results; none where the round is off."""
    if not settings.BRIEFINGS_EVERY_MORNING:
        return
    books = Portfolio.objects.filter(
        is_active=True, deleted_at=None, results_as_of__isnull=False, user__is_active=True
    ).order_by("created_at", "id")
    yield from books.values_list("pk", flat=True).iterator()


def write_briefing(portfolio_id: UUID) -> Written | None:
    """The briefing of one portfolio; None if its newest results have been told, or it is gone.

    Raises
    ------
    DomainError (429) if its owner has had ten insights today.
    """
    book = Portfolio.objects.select_related("user").filter(pk=portfolio_id, is_active=True, deleted_at=None).first()
    if book is None or Insight.objects.filter(portfolio=book, cache_key=cache_key(book, BRIEFING)).exists():
        return None
    return generate(book.user, book.pk, BRIEFING)
