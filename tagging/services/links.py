"""Which lots carry which tags."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from marketdata.services.securities import canonical
from portfolios.models import Position, User
from portfolios.services.access import owned_portfolio, owned_position, owned_positions
from sigmasight.core.errors import Conflict, NotFound
from tagging.models import PositionTag, Tag
from tagging.services.tags import owned_tag, owned_tags

LINK_NOT_FOUND = "Position tag not found"


def tags_of_position(user: User, position_id: UUID) -> list[Tag]:
    """The live tags of a lot, in display order.

    Raises
    ------
    NotFound for unknown, deleted and foreign lots.
    """
    lot = owned_position(user, position_id)
    return list(Tag.objects.filter(position_tags__position=lot, is_archived=False))


@transaction.atomic
def assign_tags(user: User, position_id: UUID, tag_ids: Collection[UUID], *, replace: bool = False) -> list[UUID]:
    """Put tags on a lot; those set aside are passed over. With `replace` the lot carries these and no others.

    Returns
    -------
    The tags that were new to the lot, in the order given; with `replace` all that it carries now.

    Raises
    ------
    NotFound if the lot or one of the tags is unknown or foreign; nothing happens then.
    """
    lot = owned_position(user, position_id)
    live = {tag.pk for tag in owned_tags(user, tag_ids) if not tag.is_archived}
    if replace:
        PositionTag.objects.filter(position=lot).exclude(tag_id__in=live).delete()
    fresh = {tag_id for _, tag_id in _link([lot.pk], live, user)}
    return [tag_id for tag_id in dict.fromkeys(tag_ids) if tag_id in (live if replace else fresh)]


@transaction.atomic
def remove_tags(user: User, position_ids: Collection[UUID], tag_ids: Collection[UUID]) -> int:
    """Take tags off lots; those that a lot does not carry are passed over.

    Returns
    -------
    The number of links removed.

    Raises
    ------
    NotFound if one of the lots or tags is unknown or foreign; nothing happens then.
    """
    lots = owned_positions(user, position_ids)
    tags = owned_tags(user, tag_ids)
    removed, _ = PositionTag.objects.filter(position__in=lots, tag__in=tags).delete()
    return removed


@transaction.atomic
def tag_positions(user: User, position_ids: Collection[UUID], tag_ids: Collection[UUID]) -> tuple[int, list[UUID]]:
    """Put every one of the tags on every one of the lots; tags set aside are passed over.

    Returns
    -------
    The number of new links, and the tags that got one, in the order given.

    Raises
    ------
    NotFound if one of the lots or tags is unknown or foreign; nothing happens then.
    """
    lots = owned_positions(user, position_ids)
    live = [tag.pk for tag in owned_tags(user, tag_ids) if not tag.is_archived]
    made = _link([lot.pk for lot in lots], live, user)
    fresh = {tag_id for _, tag_id in made}
    return len(made), [tag_id for tag_id in dict.fromkeys(tag_ids) if tag_id in fresh]


@transaction.atomic
def link_tag(user: User, position_id: UUID, tag_id: UUID) -> PositionTag:
    """Put one tag on one lot. The link that is there already is given again.

    Raises
    ------
    NotFound if the lot or the tag is unknown or foreign. Conflict if the tag is set aside.
    """
    lot = owned_position(user, position_id)
    [tag] = owned_tags(user, [tag_id])
    if tag.is_archived:
        raise Conflict("tag_archived", f"Tag '{tag.name}' is archived. Restore it first, or use another one.")
    _link([lot.pk], [tag.pk], user)
    return PositionTag.objects.get(position=lot, tag=tag)


def list_links(user: User, *, position_id: UUID | None = None, tag_id: UUID | None = None) -> QuerySet[PositionTag]:
    """Links of a person's undeleted lots, newest first; of one lot or of one tag where given.

    Raises
    ------
    NotFound if the lot or the tag is unknown or foreign.
    """
    links = _living_links(user).order_by("-created_at", "id")
    if position_id is not None:
        links = links.filter(position=owned_position(user, position_id))
    if tag_id is not None:
        links = links.filter(tag=owned_tag(user, tag_id))
    return links


def remove_link(user: User, link_id: UUID) -> None:
    """Remove one link.

    Raises
    ------
    NotFound for unknown and foreign ones alike.
    """
    removed, _ = PositionTag.objects.filter(pk__in=_living_links(user).filter(pk=link_id).values("pk")).delete()
    if not removed:
        raise NotFound("position_tag_not_found", LINK_NOT_FOUND)


def positions_with_tag(user: User, tag_id: UUID, portfolio_id: UUID | None = None) -> tuple[Tag, QuerySet[Position]]:
    """The undeleted lots that carry a tag, closed ones too, by symbol: of one portfolio, or of all.

    Raises
    ------
    NotFound if the tag or the portfolio is unknown or foreign.
    """
    tag = owned_tag(user, tag_id)
    lots = Position.objects.filter(
        position_tags__tag=tag, deleted_at__isnull=True, portfolio__user_id=user.pk, portfolio__deleted_at__isnull=True
    ).order_by("symbol", "entry_date", "id")
    if portfolio_id is not None:
        lots = lots.filter(portfolio=owned_portfolio(user, portfolio_id))
    return tag, lots


LABELS = """
    SELECT l.position_id, t.id, t.name, t.color, t.description
    FROM position_tags AS l
    JOIN tags AS t ON t.id = l.tag_id
    JOIN positions AS p ON p.id = l.position_id
    WHERE p.portfolio_id = ANY(%(ids)s) AND p.deleted_at IS NULL AND NOT t.is_archived
    ORDER BY t.display_order, t.name, t.id
