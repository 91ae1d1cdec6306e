"""Phase 3: every portfolio-level number of a shard, session by session, and their publication."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from analytics.batch.book_correlations import TagNames, book_correlations
from analytics.batch.book_inputs import Book, Floats, Ints, Market, SymbolNumbers, lay_out, load_market, no_numbers
from analytics.batch.book_results import Results
from analytics.batch.book_risk import BookHistory, history_of, portfolio_returns, risk_figures
from analytics.batch.book_sectors import sector_documents
from analytics.batch.book_status import engine_documents
from analytics.batch.book_stress import stress_columns
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
from analytics.batch.session_groups import session_groups, tails_of, volatilities_of
from analytics.batch.steps import StepMeter
from analytics.batch.symbol_results import (
    ScenarioFactors,
    SymbolFactors,
    load_factor_covariances,
    load_scenario_factors,
    load_symbol_factors,
)
from analytics.batch.symbols import HISTORY
from analytics.batch.target_values import weigh_targets
from analytics.engines.aggregation import factor_exposures
from analytics.engines.beta import ols_beta
from analytics.engines.concentration import concentration
from analytics.engines.exposure import by_book, exposures, true_notional
from analytics.engines.factors import JOINT_HALF_LIFE, JOINT_MINIMUM, JOINT_WINDOW, joint_factor_returns, variance_parts
from analytics.engines.regression import exponential_weights, fit
from analytics.engines.sector import sector_dollars
from analytics.engines.tails import TailTable
from marketdata import calendar
from portfolios.services.dirty import clear_dirty
from sigmasight.core.bulk import array_text

BETA_WINDOW, BETA_MINIMUM = 90, 30


@dataclass(frozen=True)
class ShardInputs:
    """All that the engines need of a shard, of every session: its lots and contracts, the market, and what was computed once for
    all holders."""

    market: Market
    facts: LotFacts
    contracts: ContractFacts
    holdings: dict[dt.date, Holdings]
    contract_values: dict[dt.date, ContractValues]
    factors: dict[dt.date, SymbolFactors]
    shocks: dict[dt.date, ScenarioFactors]
    covariances: dict[dt.date, Floats]
    tags: TagNames
    family: str

    @classmethod
    def read(cls, plan: Plan, family: str) -> ShardInputs:
        ids, first, last = [need.portfolio_id for need in plan.needs], plan.first, plan.target
        market = load_market(plan)
        facts, contracts = load_lots(ids, market.universe)
        needed = market.universe.security[needed_symbols(facts, market)]
        return cls(
            market, facts, contracts, load_holdings(ids, facts, first, last), load_contract_values(contracts, first, last),
            load_symbol_factors(market.universe, first, last, needed), load_scenario_factors(market.scenarios.ids, first, last),
            load_factor_covariances(first, last), TagNames(), family,
        )  # fmt: skip

    def book(self, session: dt.date) -> Book:
        """The books at a session."""
        values = self.contract_values.get(session) or no_contract_values(len(self.contracts.security))
        return lay_out(self.holdings[session], self.facts, self.contracts, values, self.market.universe)

    def numbers(self, session: dt.date) -> SymbolNumbers:
        """What was stored for all holders at a session, unknown where it lacks."""
        nothing = no_numbers(self.market.universe, self.market.scenarios)
        return SymbolNumbers(
            self.factors.get(session) or nothing.factors,
            self.shocks.get(session) or nothing.scenarios,
            self.covariances.get(session, nothing.covariance),
        )


def analyse_shard(plan: Plan, meter: StepMeter, family: str) -> None:
    """Compute and store every engine's results for all sessions of the shard's plan, then publish them.

    Readers see a portfolio's results up to `Portfolio.results_as_of`, which moves in the transaction that stores them.
    """
    ids = [need.portfolio_id for need in plan.needs]
    with meter.part("read"):
        shard = ShardInputs.read(plan, family)
    results = Results(ids, shard.facts)
    lots: list[tuple[Ints, Ints]] = []
    firsts = np.array([np.datetime64(need.first) for need in plan.needs])
    for sessions in session_groups([session for session in plan.sessions if session in shard.holdings], len(ids)):
        with meter.part("compute"):
            group = [past_of(session, shard, meter) for session in sessions]
            with meter.engine("volatility"):
                volatilities = volatilities_of([past.series for past in group])
            with meter.engine("value at risk"):
                tails = tails_of([past.history for past in group])
            for past, volatility, tail in zip(group, volatilities, tails, strict=True):
                held = past.book.holdings
                wanted = held.present & (firsts <= np.datetime64(past.session))
                analyse_session(past, wanted, volatility, tail, shard, results, meter)
                if wanted.any():
                    lots.append((held.portfolio, held.lot))
    results.attach_lots(lots)
    with meter.part("write"):
        for table, count in results.store():
            meter.wrote(table, count)
        publish(plan)
        # People who write targets lock the portfolio first, and so does this.
        meter.rows_written += weigh_targets(ids, plan.target)


def publish(plan: Plan) -> None:
    """Show the results up to the plan's target, and take back the dirty marks that were seen when it was made."""
    ids = array_text([need.portfolio_id for need in plan.needs])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE portfolios SET results_as_of = %s WHERE id = ANY(%s::uuid[])", [plan.target, ids])
    for need in plan.needs:
        if need.dirty_seen is not None:
            clear_dirty(need.portfolio_id, need.dirty_seen, need.stamp)


