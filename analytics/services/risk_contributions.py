"""What each position adds to a portfolio's volatility and value at risk, and what the portfolio would risk without it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import connection

from analytics.batch.book_risk import HEADLINE
from analytics.engines.risk import LOOKBACK, incremental_var
from analytics.services.book_on_read import read_book
from analytics.services.published import PublishedBook, published_book
from analytics.services.value_at_risk import ENGINE, NOT_CALCULATED, why_none
from marketdata import calendar
from portfolios.models import User

DIGITS, CENTS = 6, 2
STORED = """
    SELECT p.id, p.symbol, v.market_value, u.component_volatility::float8, u.component_var::float8,
           r.volatility_daily, r.var_95_1d::float8, r.observations
    FROM portfolio_risk AS r
    CROSS JOIN LATERAL unnest(r.position_ids, r.component_volatility, r.component_var)
        AS u (position_id, component_volatility, component_var)
    JOIN positions AS p ON p.id = u.position_id AND p.deleted_at IS NULL
    LEFT JOIN position_snapshots AS s ON s.portfolio_id = r.portfolio_id AND s.snapshot_date = r.calculation_date
    LEFT JOIN LATERAL unnest(s.position_ids, s.market_value) AS v (position_id, market_value) ON v.position_id = p.id
    WHERE r.portfolio_id = %(portfolio)s AND r.calculation_date = %(session)s
    ORDER BY abs(u.component_var) DESC NULLS LAST, p.symbol, p.id
"""


@dataclass(frozen=True, slots=True)
class Contribution:
    """Of one lot. Components are dollars that add up to the portfolio's figures, shares are fractions of those. `marginal_var`
    is the value at risk that a dollar more of the lot would add, in its own direction. A lot that protects has negative ones;
    one of which nothing is known (private, without prices) adds 0. `incremental_var` is what the value at risk would fall by without
    the lot, where that was asked for. None where the portfolio has no figure or the lot no value."""

    position_id: UUID
    symbol: str
    market_value: float | None
    component_volatility: float | None
    volatility_share: float | None
    component_var: float | None
    var_share: float | None
    marginal_var: float | None
    incremental_var: float | None = None


@dataclass(frozen=True)
class Contributions:
    """Of all lots at a session, the largest in size first: the historical value at risk of one session at 95 % and the daily
    volatility, dollars, split among them. Without lots or figures `reason` says why."""

    as_of: dt.date | None
    window_from: dt.date | None
    observations: int
    value_at_risk: float | None
    volatility: float | None
    lots: tuple[Contribution, ...]
    reason: str | None


def risk_contributions(user: User, portfolio_id: UUID) -> tuple[PublishedBook, Contributions]:
    """The stored contributions of a person's positions, in two queries.

    Raises
    ------
    NotFound for unknown and foreign portfolios.
    """
    book = published_book(user, portfolio_id, engine=ENGINE)
    return book, contributions_of(book)


def contributions_of(book: PublishedBook) -> Contributions:
    """The stored contributions of a book read with `ENGINE`, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(STORED, {"portfolio": book.portfolio_id, "session": book.as_of})
        rows = cursor.fetchall()
    if book.as_of is None or not rows:
        reason = why_none(book.engine) if book.engine else NOT_CALCULATED
        return Contributions(book.as_of, None, 0, None, None, (), reason)
    volatility, var, observations = rows[0][5:]
    lots = tuple(
        Contribution(
            position_id, symbol, value, _cents(of_volatility), _share(of_volatility, volatility), _cents(of_var),
            _share(of_var, var), _share(of_var, abs(value) if value is not None else None),
        )
        for position_id, symbol, value, of_volatility, of_var, *_ in rows
    )  # fmt: skip
    return Contributions(
        as_of=book.as_of,
        window_from=calendar.shift(book.as_of, 1 - LOOKBACK),
        observations=observations or 0,
        value_at_risk=var,
        volatility=volatility,
        lots=lots,
        reason=None if var is not None else why_none(book.engine),
    )


def incremental_value_at_risk(user: User, portfolio_id: UUID) -> tuple[PublishedBook, dict[UUID, float] | None]:
    """What the portfolio's historical value at risk (one session, 95 %) would fall by without each lot, dollars; None where it
    has none.

    The histories of the lots are rebuilt from stored prices, options revalued; nothing is stored. Unlike components these do not
    add up: taking one lot out changes what the others do.

    Raises
    ------
    NotFound for unknown and foreign portfolios.
    """
    book = published_book(user, portfolio_id)
    found = read_book(portfolio_id, book.as_of) if book.as_of is not None else None
    if found is None or not found.position_ids:
        return book, None
    history = found.history()
    falls = incremental_var(history.lots.matrix(), history.pnl[:, 0], HEADLINE)
    if (falls != falls).any():
        return book, None
    return book, {lot: round(fall, CENTS) + 0.0 for lot, fall in zip(found.position_ids, falls.tolist(), strict=True)}


def with_increments(user: User, found: Contributions, portfolio_id: UUID) -> Contributions:
    """The same with what the value at risk would fall by without each lot; unchanged where it has none."""
    _, falls = incremental_value_at_risk(user, portfolio_id)
    if falls is None:
        return found
    return replace(found, lots=tuple(replace(one, incremental_var=falls.get(one.position_id)) for one in found.lots))


def _cents(dollars: float | None) -> float | None:
    return None if dollars is None else round(dollars, CENTS) + 0.0


def _share(part: float | None, whole: float | None) -> float | None:
    if part is None or not whole:
        return None
    return round(part / whole, DIGITS) + 0.0
