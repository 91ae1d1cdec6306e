"""All portfolios for staff: what each is worth, what it made and how its last night went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet

from analytics.models import EngineResult
from portfolios.models import Portfolio, PortfolioSnapshot


@dataclass(frozen=True)
class ListedBook:
    """snapshot : of the published session, None before the first. skipped, partial : engines that computed nothing, or not everything,
    each with the reason."""

    portfolio: Portfolio
    snapshot: PortfolioSnapshot | None
    skipped: Sequence[tuple[str, str]]
    partial: Sequence[str]

    @property
    def status(self) -> str:
        if self.snapshot is None:
            return "no results yet"
        if self.portfolio.dirty_from is not None:
            return "changed since"
        if self.skipped or self.partial:
            return "partly"
        return "complete"

    @property
    def tone(self) -> str:
        return "good" if self.status == "complete" else "warn"


def found_portfolios(words: str) -> QuerySet[Portfolio]:
    """Undeleted portfolios by name, all of whose words are in their name, account name, or in their owner's name or address."""
    found = Portfolio.objects.select_related("user").filter(deleted_at=None)
    # A NUL cannot be in a text of the database, nor be asked for there.
    for word in words.replace("\0", " ").split():
        found = found.filter(
            Q(name__icontains=word)
            | Q(account_name__icontains=word)
            | Q(user__email__icontains=word)
            | Q(user__full_name__icontains=word)
        )
    return found.order_by("name", "id")


def listed_books(portfolios: Sequence[Portfolio]) -> list[ListedBook]:
    """These portfolios with their last nights, in two queries."""
    ids = [one.pk for one in portfolios]
    at_published = Q(portfolio__in=ids)
    snapshots = {
        one.portfolio_id: one
        for one in PortfolioSnapshot.objects.filter(at_published, snapshot_date=F("portfolio__results_as_of"))
    }
    engines: Mapping[UUID, Mapping[str, Any]] = dict(
        EngineResult.objects.filter(at_published, calculation_date=F("portfolio__results_as_of")).values_list(
            "portfolio_id", "results"
        )
    )
    return [_listed(one, snapshots.get(one.pk), engines.get(one.pk, {})) for one in portfolios]


def _listed(
    portfolio: Portfolio, snapshot: PortfolioSnapshot | None, engines: Mapping[str, Mapping[str, Any]]
) -> ListedBook:
    skipped = [
        (name, str(told.get("reason") or "")) for name, told in engines.items() if told.get("status") == "skipped"
    ]
    partial = [name for name, told in engines.items() if told.get("status") == "partial"]
    return ListedBook(portfolio, snapshot, skipped, partial)
