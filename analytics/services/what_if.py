"""What a portfolio's figures would be after trades that are only thought of. Nothing is stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np

from analytics.batch.book_inputs import Book, Floats, Market, SymbolNumbers, no_numbers, stand_ins
from analytics.batch.book_risk import portfolio_returns, risk_columns
from analytics.batch.book_stress import scenario_moves, stress_loadings
from analytics.batch.books import snapshot_columns
from analytics.batch.holdings import SECTOR_LABELS, ContractFacts, LotFacts
from analytics.batch.symbol_results import load_factor_covariances, load_scenario_factors, load_symbol_factors
from analytics.batch.symbols import HISTORY, fund_returns, load_scenarios, volatility_columns
from analytics.engines.aggregation import factor_exposures
from analytics.engines.exposure import exposures
from analytics.engines.factors import JOINT_FACTORS, variance_parts
from analytics.engines.risk import LOOKBACK
from analytics.engines.scenarios import MARKET
from analytics.engines.sector import sector_dollars
from analytics.engines.stress import stress_books
from analytics.services.diversification import spread_of
from analytics.services.explained_parts import TAIL_NAMES
from analytics.services.factors import Definition, definitions
from analytics.services.published import PublishedBook, published_book
from analytics.services.traded_book import PricedTrade, Trade, TradedBook, traded_book
from marketdata import calendar
from marketdata.services.panel import load_panel
from portfolios.models import User
from sigmasight.core.errors import DomainError

MOST_TRADES = 20
PROVIDER_SLOT = 1
CENTS, DIGITS, FINE = 2, 6, 8
PLAIN = "move:"


@dataclass(frozen=True)
class Measures:
    """Figures of a book. Dollars: `cash`, `long`, `short` (negative), `gross`, `net`, the last two also with options at their
    delta; `gamma` for 1 % of the underlyings, `theta` a day, `vega` a point of volatility; `value_at_risk` and `expected_shortfall`
    (historical, one session, 95 and 99 %) and `daily_volatility` are positive losses, as are all sixteen `tails_*` by name
    (filtered_99_10d); `stress` P&L by scenario id. Fractions: `leverage` gross over equity, volatilities a year, `factor_volatility` and
    `specific_volatility` a session, `top_3` of gross value, `sectors_gross` and `sectors_net` of equity. `factors` and
    `joint_factors` : betas and joint loadings by name, per dollar of equity. `diversification_ratio`, `effective_bets` :
    `engines.bets`. Unknown is None or left out."""

    cash: float
    long: float
    short: float
    gross: float
    net: float
    delta_gross: float
    delta_net: float
    leverage: float | None
    hhi: float | None
    effective_positions: float | None
    top_3: float | None
    value_at_risk_95: float | None
    expected_shortfall_95: float | None
    value_at_risk_99: float | None
    expected_shortfall_99: float | None
    daily_volatility: float | None
    tails_value_at_risk: Mapping[str, float]
    tails_expected_shortfall: Mapping[str, float]
    gamma: float
    theta: float
    vega: float
    diversification_ratio: float | None
    effective_bets: float | None
    joint_factors: Mapping[str, float]
    factor_volatility: float | None
    specific_volatility: float | None
    realized_volatility_21d: float | None
    expected_volatility_21d: float | None
    factors: Mapping[str, float]
    sectors_gross: Mapping[str, float]
    sectors_net: Mapping[str, float]
    stress: Mapping[str, float]


@dataclass(frozen=True)
class WhatIf:
    """A book at its published session before and after trades at that session's prices, paid from or into cash, without costs.
    `equity` does not change."""

    session: dt.date
    equity: float
    trades: tuple[PricedTrade, ...]
    before: Measures
    after: Measures


def what_if(user: User, portfolio_id: UUID, trades: Sequence[Trade]) -> tuple[PublishedBook, WhatIf | None]:
    """The figures of a person's portfolio before and after trades, by the engines and on the inputs of its published night.

    Those before are the stored ones. None before the first night.

    Raises
    ------
    NotFound for unknown and foreign portfolios. DomainError for no trades, too many, or what cannot be traded.
    """
    if not 0 < len(trades) <= MOST_TRADES:
        raise DomainError("trades_wanted", f"Give 1 to {MOST_TRADES} trades.")
    book = published_book(user, portfolio_id)
    if book.as_of is None:
        return book, None
    traded = traded_book(portfolio_id, book.as_of, trades)
    if traded is None:
        return book, None
    market, numbers = _market(traded), _numbers(traded)
    named = definitions()
    before, after = (
        _measure(one, facts, traded.contracts, market, numbers, named)
        for one, facts in zip(traded.books, traded.facts, strict=True)
    )
    return book, WhatIf(book.as_of, traded.equity, traded.trades, before, after)


def _market(traded: TradedBook) -> Market:
    """Returns of the securities over the night's history, read for this book alone."""
    first = calendar.shift(traded.session, -HISTORY)
    panel = load_panel(traded.universe.security, first, traded.session)
    returns = np.asfortranarray(panel.simple_returns())
    funds = fund_returns(traded.universe, returns)
    filled = np.asfortranarray(stand_ins(returns, traded.universe.sector_fund_columns, funds[:, MARKET]))
    return Market(traded.universe, panel.first_ordinal, returns, filled, funds, load_scenarios(), [])


