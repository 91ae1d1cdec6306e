"""Rules that tags keep: everybody's own, on what they are meant for, told apart, used."""

from __future__ import annotations

from uuid import UUID

from django.db import connection

from sigmasight.core.audits import Check, Finding, Nothing, Severity, check, named

LOTS = """
    positions p JOIN portfolios f ON f.id = p.portfolio_id JOIN users u ON u.id = f.user_id
    LEFT JOIN securities s ON s.id = p.security_id
"""
LIVE = "p.deleted_at IS NULL AND f.deleted_at IS NULL AND (f.id = %(portfolio)s OR %(portfolio)s::uuid IS NULL)"
LINKS = f"""
    SELECT t.name, p.symbol, f.account_name, u.email, t.user_id <> f.user_id AS foreign_tag, t.is_archived,
           t.is_sector AND p.exit_date IS NULL AND (p.investment_class <> 'PUBLIC' OR t.name IS DISTINCT FROM s.sector) AS wrong_sector
    FROM position_tags l JOIN tags t ON t.id = l.tag_id, {LOTS}
    WHERE p.id = l.position_id AND {LIVE} AND (t.user_id <> f.user_id OR t.is_archived
                      OR t.is_sector AND p.exit_date IS NULL AND (p.investment_class <> 'PUBLIC' OR t.name IS DISTINCT FROM s.sector))
    ORDER BY u.email, f.account_name, p.symbol, t.name
"""
COUNT_LINKS = f"SELECT count(*) FROM position_tags l, {LOTS} WHERE p.id = l.position_id AND {LIVE}"
# Lots that a night has seen and that lack the tag of their sector.
UNTAGGED = f"""
    SELECT p.symbol, s.sector, f.account_name, u.email FROM {LOTS}
    WHERE {LIVE} AND p.investment_class = 'PUBLIC' AND p.exit_date IS NULL AND s.sector <> '' AND p.entry_date <= f.results_as_of
      AND f.dirty_from IS NULL
      AND NOT EXISTS (SELECT 1 FROM position_tags l JOIN tags t ON t.id = l.tag_id
                      WHERE l.position_id = p.id AND t.name = s.sector AND NOT t.is_archived)
    ORDER BY u.email, f.account_name, p.symbol
"""
COUNT_SECTORED = f"SELECT count(*) FROM {LOTS} WHERE {LIVE} AND p.investment_class = 'PUBLIC' AND p.exit_date IS NULL AND s.sector <> ''"
TAGS = """
    FROM tags t JOIN users u ON u.id = t.user_id
    WHERE NOT t.is_archived
      AND (%(portfolio)s::uuid IS NULL OR t.user_id = (SELECT user_id FROM portfolios WHERE id = %(portfolio)s))
"""
IDLE = f"""
    SELECT u.email, array_agg(t.name ORDER BY t.name) {TAGS}
    AND NOT EXISTS (SELECT 1 FROM position_tags l WHERE l.tag_id = t.id) GROUP BY u.email ORDER BY u.email
"""
ALIKE = f"""
    SELECT u.email, array_agg(t.name ORDER BY t.name) {TAGS}
    GROUP BY u.email, lower(regexp_replace(t.name, '[^[:alnum:]]', '', 'g')) HAVING count(*) > 1 ORDER BY u.email
"""
NO_LINKS = Nothing("no lot carries a tag", "Nothing to do if nobody uses tags.", Severity.INFORMATION)
NO_SECTORS = Nothing(
    "no lot has a security with a sector", "Refresh the company profiles if stocks are held.", Severity.INFORMATION
)
NO_TAGS = Nothing("nobody has a tag", "Nothing to do if nobody uses tags.", Severity.INFORMATION)


def check_links(portfolio_id: UUID | None = None) -> Check:
    """Whether the tags on lots are the owner's, live, and, if they name a sector, that of the company."""
    found = []
    given = {"portfolio": portfolio_id}
    with connection.cursor() as cursor:
        cursor.execute(COUNT_LINKS, given)
        links = int(cursor.fetchone()[0])  # type: ignore[index]
        cursor.execute(LINKS, given)
        for tag, symbol, account, email, foreign, archived, wrong in cursor.fetchall():
            subject, place = f"{tag} on {symbol}", f"{account}, {email}"
            if foreign:
                found.append(
                    Finding(Severity.ERROR, subject, "is another person's tag", place, "Take the tag off the lot.")
                )
            if archived:
                found.append(
                    Finding(
                        Severity.INFORMATION,
                        subject,
                        "is archived: nobody sees it",
                        place,
                        "Nothing to do, or restore the tag.",
                    )
                )
            if wrong:
                found.append(
                    Finding(
                        Severity.WARNING, subject, "is not the sector of the company", place, "Restore the sector tags."
                    )
                )
    return check("Tags on lots", {"links": links}, found, nothing=NO_LINKS)


def check_sector_tags(portfolio_id: UUID | None = None) -> Check:
    """Whether every public lot that a night has seen carries the tag of its sector."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT_SECTORED, {"portfolio": portfolio_id})
        lots = int(cursor.fetchone()[0])  # type: ignore[index]
        cursor.execute(UNTAGGED, {"portfolio": portfolio_id})
        found = [
            Finding(Severity.WARNING, symbol, f"lacks the tag of its sector, {sector}", f"{account}, {email}",
                    "Restore the sector tags (the next night does it too).")
            for symbol, sector, account, email in cursor.fetchall()
        ]  # fmt: skip
    return check("Sector tags", {"lots with a sector": lots}, found, nothing=NO_SECTORS)


def check_tags(portfolio_id: UUID | None = None) -> Check:
    """Tags that no lot carries, and tags of one person that differ in spelling alone."""
    given = {"portfolio": portfolio_id}
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {TAGS}", given)
        tags = int(cursor.fetchone()[0])  # type: ignore[index]
        cursor.execute(IDLE, given)
        found = [
            Finding(
                Severity.INFORMATION,
                email,
                f"has tags that no lot carries: {named(names)}",
                "",
                "Nothing to do, or archive them.",
            )
            for email, names in cursor.fetchall()
        ]
        cursor.execute(ALIKE, given)
        found += [
            Finding(
                Severity.WARNING,
                email,
                f"has tags that differ in spelling alone: {named(names)}",
                "",
                "Merge them into one.",
            )
            for email, names in cursor.fetchall()
        ]
    return check("Tags", {"tags": tags}, found, nothing=NO_TAGS)
