"""Small repairs that staff make at once: sector tags, snapshots that were never completed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from analytics.services.calculations import require_portfolio
from portfolios.models import Portfolio, PortfolioSnapshot
from portfolios.services.access import PORTFOLIO_NOT_FOUND
from sigmasight.core.errors import NotFound
from tagging.services.sectors import RestoredSectorTags, restore_sector_tags


@dataclass(frozen=True)
class RestoredOfAll:
    """How many portfolios there are, and what the rebuild left behind in all of them."""

    portfolios: int
    tags: RestoredSectorTags


def restore_tags_of(portfolio_id: UUID) -> tuple[Portfolio, RestoredSectorTags]:
    """Rebuild the sector tags of one portfolio.

    Raises
    ------
    NotFound.
    """
    book = Portfolio.objects.filter(pk=portfolio_id, deleted_at__isnull=True).first()
    if book is None:
        raise NotFound("portfolio_not_found", PORTFOLIO_NOT_FOUND)
    return book, restore_sector_tags([book.pk])


def restore_tags_of_all() -> RestoredOfAll:
    """Rebuild the sector tags of every portfolio."""
    ids = list(Portfolio.objects.filter(deleted_at__isnull=True).order_by("id").values_list("id", flat=True))
    return RestoredOfAll(len(ids), restore_sector_tags(ids))


@transaction.atomic
def drop_incomplete_snapshots(*, hours: int, portfolio_id: UUID | None = None) -> list[UUID]:
    """Delete snapshots that were begun at least so many hours ago and never completed. The batch stores none; older ones or
    other programs may have left some.

    Returns
    -------
    The numbers of the deleted rows, in the form of UUIDs.

    Raises
    ------
    NotFound for an unknown portfolio.
    """
    require_portfolio(portfolio_id)
    left = PortfolioSnapshot.objects.filter(
        is_complete=False, created_at__lte=timezone.now() - dt.timedelta(hours=hours)
    )
    if portfolio_id is not None:
        left = left.filter(portfolio_id=portfolio_id)
    numbers = list(left.select_for_update().order_by("id").values_list("id", flat=True))
    PortfolioSnapshot.objects.filter(id__in=numbers).delete()
    return [UUID(int=number) for number in numbers]
