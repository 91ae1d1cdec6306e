from __future__ import annotations

from uuid import UUID

from celery import shared_task

from assistant.services import briefing_round
from sigmasight.core.errors import DomainError


@shared_task(name="assistant.tasks.write_briefings")
def write_briefings() -> int:
    """Every morning: one task for each portfolio that may want a briefing. Nothing where that is switched off."""
    sent = 0
    for portfolio_id in briefing_round.waiting_portfolios():
        write_briefing.delay(str(portfolio_id))
        sent += 1
    return sent


@shared_task(name="assistant.tasks.write_briefing", time_limit=300, soft_time_limit=240)
def write_briefing(portfolio_id: str) -> str:
    """The briefing of one portfolio, by a model or by rules."""
    try:
        written = briefing_round.write_briefing(UUID(str(portfolio_id)))
    except DomainError as refusal:
        return refusal.message
    return "nothing new" if written is None else str(written.insight.pk)
