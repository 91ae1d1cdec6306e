"""How a portfolio's risk is spread: independent bets, what holdings take from each other, and clusters of what moves together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np

from analytics.batch.book_inputs import Book, Floats
from analytics.batch.book_results import CORRELATION_DAYS
from analytics.batch.universe import Universe
from analytics.engines.bets import Bets, bets
from analytics.engines.covariance import shrink_to_constant_correlation
from analytics.engines.risk import LOOKBACK
from analytics.engines.tails import MINIMUM
from analytics.models import CorrelationCalculation
from analytics.services.beta_variants import SNAPSHOT, BetaVariants, beta_variants_of
from analytics.services.book_on_read import ReadBook, read_book
from analytics.services.published import PublishedBook, published_book
from analytics.services.value_at_risk import ENGINE, NO_PUBLIC, NOT_CALCULATED, TOO_FEW, why_none
from marketdata import calendar
from portfolios.models import User

CENTS, DIGITS = 2, 6
# The largest independent directions that are told.
TOLD = 10


@dataclass(frozen=True)
class Spread:
    """Of the delta dollars a book holds by symbol, options as their underlying, over the returns of `observations` sessions.

    volatility : dollars a session. diversification_ratio : volatilities of the holdings alone over it. effective_bets : independent
    directions of equal variance that would be as spread. bets : parts of the variance of the largest such directions. shrinkage : weight of
    the target in the covariance, 0 the sample's, 1 equal correlations. coverage : share of the delta dollars that is in it.
    left_out : symbols with fewer than 60 returns of their own."""

    observations: int
    volatility: float | None
    diversification_ratio: float | None
    effective_bets: float | None
    bets: tuple[float, ...]
    shrinkage: float | None
    coverage: float | None
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class Diversification:
    """Of a portfolio at its published session. effective_positions and clusters are those of the night, over `cluster_sessions`: clusters
    are holdings joined by correlations of at least 0.7 in size. betas : the market beta in its variants. Without a spread `reason`
    says why."""

    as_of: dt.date | None
    window_from: dt.date | None
    spread: Spread | None
    effective_positions: float | None
    effective_positions_equal_weight: float | None
    cluster_sessions: int
    clusters: tuple[Mapping[str, Any], ...]
    betas: BetaVariants
    reason: str | None


def diversification(user: User, portfolio_id: UUID) -> tuple[PublishedBook, Diversification]:
    """How the risk of a person's portfolio is spread. Spread and bets are rebuilt from stored prices, the rest is the night's.

    Raises
    ------
    NotFound for unknown and foreign portfolios.
    """
    book = published_book(user, portfolio_id, SNAPSHOT, engine=ENGINE)
    return book, diversification_of(book, read_book(portfolio_id, book.as_of))


def diversification_of(book: PublishedBook, found: ReadBook | None) -> Diversification:
    """The same of a book read with `ENGINE` and the columns of `SNAPSHOT`, and of its lots at that session."""
    betas = beta_variants_of(book, found)
    spread, reason = None, why_none(book.engine) if book.engine else NOT_CALCULATED
    if found is not None and found.position_ids:
        spread = spread_of(found.book, found.universe, *found.returns())
        if spread.diversification_ratio is None and reason != NO_PUBLIC:
            reason = TOO_FEW
    known = spread is not None and spread.diversification_ratio is not None
    night = CorrelationCalculation.objects.filter(
        portfolio_id=book.portfolio_id, calculation_date=book.day, duration_days=CORRELATION_DAYS
    ).first()
    return Diversification(
        as_of=book.as_of,
        window_from=calendar.shift(book.as_of, 1 - LOOKBACK) if known and book.as_of else None,
        spread=spread if known else None,
        effective_positions=_float(night.effective_positions) if night else None,
        effective_positions_equal_weight=_float(night.effective_positions_equal_weight) if night else None,
        cluster_sessions=CORRELATION_DAYS,
        clusters=tuple(night.clusters or ()) if night else (),
        betas=betas,
        reason=None if known else reason,
    )


def spread_of(book: Book, universe: Universe, returns: Floats, filled: Floats) -> Spread:
    """Of one book laid out for the engines.

    A symbol needs 60 returns of its own; single missing ones are those of its sector's fund, else the market's, as in value at risk.
    The covariance is Ledoit and Wolf's, shrunk towards equal correlations.

    Parameters
    ----------
    returns : (T, N) of the universe's symbols. filled : (T, N) the same with what stands in for the missing ones.
    """
    dollars = book.mapped.delta.toarray()[0]
    held = np.flatnonzero(dollars)
    enough = (~np.isnan(returns[:, held])).sum(axis=0) >= MINIMUM
    used = held[enough]
    total = float(np.abs(dollars).sum() + book.mapped.uncovered[0] + book.mapped.private_dollars[0])
    rows = filled[:, used][~np.isnan(filled[:, used]).any(axis=1)]
    left_out = tuple(str(name) for name in universe.symbols[held[~enough]])
    # A series that never moves has no correlation with anything.
    moving = rows.std(axis=0) > 0 if len(rows) else np.zeros(len(used), dtype=bool)
    used, rows = used[moving], rows[:, moving]
    coverage = round(float(np.abs(dollars[used]).sum()) / total, DIGITS) if total else None
    if not len(used) or len(rows) < MINIMUM:
        return Spread(len(rows), None, None, None, (), None, coverage, left_out)
    covariance, intensity = (
        shrink_to_constant_correlation(rows, ddof=1)
        if len(used) > 1
        else (np.cov(rows, rowvar=False).reshape(1, 1), 0.0)
    )
    split = bets(covariance, dollars[used])
    return Spread(
        observations=len(rows),
        volatility=round(split.volatility, CENTS),
        diversification_ratio=_known(split.diversification_ratio),
        effective_bets=_known(split.effective_bets),
        bets=_largest(split),
        shrinkage=round(intensity, DIGITS),
        coverage=coverage,
        left_out=left_out,
    )


def _largest(split: Bets) -> tuple[float, ...]:
    return tuple(round(share, DIGITS) for share in split.shares[:TOLD].tolist() if share == share)


def _known(value: float) -> float | None:
    return None if value != value else round(value, DIGITS)


def _float(value: Any) -> float | None:
    return None if value is None else float(value)
