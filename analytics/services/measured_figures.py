"""The figures of `OF_THE_BOOK` of a portfolio at a session, all at once, each with its reason where it is missing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from analytics.services.explained_measures import CORRELATION, OF_THE_BOOK
from analytics.services.explanations import why_missing
from analytics.services.measure import RISK, SNAPSHOT, Measure

TABLES = {SNAPSHOT: "s", RISK: "r", CORRELATION: "c"}
# Columns are words of `OF_THE_BOOK`, never of a request.
STORED = f"""
    SELECT e.results, e.price_source, {", ".join(f"{TABLES[one.table]}.{one.column}::float8" for one in OF_THE_BOOK.values())}
    FROM portfolio_snapshots AS s
    LEFT JOIN portfolio_risk AS r ON r.portfolio_id = s.portfolio_id AND r.calculation_date = s.snapshot_date
    LEFT JOIN correlation_calculations AS c
        ON c.portfolio_id = s.portfolio_id AND c.calculation_date = s.snapshot_date AND c.duration_days = %(days)s
    LEFT JOIN engine_results AS e ON e.portfolio_id = s.portfolio_id AND e.calculation_date = s.snapshot_date
    WHERE s.portfolio_id = %(portfolio)s AND s.snapshot_date = %(session)s
"""


@dataclass(frozen=True, slots=True)
class MeasuredFigure:
    """`value` in the measure's unit; None where there is none, for `reason`."""

    metric: str
    measure: Measure
    value: float | None
    reason: str | None


@dataclass(frozen=True)
class MeasuredFigures:
    """figures : by metric, in the order of `OF_THE_BOOK`. engines : what every engine said of itself. price_source : the family of
    sources the night computed with, "" where it left no word."""

    figures: Mapping[str, MeasuredFigure]
    engines: Mapping[str, Mapping[str, Any]]
    price_source: str


def measured_figures(portfolio_id: UUID, session: dt.date) -> MeasuredFigures:
    """Every figure as the night of a session stored it, in one query."""
    window = OF_THE_BOOK["portfolio_correlation"].window
    with connection.cursor() as cursor:
        cursor.execute(STORED, {"portfolio": portfolio_id, "session": session, "days": window})
        row = cursor.fetchone()
    document, source, *values = row or (None, None, *[None] * len(OF_THE_BOOK))
    engines: Mapping[str, Mapping[str, Any]] = orjson.loads(document) if document else {}
    equity = values[list(OF_THE_BOOK).index("net_asset_value")] or 0.0
    figures = {
        name: MeasuredFigure(
            name,
            measure,
            value,
            why_missing(engines.get(measure.engine, {}), measure, equity) if value is None else None,
        )
        for (name, measure), value in zip(OF_THE_BOOK.items(), values, strict=True)
    }
    return MeasuredFigures(figures, engines, source or "")
