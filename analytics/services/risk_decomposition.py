"""Where a portfolio's volatility comes from: the joint factors, its styles, and what is left of each symbol."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.db import connection

from analytics.engines.factors import JOINT_FACTORS, JOINT_WINDOW, factor_shares, style_exposures
from analytics.services.published import PublishedBook, published_book
from marketdata import calendar
from portfolios.models import User

ENGINE = "factor_analysis"
NOT_CALCULATED, NO_FACTORS = "no_calculation_available", "no_factor_data"
DIGITS = 6
# Within this the regression of the book's own series says the same as the sum over its symbols.
AGREEMENT = 0.02
# The coverage of the joint loadings is that of any spread factor, whose loadings they are (display order 9, from one).
STORED = """
    SELECT e.joint_value, e.direct_value, e.direct_std_error, e.factor_volatility, e.specific_volatility, e.r_squared,
           e.coverage[10], c.covariance, c.observations
    FROM factor_exposures AS e
    LEFT JOIN factor_covariances AS c ON c.calculation_date = e.calculation_date
    WHERE e.portfolio_id = %(portfolio)s AND e.calculation_date = %(session)s
"""


@dataclass(frozen=True, slots=True)
class FactorPart:
    """One joint factor: the book's `loading` on it per dollar of equity and its `share` of the book's whole variance (negative if it
    offsets others). `direct` is the loading of the book's own series with its Newey-West `std_error`, the check."""

    factor: str
    loading: float
    share: float | None
    direct: float | None
    std_error: float | None

    @property
    def difference(self) -> float | None:
        """Of the two loadings; 0 if all symbols share the sample and have a loading."""
        return None if self.direct is None else round(self.loading - self.direct, DIGITS)


@dataclass(frozen=True)
class Decomposition:
    """Of a portfolio at its published session, from the joint model of 252 sessions. Volatilities are fractions of equity a
    session; `factor_share` and `specific_share` are of the variance and add up to 1.

    `r_squared` : the share of the book's own past variance the factors explain, by direct regression; the former is the model's
    view of today's holdings, with specific risks unrelated. `coverage` : share of delta-adjusted holdings with loadings.
    `agrees` : whether sum and direct regression differ by at most 0.02 in every factor: they do where all symbols that move the
    book have loadings from the same sessions; None without a direct regression.
    """

    as_of: dt.date | None
    window_from: dt.date | None
    observations: int
    volatility: float | None
    factor_volatility: float | None
    specific_volatility: float | None
    factor_share: float | None
    specific_share: float | None
    r_squared: float | None
    coverage: float | None
    factors: tuple[FactorPart, ...]
    styles: dict[str, float]
    agrees: bool | None
    reason: str | None


def risk_decomposition(user: User, portfolio_id: UUID) -> tuple[PublishedBook, Decomposition]:
    """The factor and specific parts of a person's portfolio, in two queries.

    Raises
    ------
    NotFound for unknown and foreign portfolios.
    """
    book = published_book(user, portfolio_id, engine=ENGINE)
    return book, decomposition_of(book)


def decomposition_of(book: PublishedBook) -> Decomposition:
    """The parts of a published book, in one query. Why there are none is told by the engine it was read with."""
    with connection.cursor() as cursor:
        cursor.execute(STORED, {"portfolio": book.portfolio_id, "session": book.as_of})
        row = cursor.fetchone()
    if book.as_of is None or row is None or row[3] is None or row[7] is None:
        reason = NOT_CALCULATED if not book.engine else str(book.engine.get("reason") or NO_FACTORS)
        return Decomposition(book.as_of, None, 0, None, None, None, None, None, None, None, (), {}, None, reason)
    joint, direct, errors, factor, specific, r_squared, coverage, covariance, observations = row
    loadings = np.array(joint, dtype=np.float64)
    variance = factor**2 + specific**2
    parts = factor_shares(loadings, np.array(covariance, dtype=np.float64))
    factors = tuple(
        FactorPart(
            name,
            round(loading, DIGITS) + 0.0,
            round(part / variance, DIGITS) + 0.0 if variance > 0 else None,
            _number(direct, k),
            _number(errors, k),
        )
        for k, (name, loading, part) in enumerate(zip(JOINT_FACTORS, loadings.tolist(), parts.tolist(), strict=True))
    )
    differences = [part.difference for part in factors]
    known = [difference for difference in differences if difference is not None]
    return Decomposition(
        as_of=book.as_of,
        window_from=calendar.shift(book.as_of, 1 - JOINT_WINDOW),
        observations=observations,
        volatility=round(math.sqrt(variance), DIGITS + 2),
        factor_volatility=factor,
        specific_volatility=specific,
        factor_share=round(factor**2 / variance, DIGITS) if variance > 0 else None,
        specific_share=round(specific**2 / variance, DIGITS) if variance > 0 else None,
        r_squared=None if r_squared is None else round(r_squared, DIGITS),
        coverage=None if coverage is None else round(coverage, DIGITS),
        factors=factors,
        styles={name: round(float(value[0]), DIGITS) + 0.0 for name, value in style_exposures(loadings[None]).items()},
        agrees=all(abs(difference) <= AGREEMENT for difference in known) if len(known) == len(factors) else None,
        reason=None,
    )


def _number(values: Sequence[float | None] | None, place: int) -> float | None:
    value = None if values is None else values[place]
    return None if value is None or math.isnan(value) else round(value, DIGITS) + 0.0
