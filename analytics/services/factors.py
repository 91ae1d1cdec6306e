"""What books are exposed to, factor by factor, as the night stored it: the betas, the styles beside the market, the spreads."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from analytics.models import FactorMethod, FactorType
from analytics.services.missing import Missing, count_open_lots
from analytics.services.selection import Selection
from analytics.services.staleness import Staleness, staleness_of

DECIMALS, CENTS = 6, 2
NO_CALCULATION = "no_calculation_available"
SINGLE_FITS = (FactorType.MACRO, FactorType.STYLE)
# Styles beside the market in the order of the joint factors: name, place in the joint arrays, sign.
STYLES = (
    ("Momentum", 2, 1), ("Value", 1, -1), ("Growth", 1, 1), ("Size", 3, 1), ("Quality", 4, 1), ("Low Volatility", 5, 1),
)  # fmt: skip
FIVE_STYLES = ("Size", "Value", "Momentum", "Quality")
MARKET_SLOT = 0

# Written out: the ORM takes longer to phrase these than the database to answer them.
DEFINITIONS = """
    SELECT display_order, name, factor_type, calculation_method, window_sessions FROM factor_definitions
    WHERE is_active ORDER BY display_order
"""
EXPOSURES = """
    SELECT e.calculation_date, e.exposure_value, e.exposure_dollar, e.coverage, e.joint_value, e.joint_dollar
    FROM portfolios AS f
    JOIN factor_exposures AS e
        ON e.portfolio_id = f.id AND e.calculation_date = coalesce(%(session)s::date, f.results_as_of)
    WHERE f.id = ANY(%(ids)s) ORDER BY f.id
"""

Floats = Sequence[float | None] | None


class Definition(NamedTuple):
    """A factor: its place in the arrays, its name, kind, how it is fitted and over how many sessions."""

    slot: int
    name: str
    factor_type: str
    method: str
    window: int | None


class Exposures(NamedTuple):
    """One book's exposures at a session, by slot and by joint factor."""

    session: dt.date
    value: Floats
    dollar: Floats
    coverage: Floats
    joint_value: Floats
    joint_dollar: Floats


@dataclass(frozen=True)
class FactorReading:
    """Exposure to one factor: `beta` as a fraction of equity (None without positive equity), `dollars` of the book per unit of
    the factor, `coverage` the share of delta-adjusted holdings that had a beta."""

    name: str
    beta: float | None
    dollars: float | None
    coverage: float | None


@dataclass(frozen=True)
class FactorReadings:
    """A book's factors at a session, listed as clients show them; `expected` of them are defined.

    `styles` : the style exposures beside the market, from the joint fit. `method` : how the listed styles were fitted.
    """

    session: dt.date
    readings: tuple[FactorReading, ...]
    styles: tuple[FactorReading, ...]
    expected: int
    method: str
    has_market_beta: bool
    staleness: Staleness

    @property
    def is_complete(self) -> bool:
        return len(self.readings) == self.expected


def factors_of(
    portfolio_id: UUID, *, accept_incomplete: bool = True, session: dt.date | None = None
) -> FactorReadings | Missing:
    """The style, macro and market betas of a book at its published session.

    Parameters
    ----------
    accept_incomplete : also results in which some factor could not be computed. session : an earlier one than the published.
    """
    listed = _listed(definitions())
    if not any(d.factor_type in SINGLE_FITS for d in listed):
        return _missing(portfolio_id, "NO_ACTIVE_FACTORS", "No style or macro factor is active.")
    stored = _exposures([portfolio_id], session)
    if not stored:
        text = "Factor exposures have not been calculated for this book."
        return _missing(portfolio_id, "NO_FACTOR_CALCULATIONS", text)
    row = stored[0]
    readings = tuple(reading for d in listed if (reading := _reading(d, row)) is not None)
    if not readings or not (accept_incomplete or len(readings) == len(listed)):
        text = "No complete set of factor exposures has been calculated."
        return _missing(portfolio_id, "NO_FACTOR_CALCULATIONS", text)
    methods = [d.method for d in listed if d.factor_type == FactorType.STYLE]
    return FactorReadings(
        session=row.session,
        readings=readings,
        styles=tuple(style for name, *_ in STYLES if (style := _style(name, row)) is not None),
        expected=len(listed),
        method=methods[0] if methods else FactorMethod.RIDGE,
        has_market_beta=any(reading.name == _market_name(listed) for reading in readings),
        staleness=staleness_of(row.session),
    )


@dataclass(frozen=True)
class SpreadReadings:
    """A book's exposures to the long-short spreads, in their order; `expected` of them are defined, fitted over `window` sessions."""

    session: dt.date
    readings: tuple[FactorReading, ...]
    expected: int
    window: int


