"""How the holdings of one or several books move together, rebuilt from returns for the window somebody asks for.

The holdings, their filter and their returns are those of the night's `CorrelationCalculation`: with its window and overlap the
figures are the stored ones.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import NAMESPACE_DNS, UUID, uuid5

import numpy as np
from django.db import connection

from analytics.batch.book_correlations import LEAST_VALUE, LEAST_WEIGHT, MIN_RETURNS
from analytics.batch.book_results import CORRELATION_DAYS
from analytics.engines.correlation import (
    MIN_OVERLAP,
    PairMeans,
    held_together,
    pair_means,
    pairwise,
    varies,
    without_holes,
)
from analytics.engines.regression import Floats, Ints
from analytics.services.missing import Missing, count_open_lots
from analytics.services.selection import Selection
from marketdata import calendar
from marketdata.services.panel import load_panel
from sigmasight.core.errors import DomainError

DECIMALS = 6
LOOKBACK, MAX_SYMBOLS = 90, 25
NO_CALCULATION, FEW_DATA, FEW_SYMBOLS = "no_calculation_available", "insufficient_data", "insufficient_symbols"

# Lots of one symbol are one holding, options one of their underlying; each book at the session asked for or else the one it has
# published. The books are unfolded first: one join of everything takes longer to plan than to run.
HOLDINGS = """
    WITH held AS MATERIALIZED (
        SELECT b.snapshot_date, u.position_id, u.quantity, u.market_value
        FROM portfolios AS f
        JOIN position_snapshots AS b ON b.portfolio_id = f.id AND b.snapshot_date = coalesce(%(at)s::date, f.results_as_of)
        CROSS JOIN LATERAL unnest(b.position_ids, b.quantity, b.market_value, b.quality)
            AS u (position_id, quantity, market_value, quality)
        WHERE f.id = ANY(%(ids)s) AND u.quality NOT IN ('Z', 'E')
    )
    SELECT s.id, s.symbol, sum(abs(u.market_value)) AS gross,
           sum(CASE WHEN o.security_id IS NULL THEN u.market_value
                    ELSE coalesce(u.quantity * o.multiplier * g.delta * g.underlying_price, 0) END)::float8 AS dollars
    FROM held AS u
    JOIN positions AS p ON p.id = u.position_id AND p.deleted_at IS NULL
    LEFT JOIN option_contracts AS o ON o.security_id = p.security_id
    LEFT JOIN option_greeks AS g ON g.security_id = o.security_id AND g.calculation_date = u.snapshot_date
    JOIN securities AS s ON s.id = coalesce(o.underlying_id, p.security_id) AND s.security_type NOT IN ('index', 'option')
    GROUP BY s.id, s.symbol
    ORDER BY gross DESC, s.symbol
"""

STORED = """
    SELECT c.calculation_date, c.positions_included, c.portfolio_correlation::float8
    FROM portfolios AS f
    JOIN correlation_calculations AS c ON c.portfolio_id = f.id AND c.calculation_date = f.results_as_of
    WHERE f.id = %(id)s AND c.duration_days = %(days)s AND c.portfolio_correlation IS NOT NULL
"""


@dataclass(frozen=True)
class Correlations:
    """Of N symbols, the largest first: pairwise correlations (N, N), NaN where a pair shares too few sessions, and gross
    dollars (N,). `session` is the last of the window's `lookback` sessions."""

    session: dt.date
    lookback: int
    min_overlap: int
    symbols: tuple[str, ...]
    pairs: Floats
    gross: Floats
    means: PairMeans

    @property
    def calculated_at(self) -> dt.datetime:
        """The close of the session."""
        return calendar.close_instant(self.session)

    @property
    def average(self) -> float:
        """Mean correlation in size over all valid pairs."""
        return round(self.means.mean_absolute, DECIMALS)

    @property
    def total_pairs(self) -> int:
        return len(self.symbols) * (len(self.symbols) - 1) // 2

    @property
    def coverage_percent(self) -> float:
        """Share of all pairs that share enough sessions, in percent."""
        return round(100 * self.means.pairs / self.total_pairs, 2)


@dataclass(frozen=True)
class Diversification:
    """How far a book of N symbols moves as one: its mean correlation in size, weighted by the product of the gross values, 0
    independent, 1 as one."""

    session: dt.date
    symbols: int
    correlation: float

    @property
    def score(self) -> float:
        """100 for a book that moves independently, 0 for one that moves as one."""
        return round(100 * (1 - self.correlation), DECIMALS - 2)


@dataclass(frozen=True)
class Matrix:
    """A square of correlations without holes, largest holding first, and the symbols left out of it for an unknown pair."""

    symbols: tuple[str, ...]
    values: list[list[float]]
    left_out: tuple[str, ...]


