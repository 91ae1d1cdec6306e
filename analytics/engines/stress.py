"""Profit and loss of books under scenarios: holdings times scenario returns, options revalued contract by contract."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analytics.engines.greeks import price_only, shocked_volatility
from analytics.engines.holdings import BookHoldings
from analytics.engines.regression import Floats, Ints, known_or_zero
from analytics.engines.scenarios import BOND, MARKET, ScenarioShocks

# Values priced at once: as many as stay in the processor's cache.
PRICING_BLOCK = 16_384

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
    underlying_return : (K, C) returns of the underlyings, NaN where unknown: so is the contract's change. market_move : (K,) for
        the volatility rule. rate_shift : (K,) added to the rate. volatility_rule : False keeps volatilities as they are.

    Raises
    ------
    ValueError if the returns are not of scenarios by contracts.
    """
    count = len(contracts.spot)
    if underlying_return.shape != (len(market_move), count) or rate_shift.shape != market_move.shape:
        raise ValueError(
            f"{count} contracts and {len(market_move)} scenarios need underlying returns of shape ({len(market_move)}, {count}) "
            f"and as many rate shifts, not {underlying_return.shape} and {rate_shift.shape}."
        )
    terms = (contracts.strike, contracts.years)
    before = price_only(
        contracts.spot, *terms, contracts.volatility, contracts.rate, contracts.dividend_yield, contracts.sign
    )
    change = np.empty(underlying_return.shape)
    rows = max(1, PRICING_BLOCK // max(count, 1))
    for first in range(0, len(market_move), rows):
        block = slice(first, first + rows)
        volatility = contracts.volatility[None, :]
        if volatility_rule:
            volatility = shocked_volatility(volatility, market_move[block, None], contracts.is_index[None, :])
        spot = contracts.spot * (1 + underlying_return[block])
        rate = contracts.rate[None, :] + rate_shift[block, None]
        change[block] = price_only(spot, *terms, volatility, rate, contracts.dividend_yield, contracts.sign) - before
    return change


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
    filled = known_or_zero(values)
    order = np.argsort(portfolio, kind="stable")
    owners = portfolio[order]
    result = np.zeros((count, len(values)))
    if len(owners):
        starts = np.flatnonzero(np.r_[True, owners[1:] != owners[:-1]])
        result[owners[starts]] = np.add.reduceat(filled[:, order], starts, axis=1).T
    return result


@dataclass(frozen=True)
class Moves:
    """What K scenarios do to symbols, options and factors.

    `returns`, `unbounded` : (K, N) symbol returns of the plausible and the unbounded shock, NaN where unknown. `factors` : (K, 7)
    plausible factor shock, NaN where the scenario could not be formed. `direct` : (K, 7) shocks the scenario names itself.
    `market_move` : (K,) for the volatility rule. `rate_shift` : (K,) change of yields, 0 without one.
    """

    returns: Floats
    unbounded: Floats
    factors: Floats
    direct: Floats
    market_move: Floats
    rate_shift: Floats


@dataclass(frozen=True)
class BookStress:
    """What K scenarios do to P books, dollars, (P, K) each; NaN for scenarios that could not be formed.

    `correlated_pnl` : full revaluation, the sum of `factor_pnl` (P, K, 7), `private_pnl` and `unexplained` (what is not linear in
    the factors: options, the floor under returns, what a shocked fund does beyond its loadings). `without_volatility_rule` and
    `unbounded_pnl` : the same with volatilities kept, and under the unbounded shock. `direct_pnl` : loadings times the shocks a
    scenario names itself. `covered` : (P,) absolute dollars the scenarios reach, `coverage` : (P,) their share, NaN for books
    that hold nothing.
    """

    correlated_pnl: Floats
    without_volatility_rule: Floats
    unbounded_pnl: Floats
    private_pnl: Floats
    direct_pnl: Floats
    factor_pnl: Floats
    unexplained: Floats
    covered: Floats
    coverage: Floats


def stress_books(
    held: BookHoldings, loadings: Floats, moves: Moves, contracts: Contracts, underlying: Ints
) -> BookStress:
    """P&L of every book under every scenario. Contracts are revalued once each for all their holders.

    What has no return adds nothing and is missing from `covered`; losses are never capped.

    Parameters
    ----------
    loadings : (N, 7) joint loadings, NaN where a symbol has none. underlying : (C,) column of each contract's underlying,
        -1 for none: nobody's profit or loss.

    Raises
    ------
    ValueError if holdings, loadings and moves are not of the same symbols and contracts.
    """
    symbols, count = held.stock.shape[1], len(underlying)
    if loadings.shape != (symbols, 7) or moves.returns.shape[1] != symbols or held.shares.shape[1] != count:
        raise ValueError(
            f"Books of {symbols} symbols and {held.shares.shape[1]} contracts do not fit {loadings.shape[0]} rows of loadings, "
            f"{moves.returns.shape[1]} columns of returns and {count} contracts."
        )
    skipped, there = np.isnan(moves.factors).any(axis=1), underlying >= 0
    market_move, factors = known_or_zero(moves.market_move), known_or_zero(moves.factors)

    def options(returns: Floats, *, rule: bool) -> Floats:
        moved = np.full((len(returns), count), np.nan)
        moved[:, there] = returns[:, underlying[there]]
        change = option_changes(contracts, moved, market_move, moves.rate_shift, volatility_rule=rule)
        return np.asarray(held.shares @ known_or_zero(change).T)

    def linear(returns: Floats) -> tuple[Floats, Floats]:
        known = known_or_zero(returns).T
        return np.asarray(held.stock @ known), np.asarray(held.private @ known)

    stock, private = linear(moves.returns)
    stock_unbounded, private_unbounded = linear(moves.unbounded)
    loaded = np.asarray(held.delta @ known_or_zero(loadings))
    factor_pnl = loaded[:, None, :] * factors[None]
    total = stock + private + options(moves.returns, rule=True)
    plain = stock + private + options(moves.returns, rule=False)
    unbounded = stock_unbounded + private_unbounded + options(moves.unbounded, rule=True)
    direct = loaded @ moves.direct.T
    for matrix in (total, plain, unbounded, private, direct, factor_pnl):
        matrix[:, skipped] = np.nan
    reached = (~np.isnan(loadings).any(axis=1)).astype(np.float64)
    covered = np.asarray((abs(held.delta) + held.private_size) @ reached) + held.private_cash
    size = held.size
    return BookStress(
        correlated_pnl=total,
        without_volatility_rule=plain,
        unbounded_pnl=unbounded,
        private_pnl=private,
        direct_pnl=direct,
        factor_pnl=factor_pnl,
        unexplained=total - factor_pnl.sum(axis=2) - private,
        covered=covered,
        coverage=np.divide(np.minimum(covered, size), size, out=np.full(len(size), np.nan), where=size > 0),
    )


def first_order_pnl(
    market_dollars: Floats, rate_dollars: Floats, scenarios: ScenarioShocks, *, duration: float
) -> Floats:
    """P&L of plain moves by betas alone, (P, K) dollars: what market-risk scenarios hold against the full revaluation, the rest
    being convexity.

    Parameters
    ----------
    market_dollars : (P,) market beta times equity. rate_dollars : (P,) loading on the bond fund times equity.
    scenarios : of the market or of yields alone. NaN betas give NaN.

    Raises
    ------
    ValueError if a scenario shocks another fund, or nothing.
    """
    market, rates = scenarios.funds[:, MARKET], scenarios.yield_change
    styled = ~np.isnan(np.delete(scenarios.funds, (MARKET, BOND), axis=1)).all(axis=1)
    if (styled | (np.isnan(market) & np.isnan(rates))).any():
        raise ValueError("First-order P&L is that of a move of the market or of yields, nothing else.")
    by_market = np.where(np.isnan(market), 0.0, np.multiply.outer(market_dollars, known_or_zero(market)))
    by_rates = np.where(np.isnan(rates), 0.0, np.multiply.outer(rate_dollars, -duration * known_or_zero(rates)))
    return np.asarray(by_market + by_rates)


@dataclass(frozen=True)
class StressSummary:
    """Over the scenarios of each portfolio, (P,) each; NaN without any."""

    worst: Floats
    best: Floats
    mean: Floats
    median: Floats
    deviation: Floats
    mean_correlation_effect: Floats
    negative: Ints
    positive: Ints
    tested: Ints
    skipped: Ints


def summarise(pnl: Floats, direct: Floats) -> StressSummary:
    """Worst, best, mean, median and population deviation of P&L, and the mean of what it has beyond the direct one.

    Parameters
    ----------
    pnl, direct : (P, K), NaN for scenarios that were skipped.
    """
    known = ~np.isnan(pnl)
    some = known.any(axis=1)

    def over(function: Callable[..., Floats], values: Floats) -> Floats:
        result = np.full(len(pnl), np.nan)
        if some.any():
            result[some] = function(values[some], axis=1)
        return result

    return StressSummary(
        worst=over(np.nanmin, pnl), best=over(np.nanmax, pnl), mean=over(np.nanmean, pnl), median=over(np.nanmedian, pnl),
        deviation=over(np.nanstd, pnl), mean_correlation_effect=over(np.nanmean, pnl - direct), negative=(pnl < 0).sum(axis=1),
        positive=(pnl > 0).sum(axis=1), tested=known.sum(axis=1), skipped=(~known).sum(axis=1),
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
    """What a loss or gain means for a book: percent of equity (NaN without any), the equity left, and whether it is wiped out.
    One shape throughout; unknown P&L exceeds nothing."""

    percent_of_equity: Floats
    equity_after: Floats
    loss_exceeds_equity: NDArray[np.bool_]


def outcome(pnl: ArrayLike, equity: ArrayLike) -> Outcome:
    """Scenario P&L against equity, broadcast against each other; losses are never capped."""
    gain, base = np.asarray(pnl, dtype=np.float64), np.asarray(equity, dtype=np.float64)
    return Outcome(100 * gain / np.where(base > 0, base, np.nan), base + gain, gain < -base)