def _numbers(traded: TradedBook) -> SymbolNumbers:
    """The stored betas of the securities and shocks of the scenarios."""
    session, universe, scenarios = traded.session, traded.universe, load_scenarios()
    nothing = no_numbers(universe, scenarios)
    factors = load_symbol_factors(universe, session, session, universe.security).get(session)
    shocks = load_scenario_factors(scenarios.ids, session, session).get(session)
    covariance = load_factor_covariances(session, session).get(session, nothing.covariance)
    return SymbolNumbers(factors or nothing.factors, shocks or nothing.scenarios, covariance)


def _measure(
    book: Book, facts: LotFacts, contracts: ContractFacts, market: Market, numbers: SymbolNumbers, named: Sequence[Definition]
) -> Measures:  # fmt: skip
    held = book.holdings
    equity = float(held.equity[0])
    row = calendar.session_ordinal(held.session) - market.first_row + 1
    plain = exposures(held.market_value, held.portfolio, 1)
    columns = {name: float(value[0]) for name, value in snapshot_columns(book, facts, contracts).items()}
    risk = risk_columns(book, market, row)
    window = slice(max(0, row - LOOKBACK), row)
    spread = spread_of(book, market.universe, market.returns[window], market.filled[window])
    series = portfolio_returns(book, market, slice(max(0, row - HISTORY), row))
    volatility = volatility_columns(series, None)
    gross, net = sector_dollars(held.market_value, held.portfolio, facts.sector[held.lot], 1, len(SECTOR_LABELS))
    return Measures(
        cash=round(equity - float(plain.net[0]), CENTS),
        long=round(float(plain.long[0]), CENTS) + 0.0,
        short=round(float(plain.short[0]), CENTS) + 0.0,
        gross=round(float(plain.gross[0]), CENTS) + 0.0,
        net=round(float(plain.net[0]), CENTS) + 0.0,
        delta_gross=round(columns["gross_delta_exposure"], CENTS),
        delta_net=round(columns["net_delta_exposure"], CENTS) + 0.0,
        leverage=_known(plain.gross[0] / equity) if equity > 0 else None,
        hhi=_known(columns["hhi"]),
        effective_positions=_known(columns["effective_num_positions"]),
        top_3=_known(columns["top_3_concentration"]),
        value_at_risk_95=_known(risk["var_95_1d"][0], CENTS),
        expected_shortfall_95=_known(risk["es_95_1d"][0], CENTS),
        value_at_risk_99=_known(risk["var_99_1d"][0], CENTS),
        expected_shortfall_99=_known(risk["es_99_1d"][0], CENTS),
        daily_volatility=_known(risk["volatility_daily"][0], CENTS),
        tails_value_at_risk=_named(TAIL_NAMES, risk["tail_var"][0], CENTS),
        tails_expected_shortfall=_named(TAIL_NAMES, risk["tail_expected_shortfall"][0], CENTS),
        gamma=round(columns["portfolio_gamma"], CENTS) + 0.0,
        theta=round(columns["portfolio_theta"], CENTS) + 0.0,
        vega=round(columns["portfolio_vega"], CENTS) + 0.0,
        diversification_ratio=spread.diversification_ratio,
        effective_bets=spread.effective_bets,
        **_joint(book, numbers),
        realized_volatility_21d=_known(volatility["realized_volatility_21d"][0]),
        expected_volatility_21d=_known(volatility["expected_volatility_21d"][0]),
        factors=_factors(book, numbers, named),
        sectors_gross=_shares(gross[0], equity),
        sectors_net=_shares(net[0], equity, where=gross[0]),
        stress=_stress(book, market, numbers),
    )


