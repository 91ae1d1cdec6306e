"""How far the market would have to move for a portfolio to lose a quarter, half or all of its equity."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from analytics.batch.book_inputs import Floats
from analytics.batch.book_stress import scenario_moves, stress_loadings
from analytics.batch.symbol_results import load_factor_covariances, load_scenario_factors, symbol_factors_of
from analytics.engines.reverse_stress import first_moves
from analytics.engines.scenarios import MARKET, MONTH_SESSIONS, ScenarioShocks
from analytics.engines.stress import BookStress, stress_books
from analytics.models.stress import MARKET_SCENARIOS
from analytics.services.book_on_read import ReadBook, read_book
from analytics.services.published import PublishedBook, published_book
from analytics.services.shocked_book import numbers_of
from analytics.services.value_at_risk import NOT_CALCULATED, why_none
from portfolios.models import User
from sigmasight.core.errors import DomainError

ENGINE = "stress_testing"
SHARES = (0.25, 0.5, 1.0)
# The furthest moves that are tried: nothing falls further, and a market that doubles has left every history.
FURTHEST = {"fall": -0.99, "rise": 1.0}
# The night's plain move whose factor shock is taken as that of any: the conditional mean is linear in the move.
UNIT, UNIT_MOVE = f"move:{MARKET_SCENARIOS[0][0]}", MARKET_SCENARIOS[0][1]
NO_EQUITY, NO_FACTORS, NOT_REACHED, NO_EXPOSURES = (
    "invalid_equity",
    "no_factor_data",
    "not_reached",
    "no_factor_exposures",
)
CENTS, DIGITS = 2, 6


@dataclass(frozen=True, slots=True)
class Reach:
    """The smallest market move in one direction that loses `share` of the equity, `loss` dollars.

    market_move : return of the S&P 500 (SPY), a fraction; None where no move down to -99 % or up to 100 % loses so much: `reason` says
    not_reached. pnl : dollars at that move, all revalued; minus the loss. monthly_deviations : the move in standard deviations of a
    month of the market, by the night's covariance of factors.
    """

    direction: str
    share: float
    loss: float
    market_move: float | None
    pnl: float | None
    monthly_deviations: float | None
    reason: str | None


@dataclass(frozen=True)
class ReverseStress:
    """Of a portfolio at its published session. equity : dollars. coverage : share of its dollars that a market move reaches; what it does
    not reach is taken to stand still. worst : by direction the lowest P&L of any move tried, dollars. Without `reaches` `reason` says
    why."""

    as_of: dt.date | None
    equity: float
    coverage: float | None
    worst: dict[str, float]
    reaches: tuple[Reach, ...]
    reason: str | None


def reverse_stress(
    user: User, portfolio_id: UUID, shares: Sequence[float] = SHARES
) -> tuple[PublishedBook, ReverseStress]:
    """The market moves at which a person's portfolio loses these shares of its equity, falls before rises.

    Every move is a full revaluation as the night's market scenarios are: other factors follow the market by their covariance, symbols
    their joint loadings, contracts are repriced at the moved underlying and volatility, private holdings follow what stands for them.

    Parameters
    ----------
    shares : of equity, above 0 and at most 1.

    Raises
    ------
    NotFound for unknown and foreign portfolios. DomainError for a share that is none.
    """
    book = published_book(user, portfolio_id, engine=ENGINE)
    return book, reverse_stress_of(book, read_book(portfolio_id, book.as_of), shares)


def reverse_stress_of(book: PublishedBook, found: ReadBook | None, shares: Sequence[float] = SHARES) -> ReverseStress:
    """The same of a book read with `ENGINE`, and of its lots at that session."""
    if not shares or not all(0 < share <= 1 for share in shares):
        raise DomainError("share_of_equity", "Give shares of the equity above 0 and at most 1, such as 0.25.")
    equity = float(book.equity)
    if found is None or not found.position_ids:
        return _nothing(book, why_none(book.engine) if book.engine else NOT_CALCULATED)
    if equity <= 0:
        return _nothing(book, NO_EQUITY)
    stress = market_stress(found)
    if stress is None:
        return _nothing(book, NO_FACTORS)
    still = stress(np.zeros(1))
    if not still.covered[0] > 0:
        return _nothing(book, str(book.engine.get("reason") or NO_EXPOSURES))
    deviation = _monthly_deviation(found.session)
    worst, reaches = {}, []
    losses = np.array([share * equity for share in shares])
    for direction, limit in FURTHEST.items():
        first = first_moves(_pnl(stress), losses, limit)
        worst[direction] = round(first.lowest, CENTS) + 0.0
        made = _pnl(stress)(np.nan_to_num(first.moves))
        reaches += [
            _reach(direction, *one, deviation)
            for one in zip(shares, losses.tolist(), first.moves.tolist(), made.tolist(), strict=True)
        ]
    coverage = round(float(still.coverage[0]), DIGITS)
    return ReverseStress(book.as_of, round(equity, CENTS), coverage, worst, tuple(reaches), None)


def market_stress(found: ReadBook) -> Callable[[Floats], BookStress] | None:
    """What any moves of the market (M,) do to a book, in the order of the moves; None where the night stored no factor shocks."""
    unit = load_scenario_factors((UNIT,), found.session, found.session).get(found.session)
    factors = symbol_factors_of(found.universe, found.session)
    if unit is None or factors is None or np.isnan(unit.factors).any():
        return None
    loadings = stress_loadings(factors.shrunk, found.universe.sector_fund_columns)
    per_move = unit.factors[0] / UNIT_MOVE

    def stress(moves: Floats) -> BookStress:
        funds = np.full((len(moves), 8), np.nan)
        funds[:, MARKET] = moves
        scenarios = ScenarioShocks(tuple(f"{move}" for move in moves), funds, np.full(len(moves), np.nan))
        shocks = np.multiply.outer(moves, per_move)
        told = scenario_moves(scenarios, numbers_of(factors, shocks, moves), loadings, found.universe.factor_columns)
        return stress_books(found.book.held, loadings, told, found.book.terms, found.book.underlying)

    return stress


def _pnl(stress: Callable[[Floats], BookStress]) -> Callable[[Floats], Floats]:
    return lambda moves: stress(moves).correlated_pnl[0]


def _monthly_deviation(session: dt.date) -> float | None:
    covariance = load_factor_covariances(session, session).get(session)
    return None if covariance is None else float(np.sqrt(covariance[0, 0] * MONTH_SESSIONS))


def _reach(direction: str, share: float, loss: float, move: float, pnl: float, deviation: float | None) -> Reach:
    if move != move:
        return Reach(direction, share, round(loss, CENTS), None, None, None, NOT_REACHED)
    beyond = round(abs(move) / deviation, CENTS) if deviation else None
    return Reach(direction, share, round(loss, CENTS), round(move, DIGITS), round(pnl, CENTS), beyond, None)


def _nothing(book: PublishedBook, reason: str) -> ReverseStress:
    return ReverseStress(book.as_of, round(float(book.equity), CENTS), None, {}, (), reason)
