"""What holds for the joint factor model under any scenario: conditional means, their bound, and the returns they imply."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analytics.engines.scenarios import (
    BOND,
    BOUND_MONTHS,
    MARKET,
    MONTH_SESSIONS,
    ScenarioShocks,
    bond_return,
    condition,
    conditional_loadings,
    conditional_moves,
    direct_shocks,
    par_bond_sensitivity,
    symbol_returns,
    with_shocked_funds,
)
from tests.analytics.engines.return_strategies import panels
from tests.analytics.engines.stress_strategies import FUNDS, FactorModel, models, scenarios

examples = settings(max_examples=40, deadline=None)


def one(**shocks: float) -> ScenarioShocks:
    funds = np.full((1, 8), np.nan)
    for name, shock in shocks.items():
        funds[0, {"market": MARKET, "value": 1, "growth": 2, "bond": BOND}[name]] = shock
    return ScenarioShocks(("one",), funds, np.full(1, np.nan))


@examples
@given(model=models(), scenario=scenarios())
def test_without_a_shock_nothing_moves(model: FactorModel, scenario: ScenarioShocks) -> None:
    still = replace(scenario, funds=np.where(np.isnan(scenario.funds), np.nan, 0.0))
    shocks = condition(still, model.loadings[:8], model.residual, model.covariance)
    assert not shocks.factors.any()
    assert not shocks.market_move.any()
    assert not shocks.direct.any()
    assert not symbol_returns(model.loadings, shocks.factors).any()
    np.testing.assert_array_equal(shocks.scale, 1.0)


@examples
@given(model=models(), scenario=scenarios())
def test_the_conditional_mean_is_that_of_the_normal_distribution(model: FactorModel, scenario: ScenarioShocks) -> None:
    # Mean of the factors given the shocked funds, read off the covariance of factors and funds together.
    shocks = condition(scenario, model.loadings[:8], model.residual, model.covariance)
    for k, shock in enumerate(scenario.funds):
        named = ~np.isnan(shock)
        if not named.any():
            continue
        load = model.loadings[:8][named]
        everything = np.vstack([np.eye(7), load])
        joint = everything @ model.covariance @ everything.T
        joint[7:, 7:] += np.diag(np.maximum(model.residual[named], 1e-12))
        mean = joint[:7, 7:] @ np.linalg.solve(joint[7:, 7:], shock[named])
        np.testing.assert_allclose(shocks.unbounded[k], mean, rtol=1e-6, atol=1e-9)


@examples
@given(model=models(), scenario=scenarios())
def test_no_shock_is_longer_than_the_bound(model: FactorModel, scenario: ScenarioShocks) -> None:
    shocks = condition(scenario, model.loadings[:8], model.residual, model.covariance)
    inverse = np.linalg.inv(MONTH_SESSIONS * model.covariance)

    def length(of: np.ndarray) -> np.ndarray:
        return np.sqrt(np.einsum("kf,fg,kg->k", of, inverse, of))

    beyond = shocks.factors - shocks.market_and_rates
    assert (length(beyond) <= BOUND_MONTHS * (1 + 1e-6)).all()
    np.testing.assert_allclose(length(shocks.unbounded - shocks.market_and_rates), shocks.length, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(length(beyond), np.minimum(shocks.length, BOUND_MONTHS), rtol=1e-5, atol=1e-6)
    untouched = shocks.length <= BOUND_MONTHS
    np.testing.assert_array_equal(shocks.scale == 1.0, untouched)
    np.testing.assert_allclose(shocks.factors[untouched], shocks.unbounded[untouched], rtol=1e-12, atol=1e-15)


@examples
@given(model=models(), market=st.floats(-0.9, 0.9), bond=st.floats(-0.4, 0.4))
def test_market_and_rates_are_never_drawn_back(model: FactorModel, market: float, bond: float) -> None:
    shocks = condition(one(market=market, bond=bond), model.loadings[:8], model.residual, model.covariance)
    assert shocks.scale[0] == 1.0
    assert shocks.length[0] == 0.0
    # The floor of the residual variances leaves a trace of one fund's shock in the other.
    funds = symbol_returns(model.loadings, shocks.factors)[0, [MARKET, BOND]]
    np.testing.assert_allclose(funds, [market, bond], rtol=0, atol=1e-6)


@examples
@given(model=models(), scenario=scenarios())
def test_shocked_funds_take_their_shock_exactly_where_nothing_was_drawn_back(
    model: FactorModel, scenario: ScenarioShocks
) -> None:
    shocks = condition(scenario, model.loadings[:8], model.residual, model.covariance)
    plain = symbol_returns(model.loadings, shocks.factors)
    exact = with_shocked_funds(plain, scenario, shocks, FUNDS)
    for k in range(len(scenario.ids)):
        for fund in FUNDS:
            given_shock = scenario.funds[k, fund]
            kept = shocks.scale[k] == 1.0 or fund in (MARKET, BOND)
            wanted = plain[k, fund] if np.isnan(given_shock) or not kept else given_shock
            assert exact[k, fund] == wanted
    np.testing.assert_array_equal(exact[:, 8:], plain[:, 8:])


@examples
@given(model=models(), scenario=scenarios())
def test_nothing_loses_more_than_almost_everything(model: FactorModel, scenario: ScenarioShocks) -> None:
    shocks = condition(scenario, model.loadings[:8], model.residual, model.covariance)
    returns = symbol_returns(model.loadings * 10, shocks.unbounded)
    assert (returns >= -0.99).all()


@examples
@given(model=models(), scenario=scenarios(), missing=st.integers(0, 7))
def test_scenarios_of_a_fund_without_loadings_cannot_be_formed_and_others_can(
    model: FactorModel, scenario: ScenarioShocks, missing: int
) -> None:
    loadings = model.loadings[:8].copy()
    loadings[missing] = np.nan
    shocks = condition(scenario, loadings, model.residual, model.covariance)
    whole = condition(scenario, model.loadings[:8], model.residual, model.covariance)
    needs = ~np.isnan(scenario.funds[:, missing])
    for values in (shocks.factors, shocks.unbounded, shocks.market_and_rates):
        assert np.isnan(values[needs]).all()
    for values in (shocks.length, shocks.scale, shocks.market_move):
        assert np.isnan(values[needs]).all()
    np.testing.assert_allclose(shocks.factors[~needs], whole.factors[~needs], rtol=1e-9, atol=1e-15)


@examples
@given(model=models(), scenario=scenarios())
def test_a_symbol_without_loadings_has_no_return_and_takes_none_from_others(
    model: FactorModel, scenario: ScenarioShocks
) -> None:
    shocks = condition(scenario, model.loadings[:8], model.residual, model.covariance)
    holed = model.loadings.copy()
    holed[9] = np.nan
    returns = symbol_returns(holed, shocks.factors)
    assert np.isnan(returns[:, 9]).all()
    np.testing.assert_allclose(returns[:, :9], symbol_returns(model.loadings, shocks.factors)[:, :9], rtol=1e-12)


@examples
@given(model=models(), scenario=scenarios())
def test_a_factor_that_never_moved_stops_no_scenario(model: FactorModel, scenario: ScenarioShocks) -> None:
    covariance = model.covariance.copy()
    covariance[3], covariance[:, 3] = 0.0, 0.0
    shocks = condition(scenario, model.loadings[:8], model.residual, covariance)
    assert np.isfinite(shocks.factors).all()
    assert not shocks.factors[:, 3].any()


@examples
@given(scenario=scenarios())
def test_direct_shocks_are_over_the_market(scenario: ScenarioShocks) -> None:
    direct = direct_shocks(scenario.funds)
    for k, funds in enumerate(scenario.funds):
        shock = dict(zip(FUNDS.tolist(), funds.tolist(), strict=True))
        market = 0.0 if np.isnan(shock[MARKET]) else shock[MARKET]

        def over(fund: int, shock: dict[int, float] = shock, market: float = market) -> float:
            return 0.0 if np.isnan(shock[fund]) else shock[fund] - market

        wanted = [
            market,
            over(2) - over(1),
            over(3),
            over(5),
            over(4),
            over(6),
            0.0 if np.isnan(shock[BOND]) else shock[BOND],
        ]
        np.testing.assert_allclose(direct[k], wanted, rtol=1e-12, atol=1e-15)


@examples
@given(change=st.floats(-0.03, 0.03), duration=st.floats(1, 25), convexity=st.floats(0, 600))
def test_rising_yields_cost_a_bond_less_than_falling_ones_bring(
    change: float, duration: float, convexity: float
) -> None:
    up, down = (float(bond_return(np.array(sign * abs(change)), duration, convexity)) for sign in (1, -1))
    assert up + down == pytest.approx(convexity * change**2, abs=1e-15)
    assert down - up == pytest.approx(2 * duration * abs(change))


@examples
@given(yield_=st.floats(0.002, 0.12), years=st.integers(1, 30))
def test_duration_and_convexity_are_slopes_of_the_bond_price(yield_: float, years: int) -> None:
    duration, convexity = par_bond_sensitivity(yield_, years)

    def price(rate: float) -> float:
        t = np.arange(1, 2 * years + 1)
        return float((yield_ / 2 / (1 + rate / 2) ** t).sum() + (1 + rate / 2) ** (-2 * years))

    step = 1e-4
    up, here, down = price(yield_ + step), price(yield_), price(yield_ - step)
    assert here == pytest.approx(1.0)
    assert duration == pytest.approx((down - up) / (2 * step), rel=1e-5)
    assert convexity == pytest.approx((up - 2 * here + down) / step**2, rel=1e-4)


@examples
@given(returns=panels(columns=(4, 6)), shock=st.floats(-0.3, 0.3))
def test_the_regression_form_is_the_conditional_mean_of_the_sample(returns: np.ndarray, shock: float) -> None:
    shocked = np.array([0, 2])
    assume(np.linalg.cond(np.cov(returns[:, shocked], rowvar=False)) < 1e6)
    moves = np.array([shock, -shock / 2])
    loads = conditional_loadings(returns, returns[:, shocked])
    np.testing.assert_allclose(loads @ moves, conditional_moves(returns, shocked, moves), rtol=1e-7, atol=1e-10)
    np.testing.assert_array_equal((loads @ moves)[shocked], moves)


@pytest.mark.parametrize("funds", [np.zeros((1, 7)), np.zeros((2, 8)), np.zeros(8)])
def test_scenarios_of_the_wrong_shape_are_refused(funds: np.ndarray) -> None:
    with pytest.raises(ValueError, match="fund shocks of shape"):
        ScenarioShocks(("one",), funds, np.full(1, np.nan))


def test_a_model_of_the_wrong_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="eight funds"):
        condition(one(market=-0.1), np.zeros((7, 7)), np.zeros(8), np.eye(7))
