"""What the last published night says of one portfolio, read together with whose it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from portfolios.models import PortfolioSnapshot, User
from portfolios.services.access import PORTFOLIO_NOT_FOUND
from sigmasight.core import clock
from sigmasight.core.errors import NotFound

# Written out: the ORM takes longer to phrase this than the database to answer it.
PUBLISHED = """
    SELECT f.results_as_of, s.id IS NOT NULL AND f.dirty_from IS NULL,
           coalesce(s.net_asset_value, f.opening_equity), coalesce(s.updated_at, f.updated_at),
           e.results -> %(engine)s {columns}
    FROM portfolios AS f
    LEFT JOIN portfolio_snapshots AS s ON s.portfolio_id = f.id AND s.snapshot_date = f.results_as_of
    LEFT JOIN engine_results AS e
        ON %(engine)s <> '' AND e.portfolio_id = f.id AND e.calculation_date = f.results_as_of
    WHERE f.id = %(portfolio)s AND f.user_id = %(user)s AND f.deleted_at IS NULL
"""
ALLOWED = {field.attname for field in PortfolioSnapshot._meta.concrete_fields}


@dataclass(frozen=True)
class PublishedBook:
    """A portfolio at its published session.

    Attributes
    ----------
    as_of : the session; None before the first.
    is_current : whether the lots are still those of that session.
    equity : net asset value at the session, before the first the opening equity; dollars.
    updated_at : when these figures were last written.
    snapshot : the columns asked for, None for each where there is no snapshot.
    engine : what the engine asked for said of itself, empty where it did not run.
    """

    portfolio_id: UUID
    as_of: dt.date | None
    is_current: bool
    equity: Decimal
    updated_at: dt.datetime
    snapshot: Mapping[str, Any]
    engine: Mapping[str, Any]

    @property
    def day(self) -> dt.date:
        """The published session; before the first one today, for what needs no night."""
        return self.as_of or clock.market_today()


def snapshot_columns(columns: Sequence[str]) -> str:
    """Columns of `PortfolioSnapshot` as they stand behind others in a SELECT that calls it `s`.

    Raises
    ------
    ValueError for a name that is no column.
    """
    if unknown := set(columns) - ALLOWED:
        raise ValueError(f"A snapshot has no {', '.join(sorted(unknown))}.")
    return "".join(f", s.{column}" for column in columns)


def published_book(user: User, portfolio_id: UUID, columns: Sequence[str] = (), *, engine: str = "") -> PublishedBook:
    """A person's undeleted portfolio with columns of its snapshot, in one query.

    Parameters
    ----------
    columns : of `PortfolioSnapshot`. engine : a key of `EngineResult.results`, "" for none.

    Raises
    ------
    NotFound for unknown, deleted and foreign ones alike.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            PUBLISHED.format(columns=snapshot_columns(columns)),
            {"engine": engine, "portfolio": portfolio_id, "user": user.pk},
        )
        row = cursor.fetchone()
    if row is None:
        raise NotFound("portfolio_not_found", PORTFOLIO_NOT_FOUND)
    as_of, is_current, equity, updated_at, document, *values = row
    return PublishedBook(
        portfolio_id=portfolio_id,
        as_of=as_of,
        is_current=is_current,
        equity=equity,
        updated_at=updated_at,
        snapshot=dict(zip(columns, values, strict=True)),
        engine=orjson.loads(document) if document else {},
    )