def _factors(book: Book, numbers: SymbolNumbers, named: Sequence[Definition]) -> dict[str, float]:
    """As the night does: a provider quotes the beta of a share, not of a contract."""
    apart = book.mapped.uncovered + book.mapped.private_dollars
    value = factor_exposures(book.mapped.delta, numbers.factors.betas, book.holdings.equity, uncovered=apart).value
    quoted = numbers.factors.betas[:, PROVIDER_SLOT : PROVIDER_SLOT + 1]
    stock = factor_exposures(book.mapped.stock, quoted, book.holdings.equity, uncovered=apart).value
    value = value.copy()
    value[:, PROVIDER_SLOT] = stock[:, 0]
    told = {one.name: _known(value[0, one.slot]) for one in named if one.slot < value.shape[1]}
    return {name: beta for name, beta in told.items() if beta is not None}


def _joint(book: Book, numbers: SymbolNumbers) -> dict[str, Any]:
    """Loadings on the joint factors and the two parts of the volatility, as the night makes them."""
    apart = book.mapped.uncovered + book.mapped.private_dollars
    equity = book.holdings.equity
    loadings = factor_exposures(book.mapped.delta, numbers.factors.joint, equity, uncovered=apart).value
    residual = numbers.factors.residual_volatility
    parts = variance_parts(loadings, numbers.covariance, book.mapped.delta, residual, equity)
    return {
        "joint_factors": _named(JOINT_FACTORS, loadings[0]),
        "factor_volatility": _known(parts.factor[0], FINE),
        "specific_volatility": _known(parts.specific[0], FINE),
    }


def _named(names: Sequence[str], values: Floats, digits: int = DIGITS) -> dict[str, float]:
    """By name, those that are known."""
    return {
        name: round(value, digits) + 0.0 for name, value in zip(names, values.tolist(), strict=True) if value == value
    }


def _stress(book: Book, market: Market, numbers: SymbolNumbers) -> dict[str, float]:
    loadings = stress_loadings(numbers.factors.shrunk, market.universe.sector_fund_columns)
    moves = scenario_moves(market.scenarios, numbers, loadings, market.universe.factor_columns)
    pnl = stress_books(book.held, loadings, moves, book.terms, book.underlying).correlated_pnl[0]
    return {
        name: round(float(value), CENTS) + 0.0
        for name, value in zip(market.scenarios.ids, pnl, strict=True)
        if not name.startswith(PLAIN) and not np.isnan(value)
    }


def _shares(dollars: Floats, equity: float, *, where: Floats | None = None) -> dict[str, float]:
    if equity <= 0:
        return {}
    there = np.flatnonzero(dollars if where is None else where)
    return {SECTOR_LABELS[s]: round(float(dollars[s] / equity), DIGITS) + 0.0 for s in there}


def _known(value: float, digits: int = DIGITS) -> float | None:
    return None if np.isnan(value) else round(float(value), digits) + 0.0
