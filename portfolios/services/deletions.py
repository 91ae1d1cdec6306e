"""Taking lots out of a book."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction

from portfolios.models import Portfolio, Position, TargetPrice, Trade, User
from portfolios.services.access import owned_positions
from portfolios.services.dirty import mark_dirty
from portfolios.services.positions import lock_position
from sigmasight.core import clock
from sigmasight.core.errors import DomainError

HARD_DELETE_SECONDS = 300

# Lots of old months are dropped by retention, the snapshots of the portfolio are not: what was entered before counts as seen.
SEEN = """
    SELECT DISTINCT lot.id
    FROM position_snapshots AS s CROSS JOIN unnest(s.position_ids) AS lot (id)
    WHERE s.portfolio_id = ANY(%(portfolios)s) AND s.position_ids && %(lots)s::uuid[] AND lot.id = ANY(%(lots)s::uuid[])
    UNION
    SELECT p.id
    FROM positions AS p CROSS JOIN LATERAL (
        SELECT min(snapshot_date) AS day FROM position_snapshots WHERE portfolio_id = p.portfolio_id
    ) AS kept
    WHERE p.id = ANY(%(lots)s::uuid[]) AND p.entry_date < kept.day AND EXISTS (
        SELECT FROM portfolio_snapshots AS s WHERE s.portfolio_id = p.portfolio_id AND s.snapshot_date < kept.day
    )
"""


@dataclass(frozen=True)
class Deletion:
    """A lot that left its book. `deleted_at` is None where nothing of it was kept."""

    position_id: UUID
    symbol: str
    deleted_at: dt.datetime | None


@transaction.atomic
def delete_position(position_id: UUID, *, hard: bool = False) -> Deletion:
    """Take a lot out of the book.

    A soft deletion closes it at the mark of today's session and keeps its past; a lot no snapshot has seen leaves
    nothing. `hard` removes a lot younger than five minutes as `undo_position` does; an older one is deleted softly.

    Raises
    ------
    NotFound; DomainError if it is deleted already.
    """
    position = lock_position(position_id)
    return _remove(position) if hard and _is_fresh(position) else _delete_softly([position])[0]


@transaction.atomic
def undo_position(position_id: UUID) -> Deletion:
    """Remove a lot entered less than five minutes ago with its trades, valuations, tag links and target price.

    Raises
    ------
    NotFound; DomainError if it is older or deleted already.
    """
    position = lock_position(position_id)
    if not _is_fresh(position):
        raise DomainError(
            "too_old_to_undo", "A lot can be removed for good for five minutes after it was entered; delete it instead."
        )
    return _remove(position)


@transaction.atomic
def delete_positions(user: User, position_ids: Sequence[UUID]) -> list[Deletion]:
    """Delete lots of one's own softly, in the order given, all of them or none. The number of queries does not depend on
    how many there are.

    Raises
    ------
    NotFound if one of them is unknown, deleted or foreign; DomainError if one is named twice.
    """
    if len(set(position_ids)) != len(position_ids):
        raise DomainError("position_repeated", "A position_id is named twice; name every lot once.")
    books = {lot.portfolio_id for lot in owned_positions(user, position_ids)}
    # Locked in one order by everybody, or two bulk deletions would wait for each other.
    list(Portfolio.objects.select_for_update(no_key=True).filter(pk__in=books).order_by("pk").values_list("pk"))
    lots = {lot.pk: lot for lot in owned_positions(user, position_ids)}
    return _delete_softly([lots[position_id] for position_id in position_ids])


def _is_fresh(position: Position) -> bool:
    return (clock.now() - position.created_at).total_seconds() < HARD_DELETE_SECONDS


def _remove(position: Position) -> Deletion:
    deletion = Deletion(position.pk, position.symbol, None)
    TargetPrice.objects.filter(position=position).delete()
    portfolio_id, dirty = position.portfolio_id, position.entry_date
    position.delete()
    mark_dirty(portfolio_id, dirty)
    return deletion


def _delete_softly(lots: Sequence[Position]) -> list[Deletion]:
    now, today = clock.now(), clock.market_today()
    seen = _seen_by_snapshots(lots)
    Trade.objects.filter(position__in=[lot.pk for lot in lots if lot.pk not in seen]).delete()
    Position.objects.filter(pk__in=[lot.pk for lot in lots]).update(deleted_at=now, updated_at=now)
    dirty: dict[UUID, dt.date] = {}
    for lot in lots:
        day = today if lot.pk in seen else lot.entry_date
        dirty[lot.portfolio_id] = min(dirty.get(lot.portfolio_id, day), day)
    for portfolio_id, day in dirty.items():
        mark_dirty(portfolio_id, day)
    return [Deletion(lot.pk, lot.symbol, now) for lot in lots]


def _seen_by_snapshots(lots: Collection[Position]) -> set[UUID]:
    with connection.cursor() as cursor:
        cursor.execute(SEEN, {"portfolios": list({lot.portfolio_id for lot in lots}), "lots": [lot.pk for lot in lots]})
        return {row[0] for row in cursor.fetchall()}
