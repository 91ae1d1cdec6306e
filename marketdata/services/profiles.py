"""What is known about companies and funds today."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.db import connection

from marketdata.models import AnalystEstimate, CompanyProfile
from sigmasight.core import clock

LONGEST_DESCRIPTION = 1000
_OWN = {"created_at", "updated_at", "security", "source", "fetched_at"}
_IN_PROFILE = tuple(field.name for field in CompanyProfile._meta.concrete_fields if field.name not in _OWN)

# Columns of a profile in the order they are shown.
PROFILE_FIELDS = ("symbol", *_IN_PROFILE, "data_source", "last_updated", "created_at", "updated_at")


# Names of consensus estimates and the column of each in a profile; the counts of a year are estimates only.
ESTIMATES = {
    field.name: field.name.replace("quarter_end_date", "quarter_target_period_date")
    for field in AnalystEstimate._meta.concrete_fields
    if field.name.startswith(("current_", "next_"))
}


def _expressions() -> dict[str, str]:
    columns = {name: f"p.{name}" for name in _IN_PROFILE}
    for name in ("sector", "industry", "exchange"):
        columns[name] = f"coalesce(nullif(p.{name}, ''), nullif(s.{name}, ''))"
    for period in ("current_quarter", "next_quarter", "current_year", "next_year"):
        columns |= _estimates_of(period)
    return columns | {
        "symbol": "s.symbol",
        "company_name": "coalesce(nullif(p.company_name, ''), s.name)",
        "description": f"left(p.description, {LONGEST_DESCRIPTION})",
        "data_source": "p.source",
        "last_updated": "p.fetched_at",
        "created_at": "p.created_at",
        "updated_at": "p.updated_at",
    }


def _estimates_of(period: str) -> dict[str, str]:
    """A provider sends estimates with the profile or by themselves: never two periods of different days mixed."""
    pairs = {estimate: name for estimate, name in ESTIMATES.items() if estimate.startswith(period)}
    told = ", ".join(f"p.{name}" for name in pairs.values() if name in _IN_PROFILE)
    end = f"p.{pairs[f'{period}_end_date']} = e.{period}_end_date"
    return {
        name: f"CASE WHEN num_nonnulls({told}) = 0 THEN e.{estimate} ELSE p.{name} END"
        if name in _IN_PROFILE
        else f"CASE WHEN num_nonnulls({told}) = 0 OR {end} THEN e.{estimate} END"
        for estimate, name in pairs.items()
    }


_EXPRESSIONS = _expressions()


def company_profiles(symbols: Collection[str], fields: Sequence[str] = PROFILE_FIELDS) -> list[dict[str, Any]]:
    """Profiles of the symbols that have one, by symbol, in one query. Unknown is None; growth, margins, yields are fractions.

    Parameters
    ----------
    fields : of `PROFILE_FIELDS` or the values of `ESTIMATES`, in the order wanted.

    Raises
    ------
    KeyError for a field that is none of them.
    """
    columns = ", ".join(f'{_EXPRESSIONS[name]} AS "{name}"' for name in fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT {columns}
            FROM company_profiles AS p JOIN securities AS s ON s.id = p.security_id
            LEFT JOIN LATERAL (
                SELECT * FROM analyst_estimates WHERE security_id = s.id AND as_of <= %(today)s ORDER BY as_of DESC LIMIT 1
            ) AS e ON true
            WHERE s.symbol = ANY(%(symbols)s) ORDER BY s.symbol
            """,
            {"symbols": list(symbols), "today": clock.market_today()},
        )
        return [dict(zip(fields, row, strict=True)) for row in cursor.fetchall()]
