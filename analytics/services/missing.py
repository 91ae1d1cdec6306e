"""Results that are not there: why, and how much of a book was looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from portfolios.models import Position
from sigmasight.core import clock


@dataclass(frozen=True)
class Missing:
    """Why there is nothing to show.

    Attributes
    ----------
    reason, flag : short names for programs. message : one sentence for people.
    positions_analyzed, positions_total : open lots (of correlations: symbols) that were of use, and open lots there are.
    data_days : sessions of the window that was asked for, 0 where there is none.
    """

    reason: str
    flag: str
    message: str
    positions_analyzed: int
    positions_total: int
    data_days: int = 0


def count_open_lots(portfolio_ids: Sequence[UUID]) -> int:
    """Undeleted lots that are not closed today."""
    still_held = Q(exit_date=None) | Q(exit_date__gt=clock.market_today())
    return Position.objects.filter(still_held, portfolio_id__in=portfolio_ids, deleted_at__isnull=True).count()
