"""What past episodes would do to a portfolio's holdings of today: the returns that really came, where prices of then are stored."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

import numpy as np

from analytics.batch.book_inputs import Floats
from analytics.batch.book_stress import scenario_moves, stress_loadings
from analytics.batch.symbol_results import SymbolFactors, load_factor_covariances, symbol_factors_of
from analytics.engines.scenarios import LOWEST_RETURN, MARKET, ScenarioShocks, condition
from analytics.engines.stress import BookStress, Moves, stress_books
from analytics.models import StressScenario
from analytics.services.book_on_read import ReadBook, read_book
from analytics.services.published import PublishedBook, published_book
from analytics.services.shocked_book import numbers_of
from analytics.services.value_at_risk import NOT_CALCULATED, why_none
from marketdata import calendar
from marketdata.models import PriceHistory
from marketdata.services.panel import CLOSES, PricePanel, load_panel
from portfolios.models import User

ENGINE = "stress_testing"
# The worst stretches of the market among the stored prices, in sessions: a day, a week, a month, a quarter.
STRETCHES = (1, 5, 21, 63)
STORED = " of the S&P 500 in the stored prices"
# The one of the usual episodes that no stress scenario retells.
INFLATION = ("inflation_2022", "Inflation and rising rates (2022)", dt.date(2022, 1, 3), dt.date(2022, 10, 12))
NO_FACTORS, NO_EXPOSURES, NO_PRICES = "no_factor_data", "no_factor_exposures", "no_price_data"
CENTS, DIGITS = 2, 6


@dataclass(frozen=True, slots=True)
class Episode:
    """A stretch of the past from the close of `first` to that of `last`."""

    id: str
    name: str
    first: dt.date
    last: dt.date

    @property
    def short_name(self) -> str:
        """For a narrow column under a heading that tells where the worst stretches are from."""
        return self.name.removesuffix(STORED)


@dataclass(frozen=True, slots=True)
class Replay:
    """What an episode does to the holdings of today. pnl : dollars, share_of_equity : fraction (None without positive equity).
    market_return : of the S&P 500 (SPY, total). own_returns : share of the book's dollars that took returns of their own, the rest moves by
    its loadings on the funds that had prices; private : the part of `pnl` of private holdings, by what stands for them. Where the prices of
    then are not stored all of these are None and `reason` says no_price_data."""

    episode: Episode
    market_return: float | None
    pnl: float | None
    share_of_equity: float | None
    private: float | None
    own_returns: float | None
    reason: str | None


@dataclass(frozen=True)
class Replays:
    """Of a portfolio at its published session: the named episodes by date, then the worst stretches of the stored history. coverage : share
    of its dollars that a replay reaches; the rest is taken to stand still. Without any `reason` says why."""

    as_of: dt.date | None
    prices_since: dt.date | None
    coverage: float | None
    replays: tuple[Replay, ...]
    reason: str | None


def replays(user: User, portfolio_id: UUID) -> tuple[PublishedBook, Replays]:
    """Today's holdings of a person's portfolio through past episodes.

    A symbol with prices at both ends takes its total return between them; another one the return its joint loadings give it, conditional
    on the returns of the factor funds that have prices (`scenarios.condition`, not drawn back: it happened). Contracts are repriced at
    the moved underlying and volatility, today's rate and time to expiry; private holdings follow what stands for them. No holding
    falls below -99 %, and none is traded on the way.

    Raises
    ------
    NotFound for unknown and foreign portfolios.
    """
    book = published_book(user, portfolio_id, engine=ENGINE)
    return book, replays_of(book, read_book(portfolio_id, book.as_of))


def replays_of(book: PublishedBook, found: ReadBook | None) -> Replays:
    """The same of a book read with `ENGINE`, and of its lots at that session."""
    if found is None or not found.position_ids:
        return _nothing(book, why_none(book.engine) if book.engine else NOT_CALCULATED)
    factors = symbol_factors_of(found.universe, found.session)
    covariance = load_factor_covariances(found.session, found.session).get(found.session)
    if factors is None or covariance is None:
        return _nothing(book, NO_FACTORS)
    held = found.book.held
    size = float(held.size[0])
    reached = size - float(held.uncovered[0] + held.private_uncovered[0])
    if not reached > 0:
        return _nothing(book, str(book.engine.get("reason") or NO_EXPOSURES))
    since = _market_since(found)
    if since is None:
        return _nothing(book, NO_PRICES)
    panel = load_panel(found.universe.security, since, found.session, columns=CLOSES)
    made = [
        _replay(found, panel, factors, covariance, episode, float(book.equity))
        for episode in (*_named(), *_worst(found, panel))
    ]
    return Replays(book.as_of, since, round(reached / size, DIGITS), tuple(made), None)


def _named() -> list[Episode]:
    told = [
        Episode(one.scenario_id, one.name, one.replay_from, one.replay_to)
        for one in StressScenario.objects.filter(active=True)
        if one.replay_from is not None and one.replay_to is not None
    ]
    return sorted([*told, Episode(*INFLATION)], key=lambda episode: episode.first)


def _market_since(found: ReadBook) -> dt.date | None:
    """The first session of the stored prices of the market's fund: before it nothing can be replayed."""
    column = int(found.universe.factor_columns[MARKET])
    if column < 0:
        return None
    first = PriceHistory.objects.filter(security_id=int(found.universe.security[column])).values_list("first_session")
    return next((calendar.session_at(ordinal) for (ordinal,) in first), None)


