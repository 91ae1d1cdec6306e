"""Sector tags: every public holding carries the tag of its company's sector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from sigmasight.core.bulk import array_text
from sigmasight.core.demo import rows

OTHER = "(any other sector)"
WANTED = """
    SELECT DISTINCT f.user_id, p.id AS position_id, s.sector
    FROM positions p JOIN portfolios f ON f.id = p.portfolio_id JOIN securities s ON s.id = p.security_id
    WHERE p.portfolio_id = ANY(%(ids)s) AND p.investment_class = 'PUBLIC' AND p.deleted_at IS NULL AND p.exit_date IS NULL
      AND s.sector <> ''
"""
# Of those, the lots that carry no unarchived tag of that name: after the first night only what was bought since. Links are looked
# up by the lots and tags by their owners, whole arrays at once; one by one it takes the server twice as long.
LACKING = """
    WITH held AS MATERIALIZED (
        SELECT p.id, p.portfolio_id, s.sector FROM positions p JOIN securities s ON s.id = p.security_id
        WHERE p.portfolio_id = ANY(%(ids)s) AND p.investment_class = 'PUBLIC' AND p.deleted_at IS NULL AND p.exit_date IS NULL
          AND s.sector <> ''
    ),
    own AS MATERIALIZED (
        SELECT id, name FROM tags
        WHERE NOT is_archived AND user_id = ANY(ARRAY(SELECT user_id FROM portfolios WHERE id = ANY(%(ids)s)))
    )
    SELECT f.user_id, h.id AS position_id, h.sector FROM held h JOIN portfolios f ON f.id = h.portfolio_id
    WHERE NOT EXISTS (
        SELECT 1 FROM position_tags l JOIN own t ON t.id = l.tag_id
        WHERE l.position_id = h.id AND l.position_id = ANY(ARRAY(SELECT id FROM held)) AND t.name = h.sector
    )
"""
MAKE_TAGS = """
    INSERT INTO tags (id, user_id, name, color, description, display_order, is_archived, is_sector)
    SELECT gen_random_uuid(), w.user_id, w.sector, coalesce(c.color, %(other)s), 'Sector: ' || w.sector, 0, false, true
    FROM (SELECT DISTINCT user_id, sector FROM unnest(%(users)s::uuid[], %(sectors)s::text[]) AS x (user_id, sector)) AS w
    LEFT JOIN unnest(%(names)s::text[], %(colors)s::text[]) AS c (name, color) ON c.name = w.sector
    WHERE NOT EXISTS (SELECT 1 FROM tags t WHERE t.user_id = w.user_id AND t.name = w.sector AND NOT t.is_archived)
    ORDER BY w.user_id, w.sector
    ON CONFLICT (user_id, name) WHERE NOT is_archived DO NOTHING
"""
LINK = """
    INSERT INTO position_tags (id, position_id, tag_id)
    SELECT gen_random_uuid(), w.position_id, t.id
    FROM unnest(%(users)s::uuid[], %(positions)s::uuid[], %(sectors)s::text[]) AS w (user_id, position_id, sector)
    JOIN tags t ON t.user_id = w.user_id AND t.name = w.sector AND NOT t.is_archived
    ON CONFLICT (position_id, tag_id) DO NOTHING
"""
UNLINK_OTHERS = """
    DELETE FROM position_tags AS l USING tags AS t, positions AS p LEFT JOIN securities AS s ON s.id = p.security_id
    WHERE l.tag_id = t.id AND l.position_id = p.id AND t.is_sector
      AND p.portfolio_id = ANY(%(ids)s) AND p.deleted_at IS NULL AND p.exit_date IS NULL
      AND (p.investment_class <> 'PUBLIC' OR t.name <> s.sector)
"""
COUNT = f"""
    SELECT w.sector, count(*) FROM positions p LEFT JOIN ({WANTED}) AS w ON w.position_id = p.id
    WHERE p.portfolio_id = ANY(%(ids)s) AND p.deleted_at IS NULL AND p.exit_date IS NULL
    GROUP BY w.sector ORDER BY count(*) DESC, w.sector
"""


@dataclass(frozen=True)
class RestoredSectorTags:
    """What a rebuild left behind.

    `positions_tagged` open lots carry the tag of their sector, `positions_skipped` open lots have no known sector,
    `tags_created` tags are new; `tags_applied` counts lots by sector, most first.
    """

    positions_tagged: int
    positions_skipped: int
    tags_created: int
    tags_applied: dict[str, int]


def sector_colors() -> dict[str, str]:
    """Colour by sector name; the entry for any other sector under its own key."""
    return {row["name"]: row["color"] for row in rows("tags") if row["set"] == "automatic_sector_tag"}


@transaction.atomic
def apply_sector_tags(portfolio_ids: Sequence[UUID]) -> int:
    """Give the open public lots of these portfolios the tag of their sector, creating the owners' tags where they lack them.

    Lots whose owner already tagged them with that name are left alone; doing it twice changes nothing.

    Returns
    -------
    The number of links made.
    """
    return _tag_lacking(portfolio_ids)[1]


@transaction.atomic
def restore_sector_tags(portfolio_ids: Sequence[UUID]) -> RestoredSectorTags:
    """Bring the sector tags of these portfolios' open lots to what the nightly run gives: wrong ones go, missing ones come.

    Tags that people made and links of closed lots are left alone; doing it twice changes nothing.
    """
    ids = {"ids": array_text(portfolio_ids)}
    with connection.cursor() as cursor:
        cursor.execute(UNLINK_OTHERS, ids)
        created, _ = _tag_lacking(portfolio_ids)
        cursor.execute(COUNT, ids)
        counts = dict(cursor.fetchall())
    skipped = counts.pop(None, 0)
    return RestoredSectorTags(sum(counts.values()), skipped, created, counts)


def _tag_lacking(portfolio_ids: Sequence[UUID]) -> tuple[int, int]:
    """Tags made and links made for the lots that lack theirs."""
    with connection.cursor() as cursor:
        cursor.execute(LACKING, {"ids": array_text(portfolio_ids)})
        lacking = cursor.fetchall()
        if not lacking:
            return 0, 0
        users, positions, sectors = (list(column) for column in zip(*lacking, strict=True))
        colors = sector_colors()
        given: Any = {
            "users": users, "positions": positions, "sectors": sectors, "names": list(colors), "colors": list(colors.values()),
            "other": colors[OTHER],
        }  # fmt: skip
        cursor.execute(MAKE_TAGS, given)
        made = cursor.rowcount
        cursor.execute(LINK, given)
        return made, cursor.rowcount
