"""Phase 3: every portfolio-level number of a shard, session by session, and their publication."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from analytics.batch.book_correlations import book_correlations, load_tag_names
from analytics.batch.book_results import Results
from analytics.batch.book_sectors import Benchmarks, load_benchmarks, sector_documents
from analytics.batch.book_status import engine_documents
from analytics.batch.holdings import (
    SECTOR_LABELS,
    ContractFacts,
    ContractValues,
    Holdings,
    LotFacts,
    load_contract_values,
    load_holdings,
    load_lots,
    no_contract_values,
)
from analytics.batch.scope import Plan
from analytics.batch.steps import StepMeter
from analytics.batch.symbol_results import ScenarioFactors, SymbolFactors, load_scenario_factors, load_symbol_factors
from analytics.batch.symbols import HISTORY, fund_returns, load_scenarios, volatility_columns
from analytics.batch.universe import Universe, load_universe
from analytics.engines.aggregation import factor_exposures
from analytics.engines.beta import ols_beta
from analytics.engines.concentration import concentration
from analytics.engines.exposure import by_book, delta_dollars, exposures, true_notional
from analytics.engines.factors import JOINT_HALF_LIFE, JOINT_MINIMUM, JOINT_WINDOW, joint_factor_returns
from analytics.engines.regression import exponential_weights, fit
from analytics.engines.risk import LOOKBACK, historical_tail, lot_contributions
from analytics.engines.scenarios import FactorShocks, ScenarioShocks, direct_shocks, symbol_returns, with_shocked_funds
from analytics.engines.sector import sector_dollars
from analytics.engines.stress import Contracts, option_changes
from analytics.models import MARKET_SCENARIOS
from marketdata import calendar
from marketdata.services.panel import load_panel
from portfolios.models import Portfolio
from portfolios.services.dirty import clear_dirty

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RETURN_COVER = 0.95
BETA_WINDOW, BETA_MINIMUM = 90, 30


@dataclass(frozen=True)
class Market:
    """What all sessions of a shard share: returns by universe column and what fills their holes."""

    universe: Universe
    first_row: int
    returns: Floats
    filled: Floats
    funds: Floats
    scenarios: ScenarioShocks
    benchmarks: Benchmarks


@dataclass(frozen=True)
class SymbolNumbers:
    """Symbol-level results of one session."""

    factors: SymbolFactors
    scenarios: ScenarioFactors


@dataclass(frozen=True)
class Book:
    """One session of the shard as the engines see it. Dollars by book and universe column: `delta` (stocks and options), `stock`
    and `private` (what they follow), sparse (P, N); `shares` by book and contract (P, C)."""

    holdings: Holdings
    values: ContractValues
    dollars: Floats
    delta: csr_matrix
    stock: csr_matrix
    private: csr_matrix
    shares: csr_matrix
    uncovered: Floats
    private_uncovered: Floats


def analyse_shard(plan: Plan, meter: StepMeter, family: str) -> None:
    """Compute and store every engine's results for all sessions of the shard's plan, then publish them.

    Readers see a portfolio's results up to `Portfolio.results_as_of`, which moves in the transaction that stores them.
    """
    ids = [need.portfolio_id for need in plan.needs]
    with meter.part("read"):
        market = _load_market(plan)
        facts, contracts = load_lots(ids, market.universe)
        holdings = load_holdings(ids, facts, plan.first, plan.target)
        contract_values = load_contract_values(contracts, plan.first, plan.target)
        wanted = np.unique(
            np.concatenate(
                [facts.column[facts.column >= 0], facts.proxy[facts.proxy >= 0], market.universe.factor_columns]
            )
        )
        factors = load_symbol_factors(
            market.universe, plan.first, plan.target, market.universe.security[wanted[wanted >= 0]]
        )
        shocks = load_scenario_factors(market.scenarios.ids, plan.first, plan.target)
        tags = load_tag_names(ids)
    results = Results(ids, facts)
    lots: list[tuple[Ints, Ints]] = []
    firsts = np.array([np.datetime64(need.first) for need in plan.needs])
    for session in plan.sessions:
        held = holdings.get(session)
        if held is None:
            continue
        with meter.part("compute"):
            numbers = SymbolNumbers(
                factors.get(session) or _no_factors(market.universe),
                shocks.get(session) or _no_scenarios(market.scenarios),
            )
            values = contract_values.get(session) or no_contract_values(len(contracts.security))
            book = _book(held, facts, contracts, values, market.universe)
            wanted_books = held.present & (firsts <= np.datetime64(session))
            analyse_session(session, wanted_books, book, facts, contracts, market, numbers, tags, results, family)
            if wanted_books.any():
                lots.append((held.portfolio, held.lot))
    results.attach_lots(lots)
    with meter.part("write"):
        for table, count in results.store():
            meter.wrote(table, count)
        publish(plan)


def publish(plan: Plan) -> None:
    """Show the results up to the plan's target, and take back the dirty marks that were seen when it was made."""
    Portfolio.objects.filter(id__in=[need.portfolio_id for need in plan.needs]).update(results_as_of=plan.target)
    for need in plan.needs:
        if need.dirty_seen is not None:
            clear_dirty(need.portfolio_id, need.dirty_seen, need.stamp)


