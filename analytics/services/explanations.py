"""Where a stored figure of a portfolio comes from: engine, window, observations, prices, what was left out, formula and source."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from analytics.batch.holdings import SECTOR_LABELS
from analytics.engines.factors import JOINT_FACTORS
from analytics.services.explained_factors import BETWEEN, JOINT_PAIRS, PAIRED_SLOTS
from analytics.services.explained_measures import MEASURES
from analytics.services.explained_model import MOVE_NAMES
from analytics.services.explained_parts import TAIL_NAMES
from analytics.services.explained_tables import EVERY_TABLE
from analytics.services.measure import LEDGER, Kind, Measure
from analytics.services.published import PublishedBook, published_book
from analytics.services.value_at_risk import NOT_CALCULATED, why_none
from marketdata import calendar
from portfolios.models import InvestmentClass, User
from portfolios.services.valued_lots import ValuedLot, valued_lots
from sigmasight.core.errors import DomainError

# Tables, columns and expressions are words of `MEASURES`, never of a request.
STORED = """
    SELECT nullif(({column})::float8, 'NaN'), t.updated_at, {counted}, {reason}, {facts}
    FROM {table} AS t {join}
    WHERE {which}
"""
FACTOR_NAMES = "SELECT name FROM factor_definitions WHERE is_active ORDER BY display_order"
SCENARIO_IDS = "SELECT scenario_id FROM stress_test_scenarios WHERE active ORDER BY scenario_id"
FACTOR_PAIR_NAMES = f"""
    SELECT k.name || '{BETWEEN}' || h.name FROM factor_definitions AS k JOIN factor_definitions AS h ON k.id < h.id
    WHERE k.display_order IN {PAIRED_SLOTS} AND h.display_order IN {PAIRED_SLOTS} ORDER BY k.display_order, h.display_order
"""
TARGET_NAMES = """
    SELECT symbol || ' ' || position_type FROM target_prices WHERE portfolio_id = %(portfolio)s ORDER BY symbol, position_type
"""
NAMES = {
    Kind.FACTOR: FACTOR_NAMES, Kind.SCENARIO: SCENARIO_IDS, Kind.PAIR: FACTOR_PAIR_NAMES, Kind.TARGET: TARGET_NAMES,
}  # fmt: skip
FRESH = "fresh"
FIXED = {
    Kind.TAIL: TAIL_NAMES, Kind.JOINT: list(JOINT_FACTORS), Kind.MOVE: MOVE_NAMES, Kind.SECTOR: list(SECTOR_LABELS),
    Kind.JOINT_PAIR: JOINT_PAIRS,
}  # fmt: skip
NO_EQUITY = "invalid_equity"


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
    `observations` of its sessions were used (None: not counted). `of` : the part of the book, "" for all of it; `facts` : figures
    stored with this one. `status` : what the engine said of itself. `skipped` : symbols that were
    left out, each with the reason."""

    metric: str
    of: str
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
    facts: Mapping[str, Any]
    inputs: Inputs
    skipped: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """The stored figure and what its row says of it."""

    value: float | None = None
    computed_at: dt.datetime | None = None
    observations: int | None = None
    reason: str | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def explain(user: User, portfolio_id: UUID, metric: str, of: str = "") -> tuple[PublishedBook, Explanation]:
    """Where a figure of a person's portfolio comes from, in four queries.

    Parameters
    ----------
    metric : a key of `MEASURES`. of : the factor, scenario, tail, sector, symbol or contract, for measures of a part of the book; of
    two factors "Momentum / Value", of a holding with a target "NVDA LONG".

    Raises
    ------
    NotFound for unknown and foreign portfolios. DomainError for a figure that is none of `MEASURES`, or of nothing in the book.
    """
    measure = MEASURES.get(metric)
    if measure is None:
        raise DomainError("unknown_metric", f"Choose one of {', '.join(MEASURES)}.")
    return _explained(user, portfolio_id, metric, measure, of)


def explain_table(user: User, portfolio_id: UUID, name: str) -> tuple[PublishedBook, Explanation]:
    """Where the figures of a table of a person's portfolio come from, in two queries; it has no value of its own.

    Raises
    ------
    NotFound for unknown and foreign portfolios. DomainError for a table that is none of `EVERY_TABLE`.
    """
    measure = EVERY_TABLE.get(name)
    if measure is None:
        raise DomainError("unknown_table", f"Choose one of {', '.join(EVERY_TABLE)}.")
    return _explained(user, portfolio_id, name, measure, "")


def why_missing(document: Mapping[str, Any], measure: Measure, equity: float) -> str:
    """Why there is no figure, from what its engine said of itself and the net asset value of the session, dollars.

    Value at risk is in dollars and needs none; every other figure of these engines that can be missing is over it, those of the
    ledger over that of the session before.
    """
    if measure.without or not document:
        return measure.without or NOT_CALCULATED
    if document.get("status") == "skipped":
        return str(document.get("reason") or why_none(document))
    over_equity = measure.of is Kind.BOOK and measure.part != "value_at_risk"
    if over_equity and (measure.engine == LEDGER or equity <= 0):
        return NO_EQUITY
    return why_none(document)


