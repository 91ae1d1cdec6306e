"""Searching the universe of symbols by company, sector, size and valuation, with figures of a reporting period."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection

from sigmasight.core.errors import DomainError

PERIODS = ("ttm", "last_year", "forward", "last_quarter")
# Columns to sort by that are read with the symbol itself.
STORED = (
    "symbol", "company_name", "sector", "market_cap", "ps_ratio", "pe_ratio", "factor_value", "factor_growth", "factor_momentum",
    "factor_quality", "factor_size", "factor_low_vol",
)  # fmt: skip
# Columns that come from the statements: sorting by them needs those of every match.
COMPUTED = ("enterprise_value", "revenue", "ebit", "fcf")

UNIVERSE = """
    FROM symbol_daily_metrics AS m
    JOIN securities AS s ON s.id = m.security_id AND s.is_active
    LEFT JOIN company_profiles AS p ON p.security_id = s.id
"""
FOUND = (
    """
    SELECT s.id, s.symbol, coalesce(p.company_name, nullif(nullif(s.name, s.symbol), '')) AS company_name,
           coalesce(nullif(s.sector, ''), p.sector) AS sector, coalesce(nullif(s.industry, ''), p.industry) AS industry,
           m.market_cap, m.enterprise_value AS stored_enterprise_value, m.ps_ratio, m.pe_ratio, m.metrics_date,
           m.factor_value, m.factor_growth, m.factor_momentum, m.factor_quality, m.factor_size, m.factor_low_vol
"""
    + UNIVERSE
)
CONDITIONS = {
    "query": "(strpos(lower(symbol), lower(%(query)s)) > 0 OR strpos(lower(company_name), lower(%(query)s)) > 0)",
    "sectors": "sector = ANY(%(sectors)s)",
    "industries": "industry = ANY(%(industries)s)",
    "min_market_cap": "market_cap >= %(min_market_cap)s",
    "max_market_cap": "market_cap <= %(max_market_cap)s",
    "min_pe_ratio": "pe_ratio >= %(min_pe_ratio)s",
    "max_pe_ratio": "pe_ratio <= %(max_pe_ratio)s",
}
DEBT = """
    LEFT JOIN LATERAL (
        SELECT total_debt, cash_and_cash_equivalents AS cash FROM balance_sheets WHERE security_id = f.id
        ORDER BY period_date DESC, frequency DESC LIMIT 1
    ) AS b ON true
"""
ENTERPRISE_VALUE = "coalesce(f.stored_enterprise_value, f.market_cap + coalesce(b.total_debt, 0) - coalesce(b.cash, 0))"
# The newest rows of a frequency; a figure that one of them lacks is unknown.
STATEMENTS = """
    LEFT JOIN LATERAL (
        SELECT CASE WHEN bool_and(total_revenue IS NOT NULL) THEN sum(total_revenue) END AS revenue,
               CASE WHEN bool_and(earned IS NOT NULL) THEN sum(earned) END AS ebit,
               max(period_date) AS period_end, max(fiscal_year) AS fiscal_year, max(fiscal_quarter) AS fiscal_quarter
        FROM (
            SELECT total_revenue, coalesce(ebit, operating_income) AS earned, period_date, fiscal_year, fiscal_quarter
            FROM income_statements WHERE security_id = f.id AND frequency = %(frequency)s
            ORDER BY period_date DESC LIMIT %(rows)s
        ) AS newest
    ) AS i ON true
    LEFT JOIN LATERAL (
        SELECT CASE WHEN bool_and(free_cash_flow IS NOT NULL) THEN sum(free_cash_flow) END AS fcf
        FROM (
            SELECT free_cash_flow FROM cash_flow_statements WHERE security_id = f.id AND frequency = %(frequency)s
            ORDER BY period_date DESC LIMIT %(rows)s
        ) AS newest
    ) AS c ON true
"""
ESTIMATES = """
    LEFT JOIN LATERAL (
        SELECT current_year_revenue_avg AS revenue, NULL::numeric AS ebit, current_year_end_date AS period_end,
               extract(year FROM current_year_end_date)::int AS fiscal_year, NULL::int AS fiscal_quarter
        FROM analyst_estimates WHERE security_id = f.id ORDER BY as_of DESC LIMIT 1
    ) AS i ON true
    CROSS JOIN (SELECT NULL::numeric AS fcf) AS c
"""
FREQUENCY_ROWS = {"ttm": ("q", 4), "last_year": ("a", 1), "last_quarter": ("q", 1), "forward": ("", 0)}


@dataclass(frozen=True, slots=True)
class SearchedEquity:
    """A symbol with its figures: dollars, multiples, ridge betas; unknown is None. period_label : what revenue, EBIT and free cash
    flow belong to, e.g. TTM, FY2024, FY2026E, Q3 2025."""

    symbol: str
    company_name: str | None
    sector: str | None
    industry: str | None
    market_cap: Decimal | None
    enterprise_value: Decimal | None
    ps_ratio: Decimal | None
    pe_ratio: Decimal | None
    revenue: Decimal | None
    ebit: Decimal | None
    fcf: Decimal | None
    period_label: str
    factor_value: float | None
    factor_growth: float | None
    factor_momentum: float | None
    factor_quality: float | None
    factor_size: float | None
    factor_low_vol: float | None


@dataclass(frozen=True, slots=True)
class SearchPage:
    """One page of matches, how many there are in all, and the session the first row's figures are of."""

    items: Sequence[SearchedEquity]
    total: int
    metrics_date: dt.date | None


