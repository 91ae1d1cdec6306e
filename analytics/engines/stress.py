"""Profit and loss of books under scenarios: holdings times scenario returns, options revalued contract by contract."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.engines.greeks import price_only, shocked_volatility
from analytics.engines.regression import Floats

Ints = NDArray[np.int64]

# What a private holding follows where its owner has set nothing: fund and multiple.
PRIVATE_PROXIES = {
    "PRIVATE_EQUITY": ("IWM", 1.2),
    "VENTURE_CAPITAL": ("QQQ", 1.4),
    "HEDGE_FUND": ("SPY", 0.4),
    "PRIVATE_REIT": ("VNQ", 1.0),
    "REAL_ESTATE": ("VNQ", 1.0),
}
CASH_LIKE = frozenset({"MONEY_MARKET", "TREASURY_BILLS", "CASH"})


@dataclass(frozen=True)
class Contracts:
    """What it takes to revalue C option contracts, (C,) each; NaN where unknown."""

    spot: Floats
    strike: Floats
    years: Floats
    volatility: Floats
    rate: Floats
    dividend_yield: Floats
    sign: Ints
    is_index: NDArray[np.bool_]


def option_changes(
    contracts: Contracts,
    underlying_return: Floats,
    market_move: Floats,
    rate_shift: Floats,
    *,
    volatility_rule: bool = True,
) -> Floats:
    """Change of value per share of every contract under every scenario, (K, C), by full revaluation on the same day.

    Parameters
    ----------
    underlying_return : (K, C) returns of the underlyings. market_move : (K,) for the volatility rule. rate_shift : (K,) added
        to the rate. volatility_rule : False keeps volatilities as they are.
    """
    spot = contracts.spot * (1 + underlying_return)
    volatility = (
        shocked_volatility(contracts.volatility[None, :], market_move[:, None], contracts.is_index[None, :])
        if volatility_rule
        else contracts.volatility[None, :]
    )
    rate = contracts.rate[None, :] + rate_shift[:, None]
    terms = (contracts.strike, contracts.years)
    after = price_only(spot, *terms, volatility, rate, contracts.dividend_yield, contracts.sign)
    before = price_only(
        contracts.spot, *terms, contracts.volatility, contracts.rate, contracts.dividend_yield, contracts.sign
    )
    return after - before


def lot_pnl(
    market_value: Floats, symbol_return: Floats, contract: Ints, shares: Floats, option_change: Floats
) -> Floats:
    """P&L of every lot under every scenario, (K, L), dollars; NaN for lots nothing is known of.

    Parameters
    ----------
    market_value : (L,). symbol_return : (K, L) of the lot's own symbol or proxy, NaN where unknown.
    contract : (L,) column of `option_change`, -1 for lots that are no options. shares : (L,) signed contracts x multiplier.
    option_change : (K, C) per share.
    """
    stock = market_value * symbol_return
    if not option_change.shape[1]:
        return stock
    return np.where(contract >= 0, shares * option_change[:, np.maximum(contract, 0)], stock)


def by_portfolio(values: Floats, portfolio: Ints, count: int) -> Floats:
    """Sums over the lots of each portfolio, (P, K), of (K, L) values; NaN lots add nothing and are for the caller to count."""
    filled = np.nan_to_num(values)
    order = np.argsort(portfolio, kind="stable")
    owners = portfolio[order]
    result = np.zeros((count, len(values)))
    if len(owners):
        starts = np.flatnonzero(np.r_[True, owners[1:] != owners[:-1]])
        result[owners[starts]] = np.add.reduceat(filled[:, order], starts, axis=1).T
    return result


@dataclass(frozen=True)
class StressSummary:
    """Over the scenarios of each portfolio, (P,) each; NaN without any."""

    worst: Floats
    best: Floats
    mean: Floats
    median: Floats
    deviation: Floats
    negative: Ints
    positive: Ints
    tested: Ints


def summarise(pnl: Floats) -> StressSummary:
    """Worst, best, mean, median and population deviation of (P, K) results, NaN scenarios left out."""
    known = ~np.isnan(pnl)
    some = known.any(axis=1)

    def over(function: object) -> Floats:
        result = np.full(len(pnl), np.nan)
        if some.any():
            result[some] = function(pnl[some], axis=1)  # type: ignore[operator]
        return result

    return StressSummary(
        over(np.nanmin), over(np.nanmax), over(np.nanmean), over(np.nanmedian), over(np.nanstd), (pnl < 0).sum(axis=1),
        (pnl > 0).sum(axis=1), known.sum(axis=1),
    )  # fmt: skip


def factor_level_stress(
    exposure_dollars: Floats, moves: Floats, shocked: NDArray[np.bool_]
) -> tuple[float, float, Floats]:
    """Stress of one book from factor exposures alone: direct P&L of the shocked factors, correlated P&L of all, and its parts.

    Parameters
    ----------
    exposure_dollars : (K,) loading times equity. moves : (K,) conditional factor moves. shocked : (K,).
    """
    parts = exposure_dollars * moves
    return float(parts[shocked].sum()), float(parts.sum()), parts


@dataclass(frozen=True)
class Outcome:
    """What a loss or gain means for a book: percent of equity (NaN without any), and whether it would be wiped out."""

    percent_of_equity: float
    loss_exceeds_equity: bool


def outcome(pnl: float, equity: float) -> Outcome:
    """A scenario's P&L against equity; losses are never capped."""
    return Outcome(100 * pnl / equity if equity > 0 else float("nan"), pnl < -equity)