def correlate(
    portfolio_ids: Sequence[UUID],
    session: dt.date | None,
    *,
    lookback: int = LOOKBACK,
    min_overlap: int = MIN_OVERLAP,
    at: dt.date | None = None,
) -> Correlations | Missing:
    """Correlations inside the books taken together, over the last `lookback` sessions up to `session`.

    Parameters
    ----------
    session : the newest one the books have published; None before the first. min_overlap : fewest sessions a pair shares.
    at : the books as they were at this session, None: as each has published.

    Returns
    -------
    Correlations of the symbols that are large enough and have returns, or why there are none.

    Raises
    ------
    DomainError if more common sessions are asked for than the window has.
    """
    if min_overlap > lookback:
        raise DomainError("overlap_beyond_window", "Min overlap cannot exceed lookback days")
    if session is None:
        text = "Correlations have not been calculated yet. They follow with the next nightly run."
        return _missing(portfolio_ids, NO_CALCULATION, "NO_CORRELATION_CALCULATION", text, 0, lookback)
    symbols, gross, returns = _large_holdings(portfolio_ids, session, lookback, at)
    if len(symbols) < 2:
        text = "Correlations need at least two priced holdings of $10,000 and 1 % of the book each."
        return _missing(portfolio_ids, FEW_SYMBOLS, "INSUFFICIENT_SYMBOLS", text, len(symbols), lookback)
    pairs = pairwise(returns, min_overlap=min_overlap).correlation
    means = pair_means(pairs, gross)
    if not means.pairs:
        text = f"No two holdings share {min_overlap} sessions of returns within the last {lookback}."
        return _missing(portfolio_ids, FEW_DATA, "INSUFFICIENT_DATA", text, 0, lookback)
    return Correlations(session, lookback, min_overlap, symbols, pairs, gross, means)


def aggregate_correlations(selection: Selection, *, lookback: int = LOOKBACK) -> Correlations | Missing:
    """Correlations inside the books of a selection taken together, up to the newest session of any of them."""
    return correlate(selection.ids, selection.as_of, lookback=lookback)


def cut(found: Correlations, max_symbols: int = MAX_SYMBOLS) -> Matrix:
    """The largest symbols of which every pair is known."""
    known = without_holes(found.pairs)
    kept = known[:max_symbols]
    left_out = np.setdiff1d(np.arange(len(found.symbols)), known)
    values = np.round(found.pairs[np.ix_(kept, kept)], DECIMALS)
    return Matrix(_names(found, kept), values.tolist(), _names(found, left_out))


def diversification_of(
    portfolio_id: UUID, session: dt.date | None, *, lookback: int = LOOKBACK, min_overlap: int = MIN_OVERLAP
) -> Diversification | Missing:
    """How far a book moves as one at its published session: of the night's own window as stored, of others rebuilt.

    Raises
    ------
    DomainError if more common sessions are asked for than the window has.
    """
    if (lookback, min_overlap) == (CORRELATION_DAYS, MIN_OVERLAP):
        stored = _stored(portfolio_id)
        if stored is not None:
            return stored
    found = correlate([portfolio_id], session, lookback=lookback, min_overlap=min_overlap)
    if isinstance(found, Missing):
        return found
    weighted = round(min(found.means.weighted_absolute, 1.0), DECIMALS)
    return Diversification(found.session, len(found.symbols), weighted)


def calculation_id(portfolio_id: UUID, session: dt.date, lookback: int, min_overlap: int) -> UUID:
    """A name for a calculation: the same book, session, window and overlap have the same one."""
    return uuid5(NAMESPACE_DNS, f"{portfolio_id}:{session}:{lookback}:{min_overlap}")


def _stored(portfolio_id: UUID) -> Diversification | None:
    """The night's figure, None if it found none."""
    with connection.cursor() as cursor:
        cursor.execute(STORED, {"id": portfolio_id, "days": CORRELATION_DAYS})
        row = cursor.fetchone()
    return None if row is None else Diversification(*row)


def _names(found: Correlations, places: Ints) -> tuple[str, ...]:
    return tuple(found.symbols[i] for i in places.tolist())


def _large_holdings(
    portfolio_ids: Sequence[UUID], session: dt.date, lookback: int, at: dt.date | None
) -> tuple[tuple[str, ...], Floats, Floats]:
    """Symbols (N), gross dollars (N,) and log returns (lookback, N) of the holdings that count, the largest first."""
    with connection.cursor() as cursor:
        cursor.execute(HOLDINGS, {"ids": list(portfolio_ids), "at": at})
        rows = cursor.fetchall()
    gross = np.array([row[2] for row in rows], dtype=np.float64)
    dollars = np.array([row[3] for row in rows], dtype=np.float64)
    large = np.flatnonzero(
        held_together(gross, gross.sum(), least_value=LEAST_VALUE, least_weight=LEAST_WEIGHT) & (dollars != 0)
    )
    if not len(large):
        return (), np.empty(0), np.empty((lookback, 0))
    ids = np.array([rows[i][0] for i in large], dtype=np.int64)
    panel = load_panel(ids, calendar.shift(session, -lookback), session)
    returns = panel.log_returns()[1:, panel.columns_of(ids)]
    moving = ((~np.isnan(returns)).sum(axis=0) >= MIN_RETURNS) & varies(returns)
    return tuple(rows[i][1] for i in large[moving]), gross[large[moving]], returns[:, moving]


def _missing(
    portfolio_ids: Sequence[UUID], reason: str, flag: str, message: str, analyzed: int, lookback: int
) -> Missing:
    return Missing(reason, flag, message, analyzed, count_open_lots(portfolio_ids), lookback)