def search_equities(
    filters: Mapping[str, Any],
    *,
    period: str = "ttm",
    sort_by: str = "market_cap",
    descending: bool = True,
    limit: int = 50,
    offset: int = 0,
) -> SearchPage:
    """The symbols that pass every filter, unknown values last in either direction, ties by symbol.

    Parameters
    ----------
    filters : of `CONDITIONS`: `query` is part of a symbol or company name in any case; `sectors` and `industries` are lists of
        exact names; bounds are inclusive and leave out what is unknown.
    period : trailing four quarters, last year, the year analysts estimate, or last quarter.

    Raises
    ------
    DomainError for an unknown column to sort by.
    """
    if sort_by not in STORED + COMPUTED:
        raise DomainError("unknown_sort", f"sort_by must be one of {', '.join(STORED + COMPUTED)}.")
    frequency, rows = FREQUENCY_ROWS[period]
    values = {**filters, "frequency": frequency, "rows": rows, "limit": limit, "offset": offset}
    where = " AND ".join(CONDITIONS[name] for name in filters) or "true"
    matches = f"WITH matches AS (SELECT * FROM ({FOUND}) AS u WHERE {where})"
    with connection.cursor() as cursor:
        cursor.execute(matches + _page(period, sort_by, descending), values)
        names = [column.name for column in cursor.description or ()]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        total = found[0]["total"] if found else 0
        if not found and offset:
            cursor.execute(f"{matches} SELECT count(*) FROM matches", values)
            (total,) = cursor.fetchone()
    return SearchPage([_item(row, period) for row in found], total, found[0]["metrics_date"] if found else None)


def _page(period: str, sort_by: str, descending: bool) -> str:
    """The rest of the statement. Statements are read for the page alone, unless they decide what is on it."""
    order = f"ORDER BY {sort_by} {'DESC' if descending else 'ASC'} NULLS LAST, symbol"
    figures = ESTIMATES if period == "forward" else STATEMENTS
    shown = f"f.*, {ENTERPRISE_VALUE} AS enterprise_value, i.*, c.fcf"
    if sort_by in COMPUTED:
        every = f"SELECT {shown} FROM matches AS f {DEBT} {figures}"
        return f"SELECT *, count(*) OVER () AS total FROM ({every}) AS x {order} LIMIT %(limit)s OFFSET %(offset)s"
    page = f"SELECT *, count(*) OVER () AS total FROM matches {order} LIMIT %(limit)s OFFSET %(offset)s"
    return f"SELECT {shown} FROM ({page}) AS f {DEBT} {figures} {order}"


def _item(row: Mapping[str, Any], period: str) -> SearchedEquity:
    label = _label(period, row["metrics_date"], row["period_end"], row["fiscal_year"], row["fiscal_quarter"])
    kept = (name for name in SearchedEquity.__dataclass_fields__ if name != "period_label")
    return SearchedEquity(**{name: row[name] for name in kept}, period_label=label)


def _label(
    period: str, metrics_date: dt.date, period_end: dt.date | None, fiscal_year: int | None, fiscal_quarter: int | None
) -> str:
    """The period's name; without statements that of the calendar's."""
    if period == "ttm":
        return "TTM"
    if period == "forward":
        return f"FY{fiscal_year or metrics_date.year}E"
    if period == "last_year":
        return f"FY{fiscal_year or (period_end.year if period_end else metrics_date.year - 1)}"
    ended = period_end or metrics_date.replace(month=(metrics_date.month - 1) // 3 * 3 + 1, day=1) - dt.timedelta(
        days=1
    )
    return f"Q{fiscal_quarter or (ended.month - 1) // 3 + 1} {fiscal_year or ended.year}"


@dataclass(frozen=True, slots=True)
class SearchFilters:
    """The sectors and industries there are, in alphabetical order."""

    sectors: list[str]
    industries: list[str]


def search_filters() -> SearchFilters:
    """What the universe can be narrowed down to, in one query."""
    names = f"""
        SELECT DISTINCT coalesce(nullif(s.sector, ''), p.sector) AS sector,
               coalesce(nullif(s.industry, ''), p.industry) AS industry {UNIVERSE}
    """
    with connection.cursor() as cursor:
        cursor.execute(names)
        rows = cursor.fetchall()
    return SearchFilters(sorted({row[0] for row in rows if row[0]}), sorted({row[1] for row in rows if row[1]}))
