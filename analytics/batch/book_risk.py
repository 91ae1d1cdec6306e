"""What today's books would have done on past days: their returns, value at risk, and what each lot adds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from analytics.batch.book_inputs import Book, Floats, Market
from analytics.engines.holdings import known_lots
from analytics.engines.risk import LOOKBACK, MINIMUM, LotHistory, historical_pnl, historical_tail, lot_contributions
from analytics.engines.stress import option_changes


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


def risk_columns(book: Book, market: Market, row: int) -> dict[str, Any]:
    """Historical VaR and expected shortfall over 252 sessions with full option revaluation, and what each lot adds."""
    window = slice(max(0, row - LOOKBACK), row)
    filled = market.filled[window]
    days = np.zeros(len(filled))
    there = book.underlying >= 0
    moves = np.full((len(filled), len(there)), np.nan)
    moves[:, there] = filled[:, book.underlying[there]]
    changes = option_changes(book.terms, moves, days, days, volatility_rule=False)
    pnl = historical_pnl(book.mapped, market.returns[window], filled, changes).pnl
    lots = book.mapped_lots
    known = known_lots(lots)
    value = np.where(known, lots.market_value, 0.0)
    of_lots = LotHistory(
        value, np.where(known, lots.symbol, -1), np.where(known, lots.shares, 0.0), lots.contract, filled, changes
    )
    tails = {level: historical_tail(pnl, level / 100) for level in (95, 99)}
    deviation = np.full(pnl.shape[1], np.nan)
    enough = tails[95].observations >= MINIMUM
    if enough.any():
        deviation[enough] = np.nanstd(pnl[:, enough], axis=0, ddof=1)
    return {
        "var_95_1d": tails[95].var, "es_95_1d": tails[95].expected_shortfall,
        "var_99_1d": tails[99].var, "es_99_1d": tails[99].expected_shortfall,
        "volatility_daily": deviation, "observations": tails[95].observations,
        "component_volatility": lot_contributions(of_lots, lots.portfolio, pnl),
    }  # fmt: skip
