"""What holds for books under any scenario: parts and wholes, order, size, options, and what is not known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.engines.greeks import price_only
from analytics.engines.holdings import FOLLOWS_NOTHING, LotColumns, book_holdings, known_lots
from analytics.engines.scenarios import MARKET, ScenarioShocks, condition, symbol_returns, with_shocked_funds
from analytics.engines.stress import (
    BookStress,
    Contracts,
    Moves,
    by_portfolio,
    first_order_pnl,
    lot_pnl,
    option_changes,
    outcome,
    stress_books,
    summarise,
)
from tests.analytics.engines.stress_strategies import (
    FUNDS,
    SYMBOLS,
    FactorModel,
    contracts,
    lots,
    models,
    scaled,
    scenarios,
    taken,
)

examples = settings(max_examples=40, deadline=None)
BOOKS = 3
PNL = (
    "correlated_pnl",
    "without_volatility_rule",
    "unbounded_pnl",
    "private_pnl",
    "direct_pnl",
    "factor_pnl",
    "unexplained",
)


def moves_of(model: FactorModel, scenario: ScenarioShocks) -> Moves:
    shocks = condition(scenario, model.loadings[:8], model.residual, model.covariance)
    return Moves(
        returns=with_shocked_funds(symbol_returns(model.loadings, shocks.factors), scenario, shocks, FUNDS),
        unbounded=symbol_returns(model.loadings, shocks.unbounded),
        factors=shocks.factors,
        direct=shocks.direct,
        market_move=shocks.market_move,
        rate_shift=np.nan_to_num(scenario.yield_change),
    )


def stressed(held: LotColumns, model: FactorModel, moves: Moves, options: Contracts) -> BookStress:
    count = len(options.spot)
    books = book_holdings(held, books=BOOKS, symbols=SYMBOLS, contracts=count)
    return stress_books(books, model.loadings, moves, options, np.arange(count))


def assert_same(first: BookStress, second: BookStress, *, factor: float = 1.0) -> None:
    for name in (*PNL, "covered"):
        wanted = factor * getattr(first, name)
        np.testing.assert_allclose(getattr(second, name), wanted, rtol=1e-9, atol=1e-6 * abs(factor))
    np.testing.assert_allclose(second.coverage, first.coverage, rtol=1e-12)


@examples
@given(held=lots(), model=models(), scenario=scenarios(), options=contracts())
def test_without_a_shock_no_book_gains_or_loses(
    held: LotColumns, model: FactorModel, scenario: ScenarioShocks, options: Contracts
) -> None:
    still = replace(
        scenario,
        funds=np.where(np.isnan(scenario.funds), np.nan, 0.0),
        yield_change=np.where(np.isnan(scenario.yield_change), np.nan, 0.0),
    )
    result = stressed(held, model, moves_of(model, still), options)
    for name in PNL:
        assert not getattr(result, name).any()


@examples
@given(value=st.floats(-1e9, 1e9), shock=st.floats(-0.9, 0.9), model=models(), options=contracts())
def test_a_book_of_the_market_fund_loses_the_shock(
    value: float, shock: float, model: FactorModel, options: Contracts
) -> None:
    funds = np.full((1, 8), np.nan)
    funds[0, MARKET] = shock
    held = one_stock(value, MARKET)
    result = stressed(held, model, moves_of(model, ScenarioShocks(("m",), funds, np.full(1, np.nan))), options)
    assert result.correlated_pnl[0, 0] == value * shock
    assert result.direct_pnl[0, 0] == pytest.approx(value * shock, rel=1e-12)


def one_stock(value: float, symbol: int) -> LotColumns:
    return LotColumns(
        portfolio=np.zeros(1, dtype=np.int64), symbol=np.array([symbol]), contract=np.array([-1]), market_value=np.array([value]),
        delta_dollars=np.array([np.nan]), shares=np.zeros(1), usable=np.array([True]), is_private=np.array([False]),
        proxy=np.array([FOLLOWS_NOTHING]), proxy_multiple=np.ones(1),
    )  # fmt: skip


@examples
@given(held=lots(), model=models(), scenario=scenarios(), options=contracts())
def test_parts_add_up_to_the_total(
    held: LotColumns, model: FactorModel, scenario: ScenarioShocks, options: Contracts
) -> None:
    moves = moves_of(model, scenario)
    result = stressed(held, model, moves, options)
    parts = result.factor_pnl.sum(axis=2) + result.private_pnl + result.unexplained
    np.testing.assert_allclose(parts, result.correlated_pnl, rtol=1e-9, atol=1e-4)
    by_lot = pnl_of_lots(held, moves, options)
    np.testing.assert_allclose(by_portfolio(by_lot, held.portfolio, BOOKS), result.correlated_pnl, rtol=1e-9, atol=1e-4)


def pnl_of_lots(held: LotColumns, moves: Moves, options: Contracts) -> np.ndarray:
    change = option_changes(options, moves.returns[:, : len(options.spot)], moves.market_move, moves.rate_shift)
    follows = np.where(held.is_private, held.proxy, np.where(known_lots(held), held.symbol, -1))
    returns = np.where(follows >= 0, moves.returns[:, np.maximum(follows, 0)], np.nan)
    contract = np.where(known_lots(held), held.contract, -1)
    # An option of which nothing is known is no stock either.
    lost = (held.contract >= 0) & (contract < 0)
    pnl = lot_pnl(held.market_value * held.proxy_multiple, returns, contract, held.shares, change)
    return np.where(lost, np.nan, pnl)


@examples
@given(held=lots(unknown=False, private=False), model=models(), scenario=scenarios(), options=contracts())
def test_stocks_alone_leave_nothing_unexplained_but_the_floor_and_the_funds(
    held: LotColumns, model: FactorModel, scenario: ScenarioShocks, options: Contracts
) -> None:
    moves = moves_of(model, scenario)
    plain = replace(moves, returns=moves.factors @ model.loadings.T)
    stocks = taken(held, np.flatnonzero(held.contract < 0))
    result = stressed(stocks, model, plain, options)
    np.testing.assert_allclose(result.unexplained, 0.0, atol=1e-6)
    np.testing.assert_array_equal(result.correlated_pnl, result.without_volatility_rule)


@examples
@given(held=lots(), model=models(), scenario=scenarios(), options=contracts(), order=st.randoms(use_true_random=False))
def test_the_order_of_lots_does_not_matter(
    held: LotColumns, model: FactorModel, scenario: ScenarioShocks, options: Contracts, order: Any
) -> None:
    rows = list(range(len(held.portfolio)))
    order.shuffle(rows)
    moves = moves_of(model, scenario)
    assert_same(stressed(held, model, moves, options), stressed(taken(held, np.array(rows)), model, moves, options))


@examples
@given(
    held=lots(),
    model=models(),
    scenario=scenarios(),
    options=contracts(),
    pick=st.integers(0, 24),
    part=st.floats(0.1, 0.9),
)
def test_a_lot_held_as_two_is_the_same_lot(
    held: LotColumns, model: FactorModel, scenario: ScenarioShocks, options: Contracts, pick: int, part: float
) -> None:
    lot = pick % len(held.portfolio)
    twice = taken(held, np.append(np.arange(len(held.portfolio)), lot))
    share = np.ones(len(twice.portfolio))
    share[lot], share[-1] = part, 1 - part
    moves = moves_of(model, scenario)
    assert_same(
        stressed(held, model, moves, options),
        stressed(
            replace(
                twice, market_value=share * twice.market_value, delta_dollars=share * twice.delta_dollars, shares=share * twice.shares
            ),
            model,
            moves,
            options,
        ),
    )  # fmt: skip


@examples
@given(
    held=lots(), model=models(), scenario=scenarios(), options=contracts(), factor=st.sampled_from([-1.0, 2.0, 1e-3])
)
def test_doubling_a_book_doubles_its_dollars(
    held: LotColumns, model: FactorModel, scenario: ScenarioShocks, options: Contracts, factor: float
) -> None:
    moves = moves_of(model, scenario)
    first, second = stressed(held, model, moves, options), stressed(scaled(held, factor), model, moves, options)
    for name in PNL:
        np.testing.assert_allclose(getattr(second, name), factor * getattr(first, name), rtol=1e-9, atol=1e-5)
    np.testing.assert_allclose(second.covered, abs(factor) * first.covered, rtol=1e-9)
    np.testing.assert_allclose(second.coverage, first.coverage, rtol=1e-9)


@examples
@given(held=lots(), model=models(), scenario=scenarios(), options=contracts())
def test_a_book_does_not_depend_on_its_neighbours(
    held: LotColumns, model: FactorModel, scenario: ScenarioShocks, options: Contracts
) -> None:
    moves = moves_of(model, scenario)
    together = stressed(held, model, moves, options)
    for book in range(BOOKS):
        alone = stressed(taken(held, np.flatnonzero(held.portfolio == book)), model, moves, options)
        for name in (*PNL, "covered", "coverage"):
            np.testing.assert_array_equal(getattr(alone, name)[book], getattr(together, name)[book])


@examples
@given(
    held=lots(), model=models(), scenario=scenarios(), options=contracts(), lost=st.sets(st.integers(8, SYMBOLS - 1))
)
def test_symbols_without_loadings_are_left_out_and_counted(
    held: LotColumns, model: FactorModel, scenario: ScenarioShocks, options: Contracts, lost: set[int]
) -> None:
    gone = sorted(lost)
    moves = moves_of(model, scenario)
    holed = replace(model, loadings=model.loadings.copy())
    holed.loadings[gone] = np.nan
    returns, unbounded = moves.returns.copy(), moves.unbounded.copy()
    returns[:, gone], unbounded[:, gone] = np.nan, np.nan
    result = stressed(held, holed, replace(moves, returns=returns, unbounded=unbounded), options)
    hit = (np.isin(held.symbol, gone) & known_lots(held)) | (held.is_private & np.isin(held.proxy, gone))
    without = stressed(taken(held, np.flatnonzero(~hit)), model, moves, options)
    np.testing.assert_allclose(result.correlated_pnl, without.correlated_pnl, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(result.covered, without.covered, rtol=1e-12)
    size = book_holdings(held, books=BOOKS, symbols=SYMBOLS, contracts=4).size
    some = size > 0
    np.testing.assert_allclose(result.coverage[some], result.covered[some] / size[some], rtol=1e-12)
    assert np.isnan(result.coverage[~some]).all()


@examples
@given(held=lots(), model=models(), scenario=scenarios(), options=contracts(), pick=st.integers(0, 24))
def test_a_lot_without_a_usable_price_is_left_out_and_counted(
    held: LotColumns, model: FactorModel, scenario: ScenarioShocks, options: Contracts, pick: int
) -> None:
    lot = pick % len(held.portfolio)
    if held.is_private[lot]:
        return
    moves, usable = moves_of(model, scenario), held.usable.copy()
    usable[lot] = False
    marked = replace(held, usable=usable)
    rest = np.delete(np.arange(len(held.portfolio)), lot)
    result, without = stressed(marked, model, moves, options), stressed(taken(held, rest), model, moves, options)
    for name in (*PNL, "covered"):
        np.testing.assert_allclose(getattr(result, name), getattr(without, name), rtol=1e-12, atol=1e-9)
    size = abs(held.delta_dollars[lot] if held.contract[lot] >= 0 else held.market_value[lot])
    uncovered = [
        book_holdings(columns, books=BOOKS, symbols=SYMBOLS, contracts=4).uncovered[held.portfolio[lot]]
        for columns in (marked, taken(held, rest))
    ]
    assert uncovered[0] - uncovered[1] == size


@examples
@given(held=lots(), model=models(), scenario=scenarios(count=2), options=contracts())
def test_a_scenario_that_cannot_be_formed_is_unknown_and_stops_no_other(
    held: LotColumns, model: FactorModel, scenario: ScenarioShocks, options: Contracts
) -> None:
    moves = moves_of(model, scenario)

    def without_first(values: np.ndarray) -> np.ndarray:
        return np.concatenate([np.full_like(values[:1], np.nan), values[1:]])

    lost = ("returns", "unbounded", "factors", "market_move")
    broken = replace(moves, **{name: without_first(getattr(moves, name)) for name in lost})
    whole, part = stressed(held, model, moves, options), stressed(held, model, broken, options)
    for name in PNL:
        assert np.isnan(getattr(part, name)[:, 0]).all()
        np.testing.assert_array_equal(getattr(part, name)[:, 1], getattr(whole, name)[:, 1])
    summary = summarise(part.correlated_pnl, part.direct_pnl)
    np.testing.assert_array_equal(summary.tested, 1)
    np.testing.assert_array_equal(summary.skipped, 1)
    np.testing.assert_array_equal(summary.worst, summary.best)


@examples
@given(model=models(), scenario=scenarios(), options=contracts(), rule=st.booleans())
def test_a_long_option_loses_no_more_than_its_premium(
    model: FactorModel, scenario: ScenarioShocks, options: Contracts, rule: bool
) -> None:
    moves = moves_of(model, scenario)
    change = option_changes(options, moves.returns[:, :4], moves.market_move, moves.rate_shift, volatility_rule=rule)
    premium = price_only(
        options.spot,
        options.strike,
        options.years,
        options.volatility,
        options.rate,
        options.dividend_yield,
        options.sign,
    )
    assert (change >= -premium - 1e-9 * options.spot).all()


@examples
@given(options=contracts(), fall=st.floats(0.001, 0.5))
def test_the_volatility_rule_makes_options_dearer_in_a_fall_and_cheaper_in_a_rise(
    options: Contracts, fall: float
) -> None:
    still, moves = np.zeros((2, 4)), np.array([-fall, fall])
    plain, ruled = (option_changes(options, still, moves, np.zeros(2), volatility_rule=rule) for rule in (False, True))
    assert not plain.any()
    assert (ruled[0] >= -1e-9).all()
    assert (ruled[1] <= 1e-9).all()


@examples
@given(options=contracts(), shift=st.floats(0.0001, 0.03))
def test_rising_rates_help_calls_and_hurt_puts(options: Contracts, shift: float) -> None:
    change = option_changes(options, np.zeros((1, 4)), np.zeros(1), np.array([shift]))[0]
    assert (options.sign * change >= -1e-9).all()


@examples
@given(options=contracts(), generator=st.integers(0, 1000), count=st.integers(1, 9))
def test_contracts_are_priced_alike_however_they_are_cut(options: Contracts, generator: int, count: int) -> None:
    random = np.random.default_rng(generator)
    returns, market, shift = (
        0.1 * random.standard_normal((count, 4)),
        0.1 * random.standard_normal(count),
        np.zeros(count),
    )
    together = option_changes(options, returns, market, shift)
    for k in range(count):
        alone = option_changes(options, returns[k : k + 1], market[k : k + 1], shift[k : k + 1])
        np.testing.assert_array_equal(alone[0], together[k])


def test_more_contracts_than_a_block_holds_are_all_priced() -> None:
    random = np.random.default_rng(1)
    count = 20_000
    options = Contracts(
        *(np.full(count, v) for v in (100.0, 100.0, 0.5, 0.3, 0.04, 0.0)),
        np.ones(count, dtype=np.int64),
        np.zeros(count, dtype=bool),
    )
    returns = 0.1 * random.standard_normal((3, count))
    change = option_changes(options, returns, np.zeros(3), np.zeros(3))
    assert ((change > 0) == (returns > 0)).all()


def test_a_market_neutral_book_is_not_capped() -> None:
    # Long a symbol of beta 2, short one of beta 0: nothing net, and half of the gross lost in a fall of a quarter.
    held = one_stock(1e6, 0)
    held = LotColumns(**{n: np.concatenate([getattr(held, n)] * 2) for n in held.__dataclass_fields__})
    held = replace(held, symbol=np.array([0, 1]), market_value=np.array([1e6, -1e6]))
    loadings = np.zeros((2, 7))
    loadings[0, 0] = 2.0
    factors = np.zeros((1, 7))
    factors[0, 0] = -0.25
    returns = symbol_returns(loadings, factors)
    nothing = Contracts(*(np.empty(0) for _ in range(6)), np.empty(0, dtype=np.int64), np.empty(0, dtype=bool))
    result = stress_books(
        book_holdings(held, books=1, symbols=2, contracts=0), loadings,
        Moves(returns, returns, factors, factors, np.array([-0.25]), np.zeros(1)), nothing, np.empty(0, dtype=np.int64),
    )  # fmt: skip
    assert result.correlated_pnl[0, 0] == -500_000
    assert bool(outcome(result.correlated_pnl[0, 0], 400_000).loss_exceeds_equity)
    assert not bool(outcome(result.correlated_pnl[0, 0], 500_000).loss_exceeds_equity)


@examples
@given(equity=st.floats(1, 1e9), pnl=st.floats(-1e9, 1e9))
def test_a_loss_exceeds_equity_when_none_is_left(equity: float, pnl: float) -> None:
    result = outcome(np.array([pnl]), np.array([equity]))
    assert result.loss_exceeds_equity[0] == (pnl < -equity)
    assert result.percent_of_equity[0] == pytest.approx(100 * pnl / equity)
    assert result.equity_after[0] == equity + pnl


@pytest.mark.parametrize("equity", [0.0, -1.0, np.nan])
def test_without_equity_there_is_no_percentage(equity: float) -> None:
    assert np.isnan(outcome(-5.0, equity).percent_of_equity)


@examples
@given(
    dollars=st.floats(-1e9, 1e9), rates=st.floats(-1e9, 1e9), move=st.floats(-0.2, 0.2), change=st.floats(-0.02, 0.02)
)
def test_first_order_moves_are_beta_and_duration(dollars: float, rates: float, move: float, change: float) -> None:
    funds = np.full((2, 8), np.nan)
    funds[0, MARKET] = move
    scenario = ScenarioShocks(("m", "r"), funds, np.array([np.nan, change]))
    linear = first_order_pnl(np.array([dollars, np.nan]), np.array([rates, np.nan]), scenario, duration=16.0)
    np.testing.assert_allclose(linear[0], [dollars * move, -16 * rates * change], rtol=1e-12)
    assert np.isnan(linear[1]).all()


@pytest.mark.parametrize("fund", [None, 3])
def test_first_order_moves_are_plain_ones(fund: int | None) -> None:
    funds = np.full((1, 8), np.nan)
    if fund is not None:
        funds[0, [MARKET, fund]] = -0.1
    with pytest.raises(ValueError, match="market or of yields"):
        first_order_pnl(np.zeros(1), np.zeros(1), ScenarioShocks(("x",), funds, np.full(1, np.nan)), duration=16.0)


@examples
@given(model=models(), scenario=scenarios(), options=contracts())
def test_private_holdings_follow_what_stands_for_them(
    model: FactorModel, scenario: ScenarioShocks, options: Contracts
) -> None:
    moves = moves_of(model, scenario)
    held = replace(
        one_stock(1e6, -1),
        is_private=np.array([True]),
        usable=np.array([False]),
        proxy=np.array([5]),
        proxy_multiple=np.array([1.2]),
    )
    result = stressed(held, model, moves, options)
    np.testing.assert_allclose(result.private_pnl[0], 1.2e6 * moves.returns[:, 5], rtol=1e-12)
    np.testing.assert_array_equal(result.private_pnl, result.correlated_pnl)
    assert not result.factor_pnl.any()
    assert result.coverage[0] == 1.0


@pytest.mark.parametrize(("proxy", "coverage"), [(FOLLOWS_NOTHING, 0.0), (-2, 1.0)])
def test_cash_is_covered_and_does_not_move_and_what_follows_nothing_is_uncovered(proxy: int, coverage: float) -> None:
    held = replace(one_stock(1e6, -1), is_private=np.array([True]), proxy=np.array([proxy]))
    returns = np.full((1, 2), -0.5)
    nothing = Contracts(*(np.empty(0) for _ in range(6)), np.empty(0, dtype=np.int64), np.empty(0, dtype=bool))
    factors = np.full((1, 7), -0.1)
    result = stress_books(
        book_holdings(held, books=1, symbols=2, contracts=0), np.ones((2, 7)),
        Moves(returns, returns, factors, factors, np.array([-0.1]), np.zeros(1)), nothing, np.empty(0, dtype=np.int64),
    )  # fmt: skip
    assert result.correlated_pnl[0, 0] == 0
    assert result.coverage[0] == coverage


def test_shapes_that_do_not_fit_are_refused() -> None:
    options = Contracts(*(np.ones(2) for _ in range(6)), np.ones(2, dtype=np.int64), np.zeros(2, dtype=bool))
    with pytest.raises(ValueError, match="2 contracts and 3 scenarios"):
        option_changes(options, np.zeros((2, 3)), np.zeros(3), np.zeros(3))
    books = book_holdings(one_stock(1.0, 0), books=1, symbols=2, contracts=2)
    moves = Moves(np.zeros((1, 3)), np.zeros((1, 3)), np.zeros((1, 7)), np.zeros((1, 7)), np.zeros(1), np.zeros(1))
    with pytest.raises(ValueError, match="do not fit"):
        stress_books(books, np.zeros((3, 7)), moves, options, np.zeros(2, dtype=np.int64))
    with pytest.raises(ValueError, match="symbol must lie between"):
        book_holdings(one_stock(1.0, 5), books=1, symbols=2, contracts=0)
    with pytest.raises(ValueError, match="Column usable"):
        book_holdings(replace(one_stock(1.0, 0), usable=np.ones(2, dtype=bool)), books=1, symbols=2, contracts=0)
