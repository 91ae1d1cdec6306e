"""The portfolios an aggregate is about, with what each is worth and its share of the whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import F, FilteredRelation, Q

from portfolios.models import User
from portfolios.services.access import PORTFOLIO_NOT_FOUND
from portfolios.services.tokens import listed_portfolios
from sigmasight.core.errors import NotFound

PORTFOLIO_COLUMNS = ("id", "name", "account_name", "account_type", "opening_equity", "results_as_of", "dirty_from")


@dataclass(frozen=True)
class SelectedPortfolio:
    """One portfolio of a selection.

    Attributes
    ----------
    as_of : its published session; None before the first.
    is_current : whether its lots are still those of that session.
    value : net asset value at that session, before the first its opening equity; dollars.
    weight : value as a fraction of the selection's total.
    snapshot : the columns of its snapshot that were asked for, None for each where there is no snapshot.
    """

    id: UUID
    name: str
    account_name: str
    account_type: str
    as_of: dt.date | None
    is_current: bool
    value: Decimal
    weight: float
    snapshot: Mapping[str, Any]


@dataclass(frozen=True)
class Selection:
    """Portfolios in the order clients show them, their total value in dollars and the newest of their sessions."""

    portfolios: tuple[SelectedPortfolio, ...]
    total_value: Decimal
    as_of: dt.date | None

    @property
    def ids(self) -> list[UUID]:
        return [portfolio.id for portfolio in self.portfolios]

    @property
    def is_current(self) -> bool:
        """Whether all of them still hold what they held at their published session."""
        return all(portfolio.is_current for portfolio in self.portfolios)

    @property
    def sessions(self) -> dict[UUID, dt.date]:
        """The published session of every portfolio that has one: the date to read its results at."""
        return {portfolio.id: portfolio.as_of for portfolio in self.portfolios if portfolio.as_of is not None}


def select_portfolios(
    user: User, portfolio_ids: Collection[UUID] | None = None, *, columns: Sequence[str] = ()
) -> Selection:
    """A person's portfolios with their shares, in one query: all active ones, or those named (each once).

    Parameters
    ----------
    columns : further columns of `PortfolioSnapshot` at each portfolio's published session.

    Returns
    -------
    Selection; weights sum to 1, and are equal if the total is zero. It is empty for somebody without portfolios.

    Raises
    ------
    NotFound if one of the ids is unknown, deleted, inactive or foreign.
    """
    books = listed_portfolios(user.pk).annotate(
        at_session=FilteredRelation("snapshots", condition=Q(snapshots__snapshot_date=F("results_as_of")))
    )
    if portfolio_ids is not None:
        books = books.filter(pk__in=set(portfolio_ids))
    rows = list(
        books.values_list(
            *PORTFOLIO_COLUMNS, "at_session__net_asset_value", *(f"at_session__{column}" for column in columns)
        )
    )
    if portfolio_ids is not None and len(rows) != len(set(portfolio_ids)):
        raise NotFound("portfolio_not_found", PORTFOLIO_NOT_FOUND)
    fixed = len(PORTFOLIO_COLUMNS) + 1
    values = [opening if nav is None else nav for _, _, _, _, opening, _, _, nav, *_ in rows]
    total = sum(values, Decimal(0))
    members = tuple(
        SelectedPortfolio(
            id=row[0],
            name=row[1],
            account_name=row[2],
            account_type=row[3],
            as_of=row[5],
            is_current=row[5] is not None and row[6] is None,
            value=value,
            weight=float(value / total) if total else 1 / len(rows),
            snapshot=dict(zip(columns, row[fixed:], strict=True)),
        )
        for row, value in zip(rows, values, strict=True)
    )
    return Selection(members, total, max((row[5] for row in rows if row[5] is not None), default=None))
