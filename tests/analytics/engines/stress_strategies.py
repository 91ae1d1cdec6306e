"""Arbitrary factor models, scenarios, option contracts and lots, drawn by a seed so that failures shrink by shape."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from analytics.engines.holdings import FOLLOWS_CASH, FOLLOWS_NOTHING, LotColumns
from analytics.engines.scenarios import BOND, MARKET, ScenarioShocks, bond_return
from analytics.engines.stress import Contracts

seeds = st.integers(0, 2**32 - 1)
SYMBOLS = 10
FUNDS = np.arange(8)
DURATION, CONVEXITY = 16.0, 350.0


@dataclass(frozen=True)
class FactorModel:
    """Loadings (N, 7) of symbols of which the first eight are the factor funds, their residual variances (8,), the
    factors' covariance (7, 7)."""

    loadings: np.ndarray
    residual: np.ndarray
    covariance: np.ndarray


@st.composite
def models(draw: Any) -> FactorModel:
    """The funds load on the factors as their definition says, with a little noise; SPY is the market."""
    generator = np.random.default_rng(draw(seeds))
    mixing = np.diag([0.010, 0.006, 0.006, 0.005, 0.003, 0.004, 0.009]) @ (
        np.eye(7) + 0.3 * generator.standard_normal((7, 7))
    )
    funds = np.zeros((8, 7))
    funds[:7, 0] = 1.0
    funds[1, 1], funds[2, 1], funds[3, 2], funds[4, 4], funds[5, 3], funds[6, 5] = -0.5, 0.5, 1, 1, 1, 1
    funds[7] = [0.1, 0, 0, 0, 0, 0, 1]
    others = np.column_stack([generator.uniform(-0.5, 2.5, SYMBOLS - 8), generator.uniform(-1, 1, (SYMBOLS - 8, 6))])
    residual = np.where(np.isin(FUNDS, (1, 2)), generator.uniform(1e-6, 1e-5, 8), 0.0)
    return FactorModel(np.vstack([funds, others]), residual, mixing @ mixing.T)


@st.composite
def scenarios(draw: Any, *, count: int = 3) -> ScenarioShocks:
    """Up to four funds shocked by up to 60 %, or a change of yields."""
    funds, yields = np.full((count, 8), np.nan), np.full(count, np.nan)
    for k in range(count):
        if draw(st.booleans()):
            yields[k] = draw(st.floats(-0.02, 0.03))
            funds[k, BOND] = bond_return(yields[k], DURATION, CONVEXITY)
        for fund in draw(st.sets(st.integers(MARKET, BOND - 1), max_size=4)):
            funds[k, fund] = draw(st.floats(-0.6, 0.4))
    return ScenarioShocks(tuple(f"s{k}" for k in range(count)), funds, yields)


@st.composite
def contracts(draw: Any, *, count: int = 4) -> Contracts:
    generator = np.random.default_rng(draw(seeds))
    spot = generator.uniform(5, 500, count)
    return Contracts(
        spot=spot, strike=spot * generator.uniform(0.6, 1.6, count), years=generator.uniform(0.01, 2, count),
        volatility=generator.uniform(0.05, 1, count), rate=generator.uniform(0, 0.06, count),
        dividend_yield=generator.uniform(0, 0.04, count), sign=generator.choice([-1, 1], count),
        is_index=generator.random(count) < 0.5,
    )  # fmt: skip


@st.composite
def lots(
    draw: Any, *, books: int = 3, contract_count: int = 4, unknown: bool = True, private: bool = True
) -> LotColumns:
    """Stocks, options and private lots of a few books in whole dollars and contracts; some without a usable price."""
    generator = np.random.default_rng(draw(seeds))
    size = draw(st.integers(1, 25))
    kind = generator.integers(0, 3 if private else 2, size)
    option, is_private = kind == 1, kind == 2
    contract = np.where(option, generator.integers(0, contract_count, size), -1)
    # Contract c is written on symbol c.
    symbol = np.where(option, contract, np.where(is_private, -1, generator.integers(0, SYMBOLS, size)))
    proxy = generator.choice([FOLLOWS_CASH, FOLLOWS_NOTHING, 0, 5, 9], size)
    sign = generator.choice([-1.0, 1.0], size)
    return LotColumns(
        portfolio=generator.integers(0, books, size),
        symbol=symbol,
        contract=contract,
        market_value=sign * generator.integers(2, 1_000_000, size),
        delta_dollars=np.where(option, sign * generator.integers(2, 1_000_000, size), np.nan),
        shares=np.where(option, sign * 100 * generator.integers(2, 50, size), 0.0),
        usable=~is_private & (generator.random(size) < 0.9) if unknown else ~is_private,
        is_private=is_private,
        proxy=np.where(is_private, proxy, FOLLOWS_NOTHING),
        proxy_multiple=np.where(is_private, generator.choice([0.5, 1.0, 2.0], size), 1.0),
    )


def taken(held: LotColumns, order: np.ndarray) -> LotColumns:
    return LotColumns(**{name: getattr(held, name)[order] for name in held.__dataclass_fields__})


def scaled(held: LotColumns, factor: float) -> LotColumns:
    return replace(
        held,
        market_value=factor * held.market_value,
        delta_dollars=factor * held.delta_dollars,
        shares=factor * held.shares,
    )