def _load_market(plan: Plan) -> Market:
    universe = load_universe()
    panel = load_panel(universe.security, calendar.shift(plan.sessions[0], -HISTORY), plan.target)
    returns = panel.simple_returns()
    stand_in = universe.sector_fund_columns
    replacement = np.where(stand_in >= 0, returns[:, np.maximum(stand_in, 0)], np.nan)
    return Market(
        universe=universe,
        first_row=panel.first_ordinal,
        returns=returns,
        filled=np.where(np.isnan(returns), replacement, returns),
        funds=fund_returns(universe, returns),
        scenarios=load_scenarios(),
        benchmarks=load_benchmarks(),
    )


def _no_factors(universe: Universe) -> SymbolFactors:
    count = len(universe.security)
    return SymbolFactors(np.full((count, 13), np.nan), np.full((count, 7), np.nan), np.full((count, 7), np.nan))


def _no_scenarios(scenarios: ScenarioShocks) -> ScenarioFactors:
    count = len(scenarios.ids)
    nothing = np.full((count, 7), np.nan)
    return ScenarioFactors(nothing, nothing, np.full(count, np.nan), np.full(count, np.nan))


def _sparse(values: Floats, row: Ints, column: Ints, shape: tuple[int, int]) -> csr_matrix:
    inside = (column >= 0) & ~np.isnan(values)
    return csr_matrix((values[inside], (row[inside], column[inside])), shape=shape)


def _book(
    held: Holdings, facts: LotFacts, contracts: ContractFacts, values: ContractValues, universe: Universe
) -> Book:
    lot, portfolio = held.lot, held.portfolio
    is_option, is_private = facts.is_option[lot], facts.is_private[lot]
    column, contract = facts.column[lot], facts.contract[lot]
    if len(contracts.security):
        place = np.maximum(contract, 0)
        option_dollars = delta_dollars(held.quantity, facts.multiplier[lot], values.delta[place], values.spot[place])
    else:
        option_dollars = np.full(len(lot), np.nan)
    dollars = np.where(is_option, option_dollars, held.market_value)
    # A lot without a usable price stays in the exposures at its last mark, and out of every risk number.
    risky = np.where(is_private | ((column >= 0) & held.usable), dollars, np.nan)
    count, width = len(held.equity), len(universe.security)
    unknown = ~is_private & np.isnan(risky)
    fallback = np.where(np.isnan(dollars), np.abs(held.market_value), np.abs(dollars))
    proxy = np.where(is_private, facts.proxy[lot], -1)
    return Book(
        holdings=held,
        values=values,
        dollars=dollars,
        delta=_sparse(np.where(is_private, np.nan, risky), portfolio, column, (count, width)),
        stock=_sparse(np.where(is_option | is_private, np.nan, risky), portfolio, column, (count, width)),
        private=_sparse(held.market_value * facts.proxy_multiple[lot], portfolio, proxy, (count, width)),
        shares=_sparse(
            np.where(np.isnan(risky), np.nan, held.quantity * facts.multiplier[lot]), portfolio, np.where(is_option, contract, -1),
            (count, max(len(contracts.security), 1)),
        ),
        uncovered=by_book(np.where(unknown, fallback, 0.0), portfolio, count),
        private_uncovered=by_book(np.where(is_private & (facts.proxy[lot] == -1), np.abs(held.market_value), 0.0), portfolio, count),
    )  # fmt: skip