@dataclass(frozen=True)
class NoSpreads:
    """Why there are no spread exposures: one of `reason` and `error` is given."""

    reason: str | None = None
    error: str | None = None


def spreads_of(portfolio_id: UUID) -> SpreadReadings | NoSpreads:
    """The spread exposures of a book at its published session."""
    spreads = [d for d in definitions() if d.factor_type == FactorType.SPREAD]
    if not spreads:
        return NoSpreads(error="No spread factors defined")
    stored = _exposures([portfolio_id])
    if not stored:
        return NoSpreads(reason="no_calculations_available")
    readings = tuple(r for d in spreads if (r := _reading(d, stored[0])) is not None and r.beta is not None)
    if not readings:
        return NoSpreads(reason="no_exposures_calculated")
    return SpreadReadings(stored[0].session, readings, len(spreads), max(d.window or 0 for d in spreads))


@dataclass(frozen=True)
class AggregateFactors:
    """Exposures of several books together: `beta` is a fraction of their total value, dollars are sums over those that have one.

    `five` : the market beta, and size, value, momentum and quality beside it, by lower-case name.
    """

    session: dt.date | None
    readings: tuple[FactorReading, ...]
    five: Mapping[str, float]


def aggregate_factors(selection: Selection) -> AggregateFactors:
    """Factor exposures of a selection: every book's at its own published session, weighted by value."""
    listed = _listed(definitions())
    rows = _exposures(selection.ids)
    total = float(selection.total_value)
    readings = [_joined(d.name, [_reading(d, row) for row in rows], total) for d in listed]
    market = next((r for r in readings if r is not None and r.name == _market_name(listed)), None)
    five = {"market": market} | {
        name.lower(): _joined(name, [_style(name, r) for r in rows], total) for name in FIVE_STYLES
    }
    return AggregateFactors(
        session=max((row.session for row in rows), default=None),
        readings=tuple(reading for reading in readings if reading is not None),
        five={key: r.beta for key, r in five.items() if r is not None and r.beta is not None},
    )


def _joined(name: str, readings: Sequence[FactorReading | None], total: float) -> FactorReading | None:
    """Dollars add up; as a fraction of the total they are the betas weighted by value."""
    dollars = [r.dollars for r in readings if r is not None and r.dollars is not None]
    if not dollars:
        return None
    whole = math.fsum(dollars)
    return FactorReading(name, round(whole / total, DECIMALS) if total > 0 else None, round(whole, CENTS), None)


def definitions() -> list[Definition]:
    """The active factors by slot."""
    with connection.cursor() as cursor:
        cursor.execute(DEFINITIONS)
        return [Definition(*row) for row in cursor.fetchall()]


def _exposures(portfolio_ids: Sequence[UUID], session: dt.date | None = None) -> list[Exposures]:
    """The stored exposures of those books that have any, each at its published session if none is given."""
    with connection.cursor() as cursor:
        cursor.execute(EXPOSURES, {"ids": list(portfolio_ids), "session": session})
        return [Exposures(*row) for row in cursor.fetchall()]


def _listed(factors: Sequence[Definition]) -> list[Definition]:
    """Macro and style factors by slot, then the market betas."""
    fits = [d for d in factors if d.factor_type in SINGLE_FITS]
    return fits + [d for d in factors if d.factor_type == FactorType.MARKET]


def _market_name(factors: Sequence[Definition]) -> str | None:
    return next((d.name for d in factors if d.slot == MARKET_SLOT), None)


def _reading(definition: Definition, row: Exposures) -> FactorReading | None:
    slot = definition.slot
    return _known(definition.name, _at(row.value, slot), _at(row.dollar, slot), _at(row.coverage, slot))


def _style(name: str, row: Exposures) -> FactorReading | None:
    place, sign = next((place, sign) for style, place, sign in STYLES if style == name)
    value, dollars = _at(row.joint_value, place), _at(row.joint_dollar, place)
    return _known(name, _times(sign, value), _times(sign, dollars), None)


def _known(name: str, value: float | None, dollars: float | None, coverage: float | None) -> FactorReading | None:
    if value is None and dollars is None:
        return None
    return FactorReading(
        name,
        None if value is None else round(value, DECIMALS),
        dollars,
        None if coverage is None else round(coverage, 4),
    )


def _times(sign: int, value: float | None) -> float | None:
    # Adding zero keeps minus zero from readers.
    return None if value is None else sign * value + 0.0


def _at(values: Floats, slot: int) -> float | None:
    value = values[slot] if values is not None and slot < len(values) else None
    return None if value is None or math.isnan(value) else value


def _missing(portfolio_id: UUID, flag: str, message: str) -> Missing:
    return Missing(NO_CALCULATION, flag, message, 0, count_open_lots([portfolio_id]))