def needed_symbols(facts: LotFacts, market: Market) -> Ints:
    """Columns whose loadings the shard's books take: what they hold or follow, the funds of its sectors, the factor funds."""
    universe = market.universe
    held = np.concatenate([facts.column[facts.column >= 0], facts.proxy[facts.proxy >= 0]])
    columns = np.concatenate([held, universe.sector_fund_columns[held], universe.factor_columns])
    return np.unique(columns[columns >= 0])


@dataclass(frozen=True)
class SessionPast:
    """The books of one session and what they would have done before: daily returns `series` (T, P), and `history` in dollars.
    `row` : the market's row after the session's."""

    session: dt.date
    row: int
    book: Book
    series: Floats
    history: BookHistory


def past_of(session: dt.date, shard: ShardInputs, meter: StepMeter) -> SessionPast:
    """The books of a session under the moves of past ones."""
    book, market = shard.book(session), shard.market
    row = calendar.session_ordinal(session) - market.first_row + 1
    with meter.engine("volatility"):
        series = portfolio_returns(book, market, slice(max(0, row - HISTORY), row))
    with meter.engine("value at risk"):
        history = history_of(book, market, row)
    return SessionPast(session, row, book, series, history)


def analyse_session(
    past: SessionPast, wanted: NDArray[np.bool_], volatility: dict[str, Any], tail: TailTable, shard: ShardInputs, results: Results,
    meter: StepMeter,
) -> None:  # fmt: skip
    """Every engine on every book of the shard at one session; rows of unwanted books are not kept."""
    session, row, book, series = past.session, past.row, past.book, past.series
    held, facts, market, numbers = book.holdings, shard.facts, shard.market, shard.numbers(session)
    recent = slice(max(0, row - 90), row)
    with meter.engine("exposures, Greeks, concentration"):
        snapshot = snapshot_columns(book, facts, shard.contracts)
        sectors = sector_dollars(
            held.market_value, held.portfolio, facts.sector[held.lot], len(held.equity), len(SECTOR_LABELS)
        )
    with meter.engine("factors"):
        factor = _factor_columns(book, market, numbers, series, row)
    with meter.engine("value at risk"):
        risk = risk_figures(book, past.history, tail)
    with meter.engine("stress, scenarios"):
        stress = stress_columns(book, facts, market, numbers, factor, wanted)
    with meter.engine("correlations"):
        correlations = book_correlations(
            session,
            wanted,
            book,
            facts,
            market.universe,
            np.log1p(market.returns[recent]),
            market.funds[recent, 0],
            shard.tags,
        )
    with meter.engine("documents"):
        documents = engine_documents(wanted, book, facts, factor, stress, risk, volatility, correlations, series)
        results.add(
            session, wanted, snapshot, volatility, factor, stress, risk, correlations, documents,
            sector_documents(session, sectors, held.equity, market.benchmarks), shard.family,
        )  # fmt: skip


def snapshot_columns(book: Book, facts: LotFacts, contracts: ContractFacts) -> dict[str, Any]:
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


def _factor_columns(book: Book, market: Market, numbers: SymbolNumbers, series: Floats, row: int) -> dict[str, Any]:
    """Exposures to the 13 factors and the joint ones, and the regression of the book's own series that checks them."""
    equity, held = book.holdings.equity, book.mapped.delta
    apart = book.mapped.uncovered + book.mapped.private_dollars
    slots = numbers.factors.betas.shape[1]
    both = factor_exposures(held, np.hstack([numbers.factors.betas, numbers.factors.joint]), equity, uncovered=apart)
    quoted = factor_exposures(book.mapped.stock, numbers.factors.betas[:, 1:2], equity, uncovered=apart)
    value, dollar, coverage = (table[:, :slots].copy() for table in (both.value, both.dollar, both.coverage))
    value[:, 1], dollar[:, 1], coverage[:, 1] = quoted.value[:, 0], quoted.dollar[:, 0], quoted.coverage[:, 0]
    joint_value, joint_dollar = both.value[:, slots:], both.dollar[:, slots:]
    recent = slice(max(0, row - JOINT_WINDOW), row)
    own = series[-JOINT_WINDOW:]
    direct = fit(
        own, joint_factor_returns(market.funds[recent])[-len(own) :], weights=exponential_weights(len(own), JOINT_HALF_LIFE),
        min_observations=JOINT_MINIMUM, newey_west=True,
    )  # fmt: skip
    parts = variance_parts(
        joint_value, numbers.covariance, book.mapped.delta, numbers.factors.residual_volatility, equity
    )
    check = ols_beta(
        series[-BETA_WINDOW:],
        market.funds[max(0, row - BETA_WINDOW) : row, 0][-len(series[-BETA_WINDOW:]) :],
        min_observations=BETA_MINIMUM,
        newey_west=False,
    )
    return {
        "exposure_value": value, "exposure_dollar": dollar, "coverage": coverage, "joint_value": joint_value,
        "joint_dollar": joint_dollar, "direct_value": direct.coefficients, "direct_std_error": direct.newey_west,
        "factor_volatility": parts.factor, "specific_volatility": parts.specific, "r_squared": direct.r_squared,
        "beta_regression": check.beta, "beta_r_squared": check.r_squared, "beta_observations": check.observations,
    }  # fmt: skip
