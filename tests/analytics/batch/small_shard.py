"""A shard small enough to work out by hand: eight factor funds, a sector fund, two of its stocks and a fund without a sector."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

import numpy as np

from analytics.batch.book_inputs import Book, Market, SymbolNumbers, lay_out, stand_ins
from analytics.batch.holdings import ContractFacts, Holdings, LotFacts, no_contract_values
from analytics.batch.symbol_results import ScenarioFactors, SymbolFactors
from analytics.batch.symbols import fund_returns
from analytics.batch.universe import SECTORS, Universe
from analytics.engines.factors import FACTOR_FUNDS
from analytics.engines.scenarios import ScenarioShocks, with_yields

SYMBOLS = (*FACTOR_FUNDS, "XLK", "TECH", "CHIP", "WORLD")
XLK, TECH, CHIP, WORLD = range(8, 12)
DAYS = 100
SESSION = dt.date(2025, 7, 3)
CASH, NOTHING = -2, -1
PLAIN = 10


def universe() -> Universe:
    technology = SECTORS.index("Technology")
    sector = np.full(len(SYMBOLS), -1)
    sector[[TECH, CHIP]] = technology
    return Universe(
        np.arange(1, len(SYMBOLS) + 1), np.array(SYMBOLS, dtype=object), sector, ~np.isin(SYMBOLS, ("TECH", "CHIP"))
    )


def day_returns() -> np.ndarray:
    """(T, N) returns of every symbol, none missing."""
    return 0.01 * np.random.default_rng(3).standard_normal((DAYS, len(SYMBOLS)))


def market(returns: np.ndarray, scenarios: ScenarioShocks | None = None) -> Market:
    symbols = universe()
    funds = fund_returns(symbols, returns)
    return Market(
        symbols, 0, returns, stand_ins(returns, symbols.sector_fund_columns, funds[:, 0]), funds,
        scenarios or shocked_funds({}), [],
    )  # fmt: skip


def shocked_funds(named: dict[str, dict[str, float]]) -> ScenarioShocks:
    """Stress scenarios by id with the funds they shock, and the ten plain moves, all of the market."""
    every = named | {f"move:{i}": {"SPY": 0.01 * (i + 1)} for i in range(PLAIN)}
    funds = np.full((len(every), 8), np.nan)
    for k, shock in enumerate(every.values()):
        for symbol, move in shock.items():
            funds[k, FACTOR_FUNDS.index(symbol)] = move
    return with_yields(tuple(every), funds, np.full(len(every), np.nan), duration=16.0, convexity=350.0)


def numbers(loadings: np.ndarray, factors: np.ndarray, unbounded: np.ndarray, scale: np.ndarray) -> SymbolNumbers:
    betas = np.full((len(SYMBOLS), 13), np.nan)
    betas[:, 0] = loadings[:, 0]
    return SymbolNumbers(
        SymbolFactors(betas, loadings, loadings, np.full(len(SYMBOLS), 0.01)),
        ScenarioFactors(factors, unbounded, factors[:, 0], scale),
        0.0001 * np.eye(7),
    )


def lots(*held: dict[str, Any]) -> tuple[LotFacts, Holdings]:
    """One book of 100,000 dollars of equity. A lot: `symbol` column or, if private, `proxy` (with `multiple`, `by_owner`); `value`."""
    count = len(held)

    def column(name: str, default: Any) -> np.ndarray:
        return np.array([lot.get(name, default) for lot in held])

    is_private = ~np.array(["symbol" in lot for lot in held], dtype=bool)
    names = np.array(
        [SYMBOLS[lot["symbol"]] if "symbol" in lot else f"PRIVATE_{i}" for i, lot in enumerate(held)], dtype=object
    )
    facts = LotFacts(
        id=np.array([UUID(int=i).bytes for i in range(count)], dtype="V16"), names=names, symbol=np.arange(count),
        column=column("symbol", -1), contract=np.full(count, -1), multiplier=np.ones(count), is_option=np.zeros(count, dtype=bool),
        is_private=is_private, sector=np.zeros(count, dtype=np.int64), proxy=column("proxy", NOTHING),
        proxy_multiple=column("multiple", 1.0), proxy_by_owner=column("by_owner", False),
    )  # fmt: skip
    value = column("value", 0.0).astype(np.float64)
    holdings = Holdings(
        SESSION, np.zeros(count, dtype=np.int64), np.arange(count), value / 100, np.full(count, 100.0), value,
        column("usable", True), np.array([100_000.0]), np.array([True]),
    )  # fmt: skip
    return facts, holdings


def book(*held: dict[str, Any]) -> tuple[Book, LotFacts]:
    facts, holdings = lots(*held)
    nothing = np.empty(0, dtype=np.int64)
    contracts = ContractFacts(nothing, nothing, nothing, np.empty(0), np.empty(0, dtype=bool))
    return lay_out(holdings, facts, contracts, no_contract_values(0), universe()), facts
