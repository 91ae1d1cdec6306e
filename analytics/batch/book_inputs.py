"""What the portfolio engines of a shard work on: the market its sessions share, and its books at one session."""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analytics.batch.book_sectors import Benchmarks, load_benchmarks
from analytics.batch.holdings import ContractFacts, ContractValues, Holdings, LotFacts, needed_securities
from analytics.batch.scope import Plan
from analytics.batch.symbol_results import ScenarioFactors, SymbolFactors
from analytics.batch.symbols import HISTORY, fund_returns, load_scenarios
from analytics.batch.universe import Universe, load_universe
from analytics.engines.exposure import delta_dollars
from analytics.engines.holdings import FOLLOWS_NOTHING, BookHoldings, LotColumns, book_holdings
from analytics.engines.scenarios import MARKET, ScenarioShocks
from analytics.engines.stress import Contracts
from marketdata import calendar
from marketdata.services.panel import shared_panel
from sigmasight.core.bulk import read_columns

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEW_BOOKS = 20


@dataclass(frozen=True)
class Market:
    """What all sessions of a shard share: returns by universe column, the same with what stands in for missing ones, and the
    returns of the factor funds."""

    universe: Universe
    first_row: int
    returns: Floats
    filled: Floats
    funds: Floats
    scenarios: ScenarioShocks
    benchmarks: Benchmarks


@dataclass(frozen=True)
class SymbolNumbers:
    """Results of one session that all books share: by symbol, by scenario, and the joint factors' covariance (7, 7)."""

    factors: SymbolFactors
    scenarios: ScenarioFactors
    covariance: Floats


@dataclass(frozen=True)
class Book:
    """One session of the shard as the engines see it.

    `dollars` (L,) : delta dollars of every lot, at its last mark where it has no usable price, NaN where unknown. `lots` and
    `held` : the lots of which risk may be known, by symbol and contract of the universe; private ones apart, in what they follow.
    `mapped_lots` and `mapped` : the same with private lots whose owner chose what they follow counted as holdings of that.
    """

    holdings: Holdings
    values: ContractValues
    terms: Contracts
    underlying: Ints
    dollars: Floats
    lots: LotColumns
    held: BookHoldings
    mapped_lots: LotColumns
    mapped: BookHoldings


def load_market(plan: Plan) -> Market:
    """Returns of the universe over the sessions of the plan and their history.

    Many books need them all: they are kept in the process from shard to shard, so that a worker reads the prices of a night once;
    whatever changes a price, a sector, a scenario or a benchmark weight changes the key they are kept under. Few books read
    what they hold and follow, and the funds; the numbers are the same bits.
    """
    first = calendar.shift(plan.sessions[0], -HISTORY)
    if len(plan.needs) <= FEW_BOOKS:
        return _market_of(
            load_universe(needed_securities([need.portfolio_id for need in plan.needs])), first, plan.target
        )
    return _market(first, plan.target, _versions())


def _versions() -> tuple[int, ...]:
    """Numbers that differ as soon as anything a `Market` is made of does."""
    row = read_columns(
        """
        SELECT (SELECT sum(hashtextextended(concat_ws('|', h.security_id, h.checksum, s.symbol, s.sector, s.security_type), 0)::numeric)
                FROM price_histories h JOIN securities s ON s.id = h.security_id)::text AS prices,
               (SELECT sum(hashtextextended(t::text, 0)::numeric) FROM stress_test_scenarios t WHERE active)::text AS scenarios,
               (SELECT sum(hashtextextended(t::text, 0)::numeric) FROM benchmarks_sector_weights t)::text AS weights
        """
    )
    return tuple(int(column[0] or 0) for column in row.values())


@functools.lru_cache(maxsize=1)
def _market(first: dt.date, target: dt.date, versions: tuple[int, ...]) -> Market:
    return _market_of(load_universe(), first, target)


def _market_of(universe: Universe, first: dt.date, target: dt.date) -> Market:
    panel = shared_panel(universe.security, first, target, history=0)
    # Each symbol's days together: the engines gather whole histories.
    returns = np.asfortranarray(panel.simple_returns())
    funds = fund_returns(universe, returns)
    return Market(
        universe=universe,
        first_row=panel.first_ordinal,
        returns=returns,
        filled=np.asfortranarray(stand_ins(returns, universe.sector_fund_columns, funds[:, MARKET])),
        funds=funds,
        scenarios=load_scenarios(),
        benchmarks=load_benchmarks(),
    )