def analyse_session(
    session: dt.date, wanted: NDArray[np.bool_], book: Book, facts: LotFacts, contracts: ContractFacts, market: Market,
    numbers: SymbolNumbers, tags: dict[bytes, tuple[str, ...]], results: Results, family: str,
) -> None:  # fmt: skip
    """Every engine on every book of the shard at one session; rows of unwanted books are not kept."""
    held = book.holdings
    row = calendar.session_ordinal(session) - market.first_row + 1
    window = slice(max(0, row - HISTORY), row)
    private_dollars = by_book(
        np.where(facts.is_private[held.lot], np.abs(held.market_value), 0.0), held.portfolio, len(held.equity)
    )
    snapshot = _snapshot_columns(book, facts, contracts)
    series = portfolio_returns(book, market, window)
    volatility = volatility_columns(series, None)
    factor = _factor_columns(book, market, numbers, series, row, private_dollars)
    risk = _risk_columns(book, facts, contracts, market, row)
    stress = stress_columns(book, contracts, market, numbers, private_dollars, factor)
    sectors = sector_dollars(
        held.market_value, held.portfolio, facts.sector[held.lot], len(held.equity), len(SECTOR_LABELS)
    )
    correlations = book_correlations(
        session,
        wanted,
        book,
        facts,
        market.universe,
        np.log1p(market.returns[max(0, row - 90) : row]),
        market.funds[max(0, row - 90) : row, 0],
        tags,
    )
    documents = engine_documents(wanted, book, facts, factor, stress, risk, volatility, correlations, series)
    results.add(
        session, wanted, snapshot, volatility, factor, stress, risk, correlations, documents,
        sector_documents(session, sectors, held.equity, market.benchmarks), family,
    )  # fmt: skip


def _snapshot_columns(book: Book, facts: LotFacts, contracts: ContractFacts) -> dict[str, Any]:
    """The analytics block of `PortfolioSnapshot`, (P,) each."""
    held = book.holdings
    lot, portfolio, count = held.lot, held.portfolio, len(held.equity)
    is_option = facts.is_option[lot]
    shares = held.quantity * facts.multiplier[lot]
    columns: dict[str, Any] = {"portfolio_delta": by_book(book.dollars, portfolio, count)}
    if len(contracts.security):
        place = np.maximum(facts.contract[lot], 0)
        spot = book.values.spot[place]
        greeks = {
            "portfolio_gamma": shares * book.values.gamma[place] * spot**2 / 100,
            "portfolio_theta": shares * book.values.theta[place],
            "portfolio_vega": shares * book.values.vega[place],
        }
    else:
        spot = np.full(len(lot), np.nan)
        greeks = dict.fromkeys(("portfolio_gamma", "portfolio_theta", "portfolio_vega"), np.zeros(len(lot)))
    columns |= {name: by_book(np.where(is_option, value, 0.0), portfolio, count) for name, value in greeks.items()}
    delta = exposures(book.dollars, portfolio, count)
    weights = concentration(held.market_value, portfolio, facts.symbol[lot], count)
    return columns | {
        "gross_delta_exposure": delta.gross,
        "net_delta_exposure": delta.net,
        "true_notional": by_book(
            true_notional(held.quantity, facts.multiplier[lot], held.price, spot, is_option), portfolio, count
        ),
        "hhi": weights.hhi,
        "effective_num_positions": weights.effective_number,
        "top_3_concentration": weights.top_3,
        "top_10_concentration": weights.top_10,
    }


def _used_sessions(book: Book, returns: Floats) -> NDArray[np.bool_]:
    """(T, P): sessions on which at least 95 % of a book's delta dollars has a return."""
    known = (~np.isnan(returns)).astype(np.float64)
    size = abs(book.delta)
    covered = (size @ known.T).T
    total = np.asarray(size.sum(axis=1)).ravel() + book.uncovered
    return (covered >= RETURN_COVER * total) & (total > 0)


def portfolio_returns(book: Book, market: Market, window: slice) -> Floats:
    """Daily returns of today's books over the window, (T, P): delta dollars times symbol returns over equity.

    Cash and private holdings earn nothing. A missing return is that of the sector's fund; a session with under 95 % of the
    dollars covered is NaN, as are books without positive equity.
    """
    filled = market.filled[window]
    used = _used_sessions(book, filled)
    pnl = (book.delta @ np.nan_to_num(filled).T).T
    equity = np.where(book.holdings.equity > 0, book.holdings.equity, np.nan)
    return np.where(used, pnl / equity, np.nan)


