"""The factor betas of each lot: those of its symbol, of an option's underlying, or of what a private lot follows."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from analytics.models import FactorMethod
from analytics.services.factors import DECIMALS, NO_CALCULATION, Definition, definitions
from analytics.services.missing import Missing, count_open_lots
from analytics.services.staleness import Staleness, staleness_of
from sigmasight.core import clock

# An option moves by its delta times what its underlying does; a private lot only if its owner chose what it follows.
EXPOSED = """
    WITH exposed AS (
        SELECT p.id, p.symbol, o.security_id IS NOT NULL AS is_option, e.beta_value,
               (CASE WHEN o.security_id IS NOT NULL THEN g.delta WHEN p.security_id IS NULL THEN coalesce(p.proxy_multiple, 1)
                     ELSE 1 END)::float8 AS scale
        FROM positions AS p
        LEFT JOIN option_contracts AS o ON o.security_id = p.security_id
        LEFT JOIN option_greeks AS g ON g.security_id = o.security_id AND g.calculation_date = %(as_of)s
        LEFT JOIN securities AS x ON p.security_id IS NULL AND x.symbol = nullif(p.proxy_symbol, '')
        LEFT JOIN symbol_factor_exposures AS e
            ON e.security_id = coalesce(o.underlying_id, p.security_id, x.id) AND e.calculation_date = %(as_of)s
        WHERE p.portfolio_id = %(portfolio)s AND p.deleted_at IS NULL AND (p.exit_date IS NULL OR p.exit_date > %(today)s)
          AND (%(symbols)s::text[] IS NULL OR p.symbol = ANY(%(symbols)s))
    ), counted AS (
        SELECT count(*) AS total, count(*) FILTER (WHERE beta_value IS NOT NULL AND scale IS NOT NULL) AS with_betas FROM exposed
    ), page AS (
        SELECT * FROM exposed ORDER BY symbol, id LIMIT %(limit)s OFFSET %(offset)s
    )
    SELECT c.total, c.with_betas, l.id, l.symbol, l.is_option, l.scale, l.beta_value
    FROM counted AS c LEFT JOIN page AS l ON true ORDER BY l.symbol, l.id
"""


@dataclass(frozen=True)
class LotFactors:
    """Betas of one lot by factor name, per dollar of the shares it holds or controls; those that are unknown are left out."""

    position_id: UUID
    symbol: str
    betas: Mapping[str, float]


@dataclass(frozen=True)
class LotFactorPage:
    """A page of lots by symbol and id; `total` of them match, on any page."""

    session: dt.date
    total: int
    lots: tuple[LotFactors, ...]
    staleness: Staleness


def lot_factors(
    portfolio_id: UUID, session: dt.date | None, *, symbols: Sequence[str] | None = None, limit: int, offset: int
) -> LotFactorPage | Missing:
    """The factor betas of a book's open lots by symbol and id.

    Parameters
    ----------
    session : the one the book has published, None before the first. symbols : only lots of these; None for all.
    """
    rows = _rows(portfolio_id, session, symbols, limit, offset)
    total, with_betas = rows[0][:2]
    if not total:
        text = (
            "The book holds no open position."
            if symbols is None
            else "The book holds no open position of these symbols."
        )
        return Missing(NO_CALCULATION, "NO_POSITIONS", text, 0, count_open_lots([portfolio_id]))
    if session is None or not with_betas:
        text = "Factor betas have not been calculated for these positions."
        return Missing(NO_CALCULATION, "NO_FACTOR_CALCULATIONS", text, 0, count_open_lots([portfolio_id]))
    factors = definitions()
    lots = tuple(
        LotFactors(id_, symbol, _betas(factors, betas, scale, is_option))
        for _, _, id_, symbol, is_option, scale, betas in rows
        if id_ is not None
    )
    return LotFactorPage(session, total, lots, staleness_of(session))


def _rows(
    portfolio_id: UUID, session: dt.date | None, symbols: Sequence[str] | None, limit: int, offset: int
) -> list[Any]:
    given = {
        "portfolio": portfolio_id,
        "as_of": session,
        "today": clock.market_today(),
        "symbols": None if symbols is None else list(symbols),
        "limit": limit,
        "offset": offset,
    }
    with connection.cursor() as cursor:
        cursor.execute(EXPOSED, given)
        return cursor.fetchall()


def _betas(
    factors: Sequence[Definition], betas: Sequence[float | None] | None, scale: float | None, is_option: bool
) -> dict[str, float]:
    """By name. A provider quotes the beta of a share, not of a contract."""
    if betas is None or scale is None:
        return {}
    known: dict[str, float] = {}
    for factor in factors:
        value = betas[factor.slot] if factor.slot < len(betas) else None
        if value is None or math.isnan(value) or (is_option and factor.method == FactorMethod.PROVIDER):
            continue
        known[factor.name] = round(scale * value, DECIMALS) + 0.0
    return known