def stand_ins(returns: Floats, fund: Ints, market: Floats) -> Floats:
    """Returns with the missing ones replaced by those of the sector's fund, else of the market; NaN where both are missing.

    Parameters
    ----------
    returns : (T, N), NaN where missing. fund : (N,) column of the sector's fund, -1 without one. market : (T,).
    """
    if not returns.shape[1]:
        return returns
    replacement = np.where(fund >= 0, returns[:, np.maximum(fund, 0)], np.nan)
    replacement = np.where(np.isnan(replacement), market[:, None], replacement)
    return np.where(np.isnan(returns), replacement, returns)


def no_numbers(universe: Universe, scenarios: ScenarioShocks) -> SymbolNumbers:
    """A session without symbol-level results."""
    symbols, count = len(universe.security), len(scenarios.ids)
    loadings, shocks, moves = np.full((symbols, 7), np.nan), np.full((count, 7), np.nan), np.full(count, np.nan)
    return SymbolNumbers(
        SymbolFactors(np.full((symbols, 13), np.nan), loadings, loadings, np.full(symbols, np.nan)),
        ScenarioFactors(shocks, shocks, moves, moves),
        np.full((7, 7), np.nan),
    )


def lay_out(
    holdings: Holdings, facts: LotFacts, contracts: ContractFacts, values: ContractValues, universe: Universe
) -> Book:
    """Place the lots of one session in the columns the engines take."""
    lot = holdings.lot
    is_option, is_private, contract = facts.is_option[lot], facts.is_private[lot], facts.contract[lot]
    multiplier, option_dollars, valued = (
        facts.multiplier[lot],
        np.full(len(lot), np.nan),
        np.zeros(len(lot), dtype=bool),
    )
    if len(contracts.security):
        place = np.maximum(contract, 0)
        option_dollars = delta_dollars(holdings.quantity, multiplier, values.delta[place], values.spot[place])
        valued = ~np.isnan(values.volatility[place])
    lots = LotColumns(
        portfolio=holdings.portfolio,
        symbol=np.where(is_private, -1, facts.column[lot]),
        contract=np.where(is_option, contract, -1),
        market_value=holdings.market_value,
        # A contract without a volatility cannot be revalued, so its delta alone makes it no known holding.
        delta_dollars=np.where(valued, option_dollars, np.nan),
        shares=holdings.quantity * multiplier,
        usable=holdings.usable,
        is_private=is_private,
        proxy=np.where(is_private, facts.proxy[lot], FOLLOWS_NOTHING),
        proxy_multiple=facts.proxy_multiple[lot],
    )  # fmt: skip
    chosen = facts.proxy_by_owner[lot] & (lots.proxy >= 0)
    mapped_lots = with_mapped(lots, chosen)

    def gathered(columns: LotColumns) -> BookHoldings:
        return book_holdings(
            columns, books=len(holdings.equity), symbols=len(universe.security), contracts=len(contracts.security)
        )

    held = gathered(lots)
    return Book(
        holdings=holdings,
        values=values,
        terms=Contracts(
            values.spot, contracts.strike, np.maximum(values.years, 0.0), values.volatility, values.rate, values.dividend_yield,
            contracts.sign, contracts.is_index,
        ),
        underlying=universe.columns(contracts.underlying),
        dollars=np.where(is_option, option_dollars, holdings.market_value),
        lots=lots,
        held=held,
        mapped_lots=mapped_lots,
        mapped=gathered(mapped_lots) if chosen.any() else held,
    )  # fmt: skip


def with_mapped(lots: LotColumns, chosen: NDArray[np.bool_]) -> LotColumns:
    """The lots with the chosen private ones turned into holdings of what they follow."""
    if not chosen.any():
        return lots
    return replace(
        lots,
        symbol=np.where(chosen, lots.proxy, lots.symbol),
        market_value=np.where(chosen, lots.market_value * lots.proxy_multiple, lots.market_value),
        usable=lots.usable | chosen,
        is_private=lots.is_private & ~chosen,
        proxy=np.where(chosen, FOLLOWS_NOTHING, lots.proxy),
    )
