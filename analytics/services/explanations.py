"""Where a stored figure of a portfolio comes from: engine, window, observations, prices, what was left out, formula and source."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from analytics.services.explained_measures import MEASURES, SNAPSHOT, Measure
from analytics.services.explained_tables import TABLES
from analytics.services.published import PublishedBook, published_book
from analytics.services.value_at_risk import NOT_CALCULATED, why_none
from marketdata import calendar
from portfolios.models import User
from portfolios.services.valued_lots import ValuedLot, valued_lots
from sigmasight.core.errors import DomainError

# Column and table are words of `MEASURES`, never of a request.
STORED = """
    SELECT t.{column}::float8, t.updated_at FROM {table} AS t
    WHERE t.portfolio_id = %(portfolio)s AND t.{day} = %(session)s {also}
"""
FRESH = "fresh"


@dataclass(frozen=True, slots=True)
class OddPrice:
    """A lot that is not valued at a price of the session: its day, source and quality ("stale", "frozen", "valuation", "entry")."""

    symbol: str
    price_date: dt.date
    source: str
    quality: str


@dataclass(frozen=True)
class Inputs:
    """The open lots behind a figure: how many, by source of price, from the oldest price to the newest, and those without one of
    the session."""

    lots: int
    sources: Mapping[str, int]
    oldest_price: dt.date | None
    newest_price: dt.date | None
    odd: tuple[OddPrice, ...]


@dataclass(frozen=True)
class Explanation:
    """`value` in the measure's unit, None where there is none, for `reason`. The window runs from `window_from` to `as_of`;
    `observations` of its sessions were used (None: not counted). `status` : what the engine said of itself. `skipped` : symbols that were
    left out, each with the reason."""

    metric: str
    measure: Measure
    value: float | None
    as_of: dt.date | None
    computed_at: dt.datetime | None
    status: str | None
    reason: str | None
    window_from: dt.date | None
    observations: int | None
    coverage: float | None
    method: str | None
    method_version: str | None
    inputs: Inputs
    skipped: tuple[tuple[str, str], ...]


def explain(user: User, portfolio_id: UUID, metric: str) -> tuple[PublishedBook, Explanation]:
    """Where a figure of a person's portfolio comes from, in three queries.

    Raises
    ------
    NotFound for unknown and foreign portfolios. DomainError for a figure that is none of `MEASURES`.
    """
    measure = MEASURES.get(metric)
    if measure is None:
        raise DomainError("unknown_metric", f"Choose one of {', '.join(MEASURES)}.")
    return _explained(user, portfolio_id, metric, measure)


def explain_table(user: User, portfolio_id: UUID, name: str) -> tuple[PublishedBook, Explanation]:
    """Where the figures of a table of a person's portfolio come from, in two queries; it has no value of its own.

    Raises
    ------
    NotFound for unknown and foreign portfolios. DomainError for a table that is none of `TABLES`.
    """
    measure = TABLES.get(name)
    if measure is None:
        raise DomainError("unknown_table", f"Choose one of {', '.join(TABLES)}.")
    return _explained(user, portfolio_id, name, measure)


def why_missing(document: Mapping[str, Any]) -> str:
    """Why there is no figure, from what its engine said of itself."""
    return why_none(document) if document else NOT_CALCULATED


def _explained(user: User, portfolio_id: UUID, metric: str, measure: Measure) -> tuple[PublishedBook, Explanation]:
    book = published_book(user, portfolio_id, engine=measure.engine)
    value, computed_at = _stored(measure, portfolio_id, book.as_of) if measure.column else (None, book.updated_at)
    document = book.engine
    part = document.get(measure.part or "", {})
    window_from = None
    if measure.window and book.as_of:
        window_from = calendar.shift(book.as_of, 1 - measure.window)
    reason = part.get("reason") or document.get("reason")
    if value is None and (measure.column or not document):
        reason = why_missing(document)
    return book, Explanation(
        metric=metric,
        measure=measure,
        value=value,
        as_of=book.as_of,
        computed_at=computed_at,
        status=document.get("status"),
        reason=reason,
        window_from=window_from,
        observations=_used(part.get("observations", document.get("data_days")), measure.window),
        coverage=document.get("coverage"),
        method=part.get("method"),
        method_version=document.get("method_version"),
        inputs=_inputs(valued_lots([portfolio_id]), book.as_of),
        skipped=tuple((symbol, why) for symbol, why in document.get("skipped", ())),
    )


def _stored(measure: Measure, portfolio_id: UUID, session: dt.date | None) -> tuple[float | None, dt.datetime | None]:
    day = "snapshot_date" if measure.table == SNAPSHOT else "calculation_date"
    also = f"AND t.duration_days = {measure.window}" if measure.table == "correlation_calculations" else ""
    with connection.cursor() as cursor:
        cursor.execute(
            STORED.format(column=measure.column, table=measure.table, day=day, also=also),
            {"portfolio": portfolio_id, "session": session},
        )
        row = cursor.fetchone()
    return (None, None) if row is None else (row[0], row[1])


def _used(observations: int | None, window: int | None) -> int | None:
    """Observations inside the window; the engine counts those of its whole history."""
    if observations is None or window is None:
        return None
    return min(observations, window)


def _inputs(lots: list[ValuedLot], session: dt.date | None) -> Inputs:
    days = [lot.price_date for lot in lots]
    odd = (OddPrice(lot.symbol, lot.price_date, lot.price_source, lot.quality) for lot in lots if lot.quality != FRESH)
    return Inputs(
        lots=len(lots),
        sources=dict(Counter(lot.price_source for lot in lots)),
        oldest_price=min(days, default=None),
        newest_price=max(days, default=None),
        odd=tuple(odd),
    )
