"""What holds for every contract: parity, bounds, Greeks as slopes of the price, and the way back from a price."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.engines.american import american_option
from analytics.engines.greeks import (
    DAYS,
    InversionStatus,
    OptionValues,
    black_scholes,
    implied_volatility,
    price_only,
    value_contracts,
)
from analytics.engines.position_greeks import scale_to_positions

examples = settings(max_examples=100, deadline=None)
VALUES = [field.name for field in fields(OptionValues)]
Terms = tuple[np.ndarray, ...]


def span(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False)


@st.composite
def terms(draw: Any, *, contracts: int = 8) -> Terms:
    """Spot, strike, years, volatility, rate and dividend yield of a few contracts with a week and some risk left."""
    rows = draw(
        st.lists(
            st.tuples(
                span(1, 1000), span(0.5, 2), st.integers(7, 1000), span(0.1, 1.2), span(-0.02, 0.10), span(0, 0.08)
            ),
            min_size=1,
            max_size=contracts,
        )
    )
    spot, moneyness, days, volatility, rate, dividend_yield = np.array(rows, dtype=np.float64).T
    return spot, spot * moneyness, days / DAYS, volatility, rate, dividend_yield


def slope(contract: Terms, sign: float, argument: int, step: np.ndarray, of: str = "price") -> np.ndarray:
    """Central difference of a value with respect to one term."""
    up, down = list(contract), list(contract)
    up[argument], down[argument] = contract[argument] + step, contract[argument] - step
    return (getattr(black_scholes(*up, sign), of) - getattr(black_scholes(*down, sign), of)) / (2 * step)


@examples
@given(contract=terms())
def test_a_call_less_a_put_is_the_forward(contract: Terms) -> None:
    spot, strike, years, _, rate, dividend_yield = contract
    call, put = black_scholes(*contract, 1), black_scholes(*contract, -1)
    forward = spot * np.exp(-dividend_yield * years) - strike * np.exp(-rate * years)
    scale = np.maximum(spot, strike)
    np.testing.assert_array_less(np.abs(call.price - put.price - forward), 1e-10 * np.maximum(scale, 1))
    np.testing.assert_allclose(call.delta - put.delta, np.exp(-dividend_yield * years), rtol=0, atol=1e-12)
    np.testing.assert_array_equal(call.gamma, put.gamma)
    np.testing.assert_array_equal(call.vega, put.vega)


@examples
@given(contract=terms(), sign=st.sampled_from([1.0, -1.0]))
def test_greeks_are_the_slopes_of_the_price(contract: Terms, sign: float) -> None:
    spot, _, years, volatility, _, _ = contract
    values = black_scholes(*contract, sign)
    width = volatility * np.sqrt(years)
    nudge = 1e-3 * width * spot
    # A unit of each Greek, so that one tolerance serves contracts of any size.
    np.testing.assert_allclose(values.delta, slope(contract, sign, 0, nudge), rtol=0, atol=1e-6)
    np.testing.assert_allclose(
        values.gamma * spot * width, slope(contract, sign, 0, nudge, "delta") * spot * width, rtol=0, atol=1e-6
    )
    by_year = slope(contract, sign, 2, 1e-4 * years)
    np.testing.assert_allclose(values.theta * DAYS * years / spot, -by_year * years / spot, rtol=0, atol=1e-6)
    np.testing.assert_allclose(
        values.vega * 100 / spot, slope(contract, sign, 3, 1e-4 * volatility) / spot, rtol=0, atol=1e-6
    )
    np.testing.assert_allclose(
        values.rho * 100 / spot, slope(contract, sign, 4, np.full(len(spot), 1e-5)) / spot, rtol=0, atol=1e-6
    )
    by_yield = slope(contract, sign, 5, np.full(len(spot), 1e-5))
    np.testing.assert_allclose(values.dividend_rho * 100 / spot, by_yield / spot, rtol=0, atol=1e-6)


@examples
@given(contract=terms(), sign=st.sampled_from([1.0, -1.0]))
def test_a_price_lies_between_payoff_and_underlying(contract: Terms, sign: float) -> None:
    spot, strike, years, _, rate, dividend_yield = contract
    forward, present_strike = spot * np.exp(-dividend_yield * years), strike * np.exp(-rate * years)
    price = black_scholes(*contract, sign).price
    slack = 1e-12 * np.maximum(spot, strike)
    assert (price >= np.maximum(sign * (forward - present_strike), 0) - slack).all()
    assert (price <= (forward if sign > 0 else present_strike) + slack).all()


@examples
@given(contract=terms(), sign=st.sampled_from([1.0, -1.0]))
def test_the_price_alone_is_the_price_with_greeks(contract: Terms, sign: float) -> None:
    slack = 1e-13 * float(np.maximum(contract[0], contract[1]).max())
    np.testing.assert_allclose(
        price_only(*contract, sign), black_scholes(*contract, sign).price, rtol=1e-12, atol=slack
    )


@examples
@given(contract=terms(), sign=st.sampled_from([1.0, -1.0]))
def test_a_price_leads_back_to_a_volatility_of_that_price(contract: Terms, sign: float) -> None:
    spot, strike, years, volatility, rate, dividend_yield = contract
    price = black_scholes(*contract, sign).price
    found, status = implied_volatility(price, spot, strike, years * DAYS, rate, dividend_yield, sign)
    good = status == InversionStatus.OK
    np.testing.assert_array_equal(np.isnan(found), ~good)
    again = black_scholes(spot, strike, years, found, rate, dividend_yield, sign).price
    np.testing.assert_allclose(again[good], price[good], rtol=0, atol=1e-10 * float(np.maximum(spot, strike).max()))
    # Where a volatility point moves the price the volatility comes back; elsewhere the price does not tell it.
    telling = black_scholes(*contract, sign).vega > 1e-5 * np.maximum(spot, strike)
    assert good[telling].all()
    np.testing.assert_allclose(found[telling], volatility[telling], rtol=1e-8)


@examples
@given(contract=terms(), sign=st.sampled_from([1.0, -1.0]))
def test_a_contract_does_not_depend_on_its_neighbours(contract: Terms, sign: float) -> None:
    spot, strike, years, *rest = contract
    together, status = value_contracts(spot, strike, years * DAYS, *rest, sign)
    for i in range(len(spot)):
        alone, own = value_contracts(*(column[i : i + 1] for column in (spot, strike, years * DAYS, *rest)), sign)
        assert own[0] == status[i]
        for name in VALUES:
            np.testing.assert_allclose(
                getattr(alone, name)[0], getattr(together, name)[i], rtol=1e-12, atol=1e-300, err_msg=name
            )


@examples
@given(contract=terms(), sign=st.sampled_from([1.0, -1.0]))
def test_an_implied_volatility_is_the_same_to_the_bit_whatever_is_inverted_beside_it(
    contract: Terms, sign: float
) -> None:
    spot, strike, years, _, rate, dividend_yield = contract
    quotes = (black_scholes(*contract, sign).price, spot, strike, years * DAYS, rate, dividend_yield)
    together, status = implied_volatility(*quotes, sign)
    for i in range(len(spot)):
        alone, own = implied_volatility(*(column[i : i + 1] for column in quotes), sign)
        assert own[0] == status[i]
        np.testing.assert_array_equal(alone[0], together[i])


@examples
@given(distance=span(-3, 3), spread=span(0.001, 8), years=span(1 / 365, 5), sign=st.sampled_from([1.0, -1.0]))
def test_the_search_ends_for_any_price_with_a_volatility_in_its_range(
    distance: float, spread: float, years: float, sign: float
) -> None:
    volatility = spread / np.sqrt(years)
    price = price_only(100.0, 100 * np.exp(distance), years, volatility, 0.0, 0.0, sign)
    found, status = implied_volatility(price, 100.0, 100 * np.exp(distance), years * DAYS, 0.0, 0.0, sign)
    if status == InversionStatus.OUT_OF_RANGE:
        # Only where the price says nothing about it, or the volatility really lies outside.
        assert (
            volatility > 20
            or volatility < 1e-4
            or black_scholes(100.0, 100 * np.exp(distance), years, volatility, 0.0, 0.0, sign).vega < 1e-12
        )
    elif status == InversionStatus.OK:
        again = price_only(100.0, 100 * np.exp(distance), years, found, 0.0, 0.0, sign)
        np.testing.assert_allclose(again, price, rtol=1e-12, atol=1e-12 * 100 * np.exp(max(distance, 0)))


@examples
@given(contract=terms(), missing=st.integers(0, 5), sign=st.sampled_from([1.0, -1.0]))
def test_an_unknown_term_makes_every_value_unknown(contract: Terms, missing: int, sign: float) -> None:
    columns = list(contract)
    columns[missing] = np.full(len(columns[0]), np.nan)
    values = black_scholes(*columns, sign)
    for name in VALUES:
        assert np.isnan(getattr(values, name)).all(), name


@examples
@given(contract=terms(), quantity=st.integers(-500, 500), multiplier=st.sampled_from([1.0, 10.0, 100.0]))
def test_positions_scale_with_their_quantity(contract: Terms, quantity: int, multiplier: float) -> None:
    unit = black_scholes(*contract, 1)
    once = scale_to_positions(unit, quantity, multiplier, contract[0])
    twice = scale_to_positions(unit, 2 * quantity, multiplier, contract[0])
    short = scale_to_positions(unit, -quantity, multiplier, contract[0])
    for field in fields(once):
        np.testing.assert_array_equal(getattr(twice, field.name), 2 * getattr(once, field.name))
        np.testing.assert_array_equal(getattr(short, field.name), -getattr(once, field.name))


@settings(max_examples=15, deadline=None)
@given(contract=terms(contracts=4), sign=st.sampled_from([1.0, -1.0]))
def test_the_right_to_exercise_early_has_no_negative_worth(contract: Terms, sign: float) -> None:
    spot, strike, years, volatility, rate, dividend_yield = contract
    american = american_option(spot, strike, years * DAYS, volatility, rate, dividend_yield, sign)
    european = black_scholes(*contract, sign).price
    slack = 1e-4 * np.maximum(spot, strike)
    assert (american.price >= european - slack).all()
    assert (american.price >= sign * (spot - strike) - slack).all()
    assert (american.early_exercise_premium >= 0).all()


@settings(max_examples=15, deadline=None)
@given(contract=terms(contracts=4))
def test_a_call_without_dividends_is_not_exercised_early(contract: Terms) -> None:
    spot, strike, years, volatility, rate, _ = contract
    rate = np.abs(rate)
    american = american_option(spot, strike, years * DAYS, volatility, rate, 0.0, 1)
    european = black_scholes(spot, strike, years, volatility, rate, 0.0, 1).price
    np.testing.assert_array_less(np.abs(american.price - european), 1e-4 * np.maximum(spot, strike))
