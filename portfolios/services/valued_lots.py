"""What lots are worth at the session whose results their portfolio shows: the one formula of every reader."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from portfolios.services.amounts import CENT
from sigmasight.core import clock

PERCENT_STEP = Decimal("0.0001")

# A private lot has its owner's valuations instead of marks. Lots of a book without results stand at their entry price.
MARKED = """
    FROM positions AS p
    JOIN portfolios AS f ON f.id = p.portfolio_id
    LEFT JOIN option_contracts AS o ON o.security_id = p.security_id
    LEFT JOIN LATERAL (
        SELECT price, price_date, price_source, quality FROM instrument_marks
        WHERE security_id = p.security_id AND session <= f.results_as_of ORDER BY session DESC LIMIT 1
    ) AS m ON true
    LEFT JOIN LATERAL (
        SELECT price, date FROM position_valuations
        WHERE p.security_id IS NULL AND position_id = p.id AND date <= f.results_as_of ORDER BY date DESC LIMIT 1
    ) AS v ON true
"""
OPEN = "(p.exit_date IS NULL OR p.exit_date > %(today)s)"

LOTS = f"""
    SELECT p.id, p.portfolio_id, p.symbol, p.security_id, p.investment_class, p.investment_subtype, p.position_type,
           p.quantity, p.entry_price, p.entry_date, p.exit_date, p.exit_price, p.realized_pnl, p.notes,
           u.symbol AS underlying, o.strike, o.expiration,
           coalesce(m.price, v.price, p.entry_price) AS price, coalesce(m.price_date, v.date, p.entry_date) AS price_date,
           coalesce(m.price_source, CASE WHEN v.date IS NULL THEN 'entry' ELSE 'valuation' END) AS price_source,
           coalesce(m.quality, CASE WHEN v.date IS NULL THEN 'entry' ELSE 'valuation' END) AS quality,
           coalesce(o.multiplier, 1) AS multiplier, p.created_at, p.updated_at
    {MARKED}
    LEFT JOIN securities AS u ON u.id = o.underlying_id
    WHERE p.deleted_at IS NULL
"""
ORDER = "ORDER BY p.symbol, p.entry_date, p.id"
OF_PORTFOLIOS = f"{LOTS} AND p.portfolio_id = ANY(%(ids)s) AND (%(closed)s OR {OPEN}) {ORDER}"
WITH_IDS = f"{LOTS} AND p.id = ANY(%(ids)s) {ORDER}"

# Cents of every lot as `valued_lots` rounds them, half to even, so that the sums agree.
BOOK_VALUES = f"""
    SELECT l.portfolio_id, count(*), sum(
        CASE WHEN abs(l.cents - trunc(l.cents)) = 0.5 THEN 2 * round(l.cents / 2) ELSE round(l.cents) END
    ) / 100
    FROM (
        SELECT p.portfolio_id,
               100 * p.quantity * coalesce(o.multiplier, 1) * coalesce(m.price, v.price, p.entry_price) AS cents
        {MARKED}
        WHERE p.deleted_at IS NULL AND p.portfolio_id = ANY(%(ids)s) AND {OPEN}
    ) AS l
    GROUP BY l.portfolio_id
"""


@dataclass(frozen=True, slots=True)
class BookValue:
    """The open lots of a portfolio: how many, and their market value in dollars, shorts negative."""

    open_lots: int
    market_value: Decimal


EMPTY_BOOK = BookValue(0, Decimal("0.00"))


@dataclass(frozen=True, slots=True)
class ValuedLot:
    """A lot and its value. Dollars to the cent; shorts have negative quantity, market value and cost.

    price : dollars per share, of `price_date`. price_source : that of the mark, "valuation" (a private holding's, by its
    owner) or "entry" (never priced: the entry price). quality : "fresh", "stale", "frozen", "valuation" or "entry".
    market_value, cost_basis : quantity x price (entry price) x multiplier. unrealized_pnl_percent : percent of \\|cost\\|, None
    without cost. underlying, strike, expiration : of options.
    """

    position_id: UUID
    portfolio_id: UUID
    symbol: str
    security_id: int | None
    investment_class: str
    investment_subtype: str
    position_type: str
    quantity: Decimal
    entry_price: Decimal
    entry_date: dt.date
    exit_date: dt.date | None
    exit_price: Decimal | None
    realized_pnl: Decimal
    notes: str
    underlying: str | None
    strike: Decimal | None
    expiration: dt.date | None
    price: Decimal
    price_date: dt.date
    price_source: str
    quality: str
    multiplier: int
    created_at: dt.datetime
    updated_at: dt.datetime
    market_value: Decimal
    cost_basis: Decimal
    unrealized_pnl: Decimal
    unrealized_pnl_percent: Decimal | None


def valued_lots(portfolio_ids: Sequence[UUID], *, include_closed: bool = False) -> list[ValuedLot]:
    """The open lots of these portfolios by symbol, entry date and id, in one query.

    `include_closed` adds those whose exit date has come; they hold nothing and are worth nothing. Deleted lots are gone.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            OF_PORTFOLIOS, {"ids": list(portfolio_ids), "closed": include_closed, "today": clock.market_today()}
        )
        return [_valued(row) for row in cursor.fetchall()]


def valued_lots_with_ids(position_ids: Collection[UUID]) -> list[ValuedLot]:
    """These undeleted lots, open or closed, by symbol, entry date and id, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(WITH_IDS, {"ids": list(position_ids)})
        return [_valued(row) for row in cursor.fetchall()]


def book_values(portfolio_ids: Sequence[UUID]) -> dict[UUID, BookValue]:
    """The sums over `valued_lots` of every portfolio with open lots, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(BOOK_VALUES, {"ids": list(portfolio_ids), "today": clock.market_today()})
        return {row[0]: BookValue(row[1], row[2].quantize(CENT)) for row in cursor.fetchall()}


def _valued(row: Any) -> ValuedLot:
    quantity, entry_price, price, multiplier = row[7], row[8], row[17], row[21]
    units = quantity * multiplier
    value = (units * price).quantize(CENT, ROUND_HALF_EVEN) + 0
    cost = (units * entry_price).quantize(CENT, ROUND_HALF_EVEN)
    gain = value - cost
    percent = (100 * gain / abs(cost)).quantize(PERCENT_STEP, ROUND_HALF_EVEN) if cost else None
    return ValuedLot(*(*row, value, cost, gain, percent))
