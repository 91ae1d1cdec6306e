"""The morning briefings of a portfolio."""

from __future__ import annotations

from uuid import UUID

from assistant.models import Insight, InsightType


def briefings(portfolio_id: UUID, *, limit: int) -> list[Insight]:
    """Newest first, dismissed ones too. Whose portfolio it is was checked before."""
    found = Insight.objects.filter(portfolio_id=portfolio_id, insight_type=InsightType.MORNING_BRIEFING)
    return list(found.defer("context_data", "data_quality").order_by("-created_at", "id")[:limit])
