"""What a portfolio holds today, by symbol."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q

from portfolios.models import Position
from sigmasight.core import clock


def held_symbols(portfolio_id: UUID) -> list[str]:
    """Symbols of the open lots, one for each lot, by symbol."""
    living = Q(exit_date__isnull=True) | Q(exit_date__gt=clock.market_today())
    lots = Position.objects.filter(living, portfolio_id=portfolio_id, deleted_at__isnull=True)
    return list(lots.order_by("symbol", "entry_date", "id").values_list("symbol", flat=True))
