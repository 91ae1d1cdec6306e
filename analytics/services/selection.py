"""The portfolios an aggregate is about, with what each is worth and its share of the whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from analytics.services.published import snapshot_columns
from portfolios.models import User
from portfolios.services.access import PORTFOLIO_NOT_FOUND
from sigmasight.core.errors import NotFound

# Those of `listed_portfolios`, in its order. Written out: the ORM takes longer to phrase this than the database to answer it.
SELECTED = """
    SELECT f.id, f.name, f.account_name, f.account_type, f.results_as_of,
           s.id IS NOT NULL AND f.dirty_from IS NULL, coalesce(s.net_asset_value, f.opening_equity) {columns}
    FROM portfolios AS f
    LEFT JOIN portfolio_snapshots AS s ON s.portfolio_id = f.id AND s.snapshot_date = f.results_as_of
    WHERE f.user_id = %(user)s AND f.deleted_at IS NULL AND f.is_active
      AND (%(ids)s::uuid[] IS NULL OR f.id = ANY(%(ids)s::uuid[]))
    ORDER BY f.account_name ILIKE '%%private%%', f.created_at, f.id
"""


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
    wanted = None if portfolio_ids is None else list(set(portfolio_ids))
    with connection.cursor() as cursor:
        cursor.execute(SELECTED.format(columns=snapshot_columns(columns)), {"user": user.pk, "ids": wanted})
        rows = cursor.fetchall()
    if wanted is not None and len(rows) != len(wanted):
        raise NotFound("portfolio_not_found", PORTFOLIO_NOT_FOUND)
    total = sum((row[6] for row in rows), Decimal(0))
    members = tuple(
        SelectedPortfolio(
            id=portfolio_id,
            name=name,
            account_name=account_name,
            account_type=account_type,
            as_of=as_of,
            is_current=is_current,
            value=value,
            weight=float(value / total) if total else 1 / len(rows),
            snapshot=dict(zip(columns, values, strict=True)),
        )
        for portfolio_id, name, account_name, account_type, as_of, is_current, value, *values in rows
    )
    return Selection(members, total, max((one.as_of for one in members if one.as_of is not None), default=None))