def _factor_columns(
    book: Book, market: Market, numbers: SymbolNumbers, series: Floats, row: int, private: Floats
) -> dict[str, Any]:
    """Exposures to the 13 factors and the joint ones, and the regression of the book's own series that checks them."""
    equity, held = book.holdings.equity, book.delta.toarray()
    apart = book.uncovered + private
    plain = factor_exposures(held, numbers.factors.betas, equity, uncovered=apart)
    stock = book.stock.toarray()
    quoted = factor_exposures(stock, numbers.factors.betas[:, 1:2], equity, uncovered=apart)
    value, dollar, coverage = plain.value.copy(), plain.dollar.copy(), plain.coverage.copy()
    value[:, 1], dollar[:, 1], coverage[:, 1] = quoted.value[:, 0], quoted.dollar[:, 0], quoted.coverage[:, 0]
    joint = factor_exposures(held, numbers.factors.joint, equity, uncovered=apart)
    recent = slice(max(0, row - JOINT_WINDOW), row)
    own = series[-JOINT_WINDOW:]
    direct = fit(
        own, joint_factor_returns(market.funds[recent])[-len(own) :], weights=exponential_weights(len(own), JOINT_HALF_LIFE),
        min_observations=JOINT_MINIMUM,
    )  # fmt: skip
    check = ols_beta(
        series[-BETA_WINDOW:],
        market.funds[max(0, row - BETA_WINDOW) : row, 0][-len(series[-BETA_WINDOW:]) :],
        min_observations=BETA_MINIMUM,
    )
    return {
        "exposure_value": value, "exposure_dollar": dollar, "coverage": coverage, "joint_value": joint.value,
        "joint_dollar": joint.dollar, "direct_value": direct.coefficients, "r_squared": direct.r_squared,
        "beta_regression": check.beta, "beta_r_squared": check.r_squared, "beta_observations": check.observations,
    }  # fmt: skip


def _contract_terms(book: Book, contracts: ContractFacts) -> Contracts:
    v = book.values
    return Contracts(
        v.spot,
        contracts.strike,
        np.maximum(v.years, 0.0),
        v.volatility,
        v.rate,
        v.dividend_yield,
        contracts.sign,
        contracts.is_index,
    )


def _risk_columns(book: Book, facts: LotFacts, contracts: ContractFacts, market: Market, row: int) -> dict[str, Any]:
    """Historical VaR and expected shortfall over 252 sessions with full option revaluation, and what each lot adds."""
    filled = market.filled[max(0, row - LOOKBACK) : row]
    used = _used_sessions(book, filled)
    returns = np.nan_to_num(filled)
    pnl = (book.stock @ returns.T).T
    changes = np.zeros((len(filled), 0))
    if len(contracts.security):
        columns = market.universe.columns(contracts.underlying)
        moves = np.where(columns >= 0, returns[:, np.maximum(columns, 0)], np.nan)
        nothing = np.zeros(len(filled))
        changes = option_changes(_contract_terms(book, contracts), moves, nothing, nothing, volatility_rule=False)
        pnl = pnl + (book.shares @ np.nan_to_num(changes).T).T
    pnl = np.where(used, pnl, np.nan)
    held = book.holdings
    lot = held.lot
    column = np.maximum(facts.column[lot], 0)
    stock = np.where(
        facts.is_option[lot] | facts.is_private[lot] | ~held.usable | (facts.column[lot] < 0), 0.0, held.market_value
    )
    lot_pnl = stock * returns[:, column]
    if changes.shape[1]:
        shares = np.where(facts.is_option[lot] & held.usable, held.quantity * facts.multiplier[lot], 0.0)
        lot_pnl = lot_pnl + shares * np.nan_to_num(changes)[:, np.maximum(facts.contract[lot], 0)]
    tails = {level: historical_tail(pnl, level / 100) for level in (95, 99)}
    known = ~np.isnan(pnl)
    deviation = np.full(pnl.shape[1], np.nan)
    enough = tails[95].observations >= 60
    if enough.any():
        deviation[enough] = np.nanstd(pnl[:, enough], axis=0, ddof=1)
    return {
        "var_95_1d": tails[95].var, "es_95_1d": tails[95].expected_shortfall,
        "var_99_1d": tails[99].var, "es_99_1d": tails[99].expected_shortfall,
        "volatility_daily": deviation, "observations": known.sum(axis=0),
        "component_volatility": lot_contributions(lot_pnl, held.portfolio, pnl),
    }  # fmt: skip


