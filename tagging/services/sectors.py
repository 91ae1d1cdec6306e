"""Sector tags: every public holding carries the tag of its company's sector."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import connection, transaction

from sigmasight.core.demo import rows

OTHER = "(any other sector)"


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
    colors = sector_colors()
    wanted = """
        SELECT DISTINCT f.user_id, p.id AS position_id, s.sector
        FROM positions p JOIN portfolios f ON f.id = p.portfolio_id JOIN securities s ON s.id = p.security_id
        WHERE p.portfolio_id = ANY(%(ids)s) AND p.investment_class = 'PUBLIC' AND p.deleted_at IS NULL AND p.exit_date IS NULL
          AND s.sector <> ''
    """
    params = {
        "ids": list(portfolio_ids),
        "names": list(colors),
        "colors": list(colors.values()),
        "other": colors[OTHER],
    }
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO tags (id, user_id, name, color, description, display_order, is_archived, is_sector)
            SELECT gen_random_uuid(), w.user_id, w.sector, coalesce(c.color, %(other)s), 'Sector: ' || w.sector, 0, false, true
            FROM (SELECT DISTINCT user_id, sector FROM ({wanted}) AS x) AS w
            LEFT JOIN unnest(%(names)s::text[], %(colors)s::text[]) AS c (name, color) ON c.name = w.sector
            WHERE NOT EXISTS (SELECT 1 FROM tags t WHERE t.user_id = w.user_id AND t.name = w.sector AND NOT t.is_archived)
            """,
            params,  # type: ignore[arg-type]
        )
        cursor.execute(
            f"""
            INSERT INTO position_tags (id, position_id, tag_id)
            SELECT gen_random_uuid(), w.position_id, t.id FROM ({wanted}) AS w
            JOIN tags t ON t.user_id = w.user_id AND t.name = w.sector AND NOT t.is_archived
            ON CONFLICT (position_id, tag_id) DO NOTHING
            """,
            params,  # type: ignore[arg-type]
        )
        return cursor.rowcount
