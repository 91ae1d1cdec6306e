"""P&L of a shard's books under every scenario, and what readers of it must know: the columns of the stress tables."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from analytics.batch.book_inputs import Book, Floats, Ints, Market, SymbolNumbers
from analytics.batch.book_status import MOST_SKIPPED, PLAIN_MOVES
from analytics.batch.holdings import LotFacts
from analytics.engines.holdings import FOLLOWS_CASH, known_lots
from analytics.engines.regression import known_or_zero
from analytics.engines.scenarios import FactorShocks, ScenarioShocks, direct_shocks, symbol_returns, with_shocked_funds
from analytics.engines.stress import BookStress, Moves, first_order_pnl, outcome, stress_books

RATES = 6


def stress_columns(
    book: Book, facts: LotFacts, market: Market, numbers: SymbolNumbers, factor: dict[str, Any], wanted: NDArray[np.bool_]
) -> dict[str, Any]:  # fmt: skip
    """P&L of every book under every scenario, (P, K) each, with its parts; NaN for scenarios that could not be formed.

    `uncovered` lists, for wanted books, the lots no scenario reaches and why; `flags` is what `StressTestResult` keeps.
    """
    loadings = stress_loadings(numbers.factors.shrunk, market.universe.sector_fund_columns)
    moves = scenario_moves(market.scenarios, numbers, loadings, market.universe.factor_columns)
    stress = stress_books(book.held, loadings, moves, book.terms, book.underlying)
    loaded = np.asarray(np.isfinite(loadings).all(axis=1))
    uncovered = _uncovered(book, facts, loaded, wanted)
    return {
        "correlated_pnl": stress.correlated_pnl, "unbounded_pnl": stress.unbounded_pnl,
        "correlated_pnl_without_vol_shock": stress.without_volatility_rule, "private_pnl": stress.private_pnl,
        "direct_pnl": stress.direct_pnl, "unexplained": stress.unexplained,
        "factor_impacts": np.concatenate([stress.factor_pnl, stress.private_pnl[:, :, None]], axis=2),
        "coverage": stress.coverage, "covered": stress.covered, "linear_pnl": _first_order(market.scenarios, factor),
        "any_scenario": bool(np.isfinite(numbers.scenarios.factors).all(axis=1).any()), "uncovered": uncovered,
        "flags": _flags(book, facts, market, stress, uncovered, wanted),
    }  # fmt: skip


def stress_loadings(shrunk: Floats, sector_fund: Ints) -> Floats:
    """Joint loadings for stress, (N, 7): a symbol with too few returns has those of its sector's fund, else NaN.

    Parameters
    ----------
    shrunk : (N, 7), NaN rows where there are none. sector_fund : (N,) column of the sector's fund, -1 without one.
    """
    lacking = np.isnan(shrunk).any(axis=1) & (sector_fund >= 0)
    loadings = shrunk.copy()
    loadings[lacking] = shrunk[sector_fund[lacking]]
    return loadings


def scenario_moves(scenarios: ScenarioShocks, numbers: SymbolNumbers, loadings: Floats, fund_columns: Ints) -> Moves:
    """What the scenarios of one session do to every symbol. A shocked fund takes its shock in both forms; where the plausible
    shock is the unbounded one, the two are the same to the bit."""
    stored = numbers.scenarios
    direct = direct_shocks(scenarios.funds)

    def returns(factors: Floats, scale: Floats) -> Floats:
        shocks = FactorShocks(
            factors=factors, unbounded=stored.unbounded, market_and_rates=factors, length=scale, scale=scale,
            market_move=stored.market_move, direct=direct,
        )  # fmt: skip
        return with_shocked_funds(symbol_returns(loadings, factors), scenarios, shocks, fund_columns)

    return Moves(
        returns=returns(stored.factors, stored.scale),
        unbounded=returns(stored.unbounded, np.where(np.isnan(stored.scale), np.nan, 1.0)),
        factors=stored.factors,
        direct=direct,
        market_move=stored.market_move,
        rate_shift=known_or_zero(scenarios.yield_change),
    )


def _first_order(scenarios: ScenarioShocks, factor: dict[str, Any]) -> Floats:
    """P&L of the plain moves by betas alone, (P, M)."""
    plain = ScenarioShocks(
        scenarios.ids[-PLAIN_MOVES:], scenarios.funds[-PLAIN_MOVES:], scenarios.yield_change[-PLAIN_MOVES:]
    )
    return first_order_pnl(
        factor["exposure_dollar"][:, 0], factor["joint_dollar"][:, RATES], plain, duration=settings.RATE_PROXY_DURATION
    )


def _uncovered(
    book: Book, facts: LotFacts, loaded: NDArray[np.bool_], wanted: NDArray[np.bool_]
) -> list[list[list[str]]]:
    """Name and reason of every lot the scenarios do not reach, by book; nothing for unwanted books."""
    lots = book.lots
    follows = np.where(lots.is_private, lots.proxy, np.where(known_lots(lots), lots.symbol, -1))
    reached = (follows == FOLLOWS_CASH) & lots.is_private
    placed = follows >= 0
    reached[placed] = loaded[follows[placed]]
    listed: list[list[list[str]]] = [[] for _ in wanted]
    for i in np.flatnonzero(~reached & wanted[lots.portfolio]).tolist():
        if lots.is_private[i]:
            reason = "symbol_skipped"
        elif not lots.usable[i]:
            reason = "no_price_data"
        elif lots.contract[i] >= 0 and np.isnan(lots.delta_dollars[i]):
            reason = "no_underlying_price"
        else:
            reason = "insufficient_data"
        listed[lots.portfolio[i]].append([str(facts.names[book.holdings.lot[i]]), reason])
    return listed


def _flags(
    book: Book, facts: LotFacts, market: Market, stress: BookStress, uncovered: list[list[list[str]]], wanted: NDArray[np.bool_]
) -> list[dict[str, Any] | None]:  # fmt: skip
    """One document a wanted book: scenarios that were skipped, those that lose more than the equity, lots no scenario reaches
    with the reason, and private lots that follow something with its symbol and multiple."""
    pnl = stress.correlated_pnl[:, :-PLAIN_MOVES]
    beyond = outcome(pnl, book.holdings.equity[:, None]).loss_exceeds_equity
    skipped, ids = np.isnan(pnl), market.scenarios.ids
    proxies: list[list[list[Any]]] = [[] for _ in wanted]
    lots = book.lots
    for i in np.flatnonzero(lots.is_private & (lots.proxy >= 0) & wanted[lots.portfolio]).tolist():
        proxies[lots.portfolio[i]].append(
            [
                str(facts.names[book.holdings.lot[i]]),
                str(market.universe.symbols[lots.proxy[i]]),
                float(lots.proxy_multiple[i]),
            ]
        )
    return [
        {
            "skipped": [ids[k] for k in np.flatnonzero(skipped[p])],
            "loss_exceeds_equity": [ids[k] for k in np.flatnonzero(beyond[p])],
            "uncovered": uncovered[p][:MOST_SKIPPED],
            "proxies": proxies[p][:MOST_SKIPPED],
        }
        if wanted[p]
        else None
        for p in range(len(wanted))
    ]