def _explained(
    user: User, portfolio_id: UUID, metric: str, measure: Measure, of: str
) -> tuple[PublishedBook, Explanation]:
    book = published_book(user, portfolio_id, engine=measure.engine)
    lots = valued_lots([portfolio_id])
    _require(metric, measure, of, lots, portfolio_id)
    mine = _behind(measure, of, lots)
    row = _stored(measure, portfolio_id, book.as_of, of, mine) if measure.column else _Row(computed_at=book.updated_at)
    document = book.engine
    part = document.get(measure.part or "", {})
    skipped = [(symbol, why) for symbol, why in document.get("skipped", ()) if mine is lots or symbol == of]
    window_from = None
    if measure.window and book.as_of:
        window_from = calendar.shift(book.as_of, 1 - measure.window)
    reason = row.reason or part.get("reason") or document.get("reason")
    if row.value is None and not row.reason and (measure.column or not document):
        left_out = skipped[0][1] if skipped and mine is not lots else None
        reason = left_out or why_missing(document, measure, float(book.equity))
    return book, Explanation(
        metric=metric,
        of=of,
        measure=measure,
        value=row.value,
        as_of=book.as_of,
        computed_at=row.computed_at,
        status=document.get("status"),
        reason=reason,
        window_from=window_from,
        observations=_used(row.observations or part.get("observations", document.get("data_days")), measure.window),
        coverage=document.get("coverage"),
        method=part.get("method"),
        method_version=document.get("method_version"),
        facts=row.facts,
        inputs=_inputs(mine, book.as_of),
        skipped=tuple(skipped),
    )


def _behind(measure: Measure, of: str, lots: list[ValuedLot]) -> list[ValuedLot]:
    """The lots a figure is made from."""
    if measure.of_the_market:
        return []
    if not measure.of_some_lots:
        return lots
    return [lot for lot in lots if of in (lot.symbol, f"{lot.symbol} {lot.position_type}")]


def _require(metric: str, measure: Measure, of: str, lots: Sequence[ValuedLot], portfolio_id: UUID) -> None:
    if measure.of is Kind.BOOK:
        if of:
            raise DomainError("metric_of_the_book", f"{metric} is of the whole portfolio: leave `of` out.")
        return
    choices = _choices(measure.of, lots, portfolio_id)
    if of not in choices:
        known = ", ".join(choices) or f"nothing: the portfolio has no {measure.of}"
        raise DomainError("unknown_part", f"Say by `of` which {measure.of} {metric} is of: {known}.")


def _choices(kind: Kind, lots: Sequence[ValuedLot], portfolio_id: UUID) -> list[str]:
    if kind in FIXED:
        return FIXED[kind]
    if kind in (Kind.SYMBOL, Kind.CONTRACT):
        return sorted(
            {lot.symbol for lot in lots if kind is Kind.SYMBOL or lot.investment_class == InvestmentClass.OPTIONS}
        )
    with connection.cursor() as cursor:
        cursor.execute(NAMES[kind], {"portfolio": portfolio_id})
        return [name for (name,) in cursor.fetchall()]


def _stored(measure: Measure, portfolio_id: UUID, session: dt.date | None, of: str, lots: Sequence[ValuedLot]) -> _Row:
    facts = ", ".join(f"'{name}', {expression}" for name, expression in measure.facts.items())
    statement = STORED.format(
        column=measure.column if measure.of else f"t.{measure.column}",
        counted=measure.counted,
        reason=measure.reason,
        facts=f"jsonb_build_object({facts})",
        table=measure.table,
        join=measure.join,
        which=_which(measure),
    )
    security = next((lot.security_id for lot in lots), None) if measure.of_a_security else None
    with connection.cursor() as cursor:
        cursor.execute(statement, {"portfolio": portfolio_id, "session": session, "of": of, "security": security})
        row = cursor.fetchone()
    if row is None:
        return _Row()
    value, computed_at, observations, reason, found = row
    stored = {name: None if fact == "NaN" else fact for name, fact in orjson.loads(found).items()}
    return _Row(value, computed_at, observations, reason, stored)


def _which(measure: Measure) -> str:
    """The condition for the row of its table; what it is of is a matter of `join` or `column`."""
    told = [f"t.{measure.day} = %(session)s"] if measure.day else []
    if measure.of_a_security:
        told.append("t.security_id = %(security)s")
    elif not measure.of_the_market:
        told.append("t.portfolio_id = %(portfolio)s")
    if measure.table == "correlation_calculations":
        told.append(f"t.duration_days = {measure.window}")
    return " AND ".join(told)


def _used(observations: int | None, window: int | None) -> int | None:
    """Observations inside the window; the engine counts those of its whole history."""
    if observations is None or window is None:
        return None
    return min(observations, window)


def _inputs(lots: Sequence[ValuedLot], session: dt.date | None) -> Inputs:
    days = [lot.price_date for lot in lots]
    odd = (OddPrice(lot.symbol, lot.price_date, lot.price_source, lot.quality) for lot in lots if lot.quality != FRESH)
    return Inputs(
        lots=len(lots),
        sources=dict(Counter(lot.price_source for lot in lots)),
        oldest_price=min(days, default=None),
        newest_price=max(days, default=None),
        odd=tuple(odd),
    )