"""


@dataclass(frozen=True, slots=True)
class Label:
    """A live tag as lists of lots show it."""

    id: UUID
    name: str
    color: str
    description: str


def labels_of_lots(portfolio_ids: Collection[UUID]) -> dict[UUID, list[Label]]:
    """The live tags of every undeleted lot of these portfolios, in display order, by lot; lots without tags are left out."""
    labels: dict[UUID, list[Label]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(LABELS, {"ids": list(portfolio_ids)})
        for lot, *label in cursor.fetchall():
            labels[lot].append(Label(*label))
    return labels


def tags_for_symbol(user: User, portfolio_id: UUID, symbol: str) -> list[UUID]:
    """Ids of the live tags on a portfolio's undeleted lots of a symbol, each once, in display order.

    Raises
    ------
    NotFound if the portfolio is unknown or foreign.
    """
    book = owned_portfolio(user, portfolio_id)
    tagged = PositionTag.objects.filter(
        position__portfolio=book,
        position__deleted_at__isnull=True,
        position__symbol__in={symbol.strip().upper(), canonical(symbol)},
    )
    return list(Tag.objects.filter(pk__in=tagged.values("tag_id"), is_archived=False).values_list("pk", flat=True))


def _living_links(user: User) -> QuerySet[PositionTag]:
    return PositionTag.objects.filter(
        position__portfolio__user_id=user.pk,
        position__portfolio__deleted_at__isnull=True,
        position__deleted_at__isnull=True,
    )


def _link(position_ids: Collection[UUID], tag_ids: Collection[UUID], user: User) -> list[tuple[UUID, UUID]]:
    """Link each lot to each tag; gives the (lot, tag) pairs that were new."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO position_tags (id, position_id, tag_id, assigned_by_id)
            SELECT gen_random_uuid(), p.id, t.id, %s
            FROM unnest(%s::uuid[]) AS p (id) CROSS JOIN unnest(%s::uuid[]) AS t (id)
            ON CONFLICT (position_id, tag_id) DO NOTHING
            RETURNING position_id, tag_id
            """,
            [user.pk, list(position_ids), list(tag_ids)],
        )
        return cursor.fetchall()