def _worst(found: ReadBook, panel: PricePanel) -> list[Episode]:
    """The stretches over which the market's fund lost most."""
    column = int(found.universe.factor_columns[MARKET])
    wealth, told = panel.close[:, column] * panel.return_factor[:, column], []
    for length in STRETCHES:
        returns = wealth[length:] / wealth[:-length] - 1 if len(wealth) > length else np.empty(0)
        if np.isnan(returns).all():
            continue
        end = int(np.nanargmin(returns)) + length
        first, last = (calendar.session_at(panel.first_ordinal + row) for row in (end - length, end))
        name = (f"Worst {length} sessions" if length > 1 else "Worst session") + STORED
        told.append(Episode(f"worst_{length}d", name, first, last))
    return told


def _replay(
    found: ReadBook, panel: PricePanel, factors: SymbolFactors, covariance: Floats, episode: Episode, equity: float
) -> Replay:
    own = _returns(panel, episode)
    market = int(found.universe.factor_columns[MARKET])
    if own is None or market < 0 or np.isnan(own[market]):
        return Replay(episode, None, None, None, None, None, NO_PRICES)
    stress = _stress(found, factors, covariance, own)
    if stress is None:
        return Replay(episode, None, None, None, None, None, NO_FACTORS)
    held = found.book.held
    with_prices = float(((abs(held.delta) + held.private_size) @ (~np.isnan(own)).astype(np.float64))[0])
    size, pnl = float(held.size[0]), float(stress.correlated_pnl[0, 0])
    return Replay(
        episode=episode,
        market_return=round(float(own[market]), DIGITS),
        pnl=round(pnl, CENTS) + 0.0,
        share_of_equity=round(pnl / equity, DIGITS) + 0.0 if equity > 0 else None,
        private=round(float(stress.private_pnl[0, 0]), CENTS) + 0.0,
        own_returns=round(min(with_prices / size, 1.0), DIGITS),
        reason=None,
    )


def _returns(panel: PricePanel, episode: Episode) -> Floats | None:
    """Total returns of all symbols from close to close, (N,), NaN without prices at both ends; None outside of the panel's sessions."""
    if episode.first < panel.sessions[0].item() or episode.last > panel.sessions[-1].item():
        return None
    before, after = (
        panel.close[row] * panel.return_factor[row]
        for row in (panel.row_of(calendar.session_on_or_before(day)) for day in (episode.first, episode.last))
    )
    return np.asarray(np.maximum(after / before - 1, LOWEST_RETURN))


def _stress(found: ReadBook, factors: SymbolFactors, covariance: Floats, own: Floats) -> BookStress | None:
    """The book under one vector of returns; None where the funds with prices have no loadings."""
    columns = found.universe.factor_columns
    there = columns >= 0
    place = np.maximum(columns, 0)
    funds = np.where(there, own[place], np.nan)[None]
    scenario = ScenarioShocks(("replay",), funds, np.full(1, np.nan))
    shocks = condition(
        scenario,
        np.where(there[:, None], factors.shrunk[place], np.nan),
        factors.residual_volatility[place] ** 2,
        covariance,
    )
    if np.isnan(shocks.unbounded).any():
        return None
    loadings = stress_loadings(factors.shrunk, found.universe.sector_fund_columns)
    told = scenario_moves(scenario, numbers_of(factors, shocks.unbounded, funds[:, MARKET]), loadings, columns)
    returns = np.where(np.isnan(own), told.returns[0], own)[None]
    moves = Moves(returns, returns, told.factors, told.direct, told.market_move, told.rate_shift)
    return stress_books(found.book.held, loadings, moves, found.book.terms, found.book.underlying)


def _nothing(book: PublishedBook, reason: str) -> Replays:
    return Replays(book.as_of, None, None, (), reason)
