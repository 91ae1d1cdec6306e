"""What is known of the companies behind securities; behind a contract stands the company of its underlying."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

COMPANIES = """
    SELECT s.id, coalesce(p.company_name, nullif(nullif(u.name, u.symbol), '')), coalesce(nullif(u.sector, ''), p.sector),
           coalesce(nullif(u.industry, ''), p.industry), p.market_cap,
           CASE WHEN o.security_id IS NULL THEN p.beta END
    FROM securities AS s
    LEFT JOIN option_contracts AS o ON o.security_id = s.id
    JOIN securities AS u ON u.id = coalesce(o.underlying_id, s.id)
    LEFT JOIN company_profiles AS p ON p.security_id = u.id
    WHERE s.id = ANY(%(ids)s)
"""


@dataclass(frozen=True, slots=True)
class Company:
    """Name, sector and industry as the provider spells them; unknown is None. market_cap : dollars. beta : the provider's,
    None for contracts, which do not move as their underlying does."""

    name: str | None = None
    sector: str | None = None
    industry: str | None = None
    market_cap: Decimal | None = None
    beta: Decimal | None = None


NOTHING_KNOWN = Company()


def companies_of(security_ids: Collection[int]) -> dict[int, Company]:
    """The company behind each of these securities, by security id, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(COMPANIES, {"ids": list(security_ids)})
        return {row[0]: Company(*row[1:]) for row in cursor.fetchall()}