def stress_columns(
    book: Book,
    contracts: ContractFacts,
    market: Market,
    numbers: SymbolNumbers,
    private: Floats,
    factor: dict[str, Any],
) -> dict[str, Any]:
    """P&L of every book under every scenario, (P, K) each, with its parts; NaN for scenarios that could not be formed."""
    scenarios, shocks = market.scenarios, numbers.scenarios
    fund_columns = market.universe.factor_columns
    as_shocks = FactorShocks(
        shocks.factors, shocks.unbounded, shocks.factors, shocks.scale, shocks.scale, shocks.market_move, shocks.factors
    )
    shrunk = numbers.factors.shrunk
    plausible = with_shocked_funds(symbol_returns(shrunk, shocks.factors), scenarios, as_shocks, fund_columns)
    unbounded = symbol_returns(shrunk, shocks.unbounded)
    skipped = np.isnan(shocks.market_move)
    shift = np.nan_to_num(scenarios.yield_change)
    total, unlimited, without, private_pnl = _revalue(book, contracts, market, plausible, unbounded, shocks, shift)
    loadings = book.delta @ np.nan_to_num(shrunk)
    # Growth-Value and the other styles by the shocks the scenario names; rates by duration and convexity.
    direct = loadings @ direct_shocks(scenarios.funds).T
    parts = loadings[:, None, :] * np.nan_to_num(shocks.factors)[None]
    known = ~np.isnan(shrunk).any(axis=1)
    size = np.asarray(abs(book.delta).sum(axis=1)).ravel()
    covered = abs(book.delta) @ known.astype(np.float64) + private - book.private_uncovered  # type: ignore[operator]
    whole = size + book.uncovered + private
    with np.errstate(divide="ignore", invalid="ignore"):
        coverage = np.where(whole > 0, np.clip(covered / whole, 0.0, 1.0), np.nan)
    linear = np.column_stack([_linear(name, move, factor, market) for name, move in MARKET_SCENARIOS])
    for matrix in (total, unlimited, without, private_pnl, direct):
        matrix[:, skipped] = np.nan
    impacts = np.concatenate([parts, private_pnl[:, :, None]], axis=2)
    impacts[:, skipped] = np.nan
    return {
        "correlated_pnl": total, "unbounded_pnl": unlimited, "correlated_pnl_without_vol_shock": without,
        "private_pnl": private_pnl, "direct_pnl": direct, "factor_impacts": impacts,
        "unexplained": total - impacts.sum(axis=2), "coverage": coverage, "covered": covered, "linear_pnl": linear,
    }  # fmt: skip


def _revalue(
    book: Book,
    contracts: ContractFacts,
    market: Market,
    plausible: Floats,
    unbounded: Floats,
    shocks: ScenarioFactors,
    shift: Floats,
) -> tuple[Floats, Floats, Floats, Floats]:
    move = np.nan_to_num(shocks.market_move)
    private = np.asarray(book.private @ np.nan_to_num(plausible).T)
    stock = np.asarray(book.stock @ np.nan_to_num(plausible).T)
    stock_unbounded = np.asarray(book.stock @ np.nan_to_num(unbounded).T) + np.asarray(
        book.private @ np.nan_to_num(unbounded).T
    )
    if not len(contracts.security):
        return stock + private, stock_unbounded, stock + private, private
    columns = market.universe.columns(contracts.underlying)
    terms = _contract_terms(book, contracts)

    def options(returns: Floats, rule: bool) -> Floats:
        moves = np.where(columns >= 0, returns[:, np.maximum(columns, 0)], np.nan)
        return np.asarray(
            book.shares @ np.nan_to_num(option_changes(terms, moves, move, shift, volatility_rule=rule)).T
        )

    return (
        stock + private + options(plausible, rule=True),
        stock_unbounded + options(unbounded, rule=True),
        stock + private + options(plausible, rule=False),
        private,
    )


def _linear(name: str, move: float, factor: dict[str, Any], market: Market) -> Floats:
    """First-order P&L of a plain move: market beta times the move, or the rate loading times duration."""
    if name.startswith("ir_"):
        return np.asarray(-factor["joint_dollar"][:, 6] * settings.RATE_PROXY_DURATION * move)
    return np.asarray(factor["exposure_dollar"][:, 0] * move)
