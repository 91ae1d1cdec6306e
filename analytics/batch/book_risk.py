"""What today's books would have done on past days: their returns, value at risk, and what each lot adds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from analytics.batch.book_inputs import Book, Floats, Market
from analytics.engines.holdings import known_lots
from analytics.engines.risk import (
    LOOKBACK,
    LotHistory,
    historical_pnl,
    lot_contributions,
    shocked,
    ten_day_pnl,
    var_contributions,
)
from analytics.engines.stress import option_changes
from analytics.engines.tails import CONFIDENCES, HORIZONS, TAILS, TailTable, tail_table

# The tail lots are measured by: historical, one session, 95 %.
HEADLINE = 0.95


def portfolio_returns(book: Book, market: Market, window: slice) -> Floats:
    """Daily returns of today's books over the window, (T, P): delta dollars times symbol returns over equity.

    Cash and private holdings earn nothing, unless their owner chose what they follow. Days are used as `historical_pnl` says;
    others are NaN, as are books without positive equity.
    """
    # With every option as so much of its underlying there is nothing to revalue.
    linear = replace(book.mapped, stock=book.mapped.delta, shares=csr_matrix((len(book.holdings.equity), 0)))
    returns, filled = market.returns[window], market.filled[window]
    pnl = historical_pnl(linear, returns, filled, np.empty((len(returns), 0))).pnl
    return np.asarray(pnl / np.where(book.holdings.equity > 0, book.holdings.equity, np.nan))


@dataclass(frozen=True)
class BookHistory:
    """P&L of today's books under the moves of past sessions, as they were and scaled to ten, (T, P) dollars, NaN on days that
    cannot be used, and of their lots."""

    pnl: Floats
    pnl_10d: Floats
    lots: LotHistory


def book_history(book: Book, returns: Floats, filled: Floats) -> BookHistory:
    """What today's books would have made, with full option revaluation at today's volatilities and rates.

    Parameters
    ----------
    returns : (T, N) of the universe's symbols. filled : (T, N) the same with what stands in for the missing ones.
    """
    days = np.zeros(len(filled))
    there = book.underlying >= 0
    moves = np.full((len(filled), len(there)), np.nan)
    moves[:, there] = filled[:, book.underlying[there]]
    changes, changes_10d = (
        option_changes(book.terms, shocked(moves, horizon), days, days, volatility_rule=False) for horizon in HORIZONS
    )
    pnl = historical_pnl(book.mapped, returns, filled, changes).pnl
    lots = book.mapped_lots
    known = known_lots(lots)
    of_lots = LotHistory(
        np.where(known, lots.market_value, 0.0), np.where(known, lots.symbol, -1), np.where(known, lots.shares, 0.0),
        np.where(known, lots.contract, -1), filled, changes,
    )  # fmt: skip
    return BookHistory(pnl, ten_day_pnl(book.mapped, pnl, filled, changes, changes_10d), of_lots)


def risk_columns(book: Book, market: Market, row: int) -> dict[str, Any]:
    """Value at risk and expected shortfall over 252 sessions with full option revaluation, by every method, and what each lot
    adds to the historical one and to the volatility. Columns are (P,), tables (P, 16), contributions (L,)."""
    history = history_of(book, market, row)
    return risk_figures(book, history, tail_table(history.pnl, history.pnl_10d))


def history_of(book: Book, market: Market, row: int) -> BookHistory:
    """`book_history` over the sessions that end before `row` of the market."""
    window = slice(max(0, row - LOOKBACK), row)
    return book_history(book, market.returns[window], market.filled[window])


def risk_figures(book: Book, history: BookHistory, table: TailTable) -> dict[str, Any]:
    """`risk_columns` of books whose history and tails are there already."""
    owner = book.mapped_lots.portfolio
    headline = {
        f"{name}_{round(100 * level)}_1d": values[:, TAILS.index(("historical", 1, level))]
        for name, values in (("var", table.var), ("es", table.expected_shortfall))
        for level in CONFIDENCES
    }
    return headline | {
        "tail_var": table.var, "tail_expected_shortfall": table.expected_shortfall, "volatility_daily": table.deviation,
        "observations": table.observations,
        "component_volatility": lot_contributions(history.lots, owner, history.pnl),
        "component_var": var_contributions(history.lots, owner, history.pnl, HEADLINE),
    }  # fmt: skip
