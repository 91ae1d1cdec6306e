"""What becomes of contracts that cannot be valued, prices without a volatility, and volatilities and rates without a source."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.engines.american import american_option
from analytics.engines.greeks import (
    TREASURY_MATURITIES,
    InversionStatus,
    ValueStatus,
    VolatilitySource,
    fallback_volatility,
    implied_volatility,
    price_only,
    shocked_volatility,
    treasury_rate,
    value_contracts,
)

NAN, INF = float("nan"), float("inf")
CONTRACT = {
    "spot": 100.0, "strike": 100.0, "days": 90.0, "volatility": 0.2, "rate": 0.04, "dividend_yield": 0.01, "sign": 1.0,
}  # fmt: skip
QUOTE = {
    "price": 5.0, "spot": 100.0, "strike": 100.0, "days": 90.0, "rate": 0.04, "dividend_yield": 0.01, "sign": 1.0,
}  # fmt: skip
MATURITIES = np.array(list(TREASURY_MATURITIES.values()))


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"strike": INF}, ValueStatus.MISSING_OPTION_TERMS),
        ({"days": INF}, ValueStatus.MISSING_OPTION_TERMS),
        ({"sign": 2.0}, ValueStatus.MISSING_OPTION_TERMS),
        ({"sign": 0.0}, ValueStatus.MISSING_OPTION_TERMS),
        ({"spot": INF}, ValueStatus.NO_UNDERLYING_PRICE),
        ({"volatility": INF}, ValueStatus.INVALID_VOLATILITY),
        ({"rate": NAN}, ValueStatus.INVALID_RATE),
        ({"dividend_yield": INF}, ValueStatus.INVALID_RATE),
        ({"days": -1.0, "rate": NAN}, ValueStatus.EXPIRED),
        ({"days": 0.0, "rate": NAN, "volatility": NAN}, ValueStatus.EXPIRES_TODAY),
    ],
)
def test_a_contract_says_why_it_has_no_value(wrong: dict[str, float], status: ValueStatus) -> None:
    values, got = value_contracts(**(CONTRACT | wrong))
    assert got == status
    assert np.isnan(values.price) == (status >= ValueStatus.MISSING_OPTION_TERMS)


def test_a_bad_contract_leaves_its_neighbours_alone() -> None:
    values, status = value_contracts(**(CONTRACT | {"spot": np.array([100.0, NAN])}))
    alone, _ = value_contracts(**CONTRACT)
    assert status.tolist() == [ValueStatus.OK, ValueStatus.NO_UNDERLYING_PRICE]
    assert (values.price[0], values.delta[0]) == (alone.price, alone.delta)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_worthless_contract_on_its_last_day_has_no_negative_zero(sign: float) -> None:
    values, _ = value_contracts(**(CONTRACT | {"days": 0.0, "sign": sign, "spot": 100.0 - 10 * sign}))
    assert not np.signbit([values.price, values.delta, values.rho]).any()


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"rate": NAN}, InversionStatus.INVALID_TERMS),
        ({"sign": 0.0}, InversionStatus.INVALID_TERMS),
        ({"spot": -100.0}, InversionStatus.INVALID_TERMS),
        ({"days": NAN}, InversionStatus.INVALID_TERMS),
        ({"price": NAN}, InversionStatus.NO_PRICE),
        ({"price": 0.0}, InversionStatus.NO_PRICE),
        ({"days": 0.0}, InversionStatus.EXPIRED),
        ({"price": INF}, InversionStatus.ABOVE_MAXIMUM),
        ({"price": 9.0, "spot": 110.0}, InversionStatus.BELOW_INTRINSIC),
    ],
)
def test_a_quote_says_why_it_has_no_volatility(wrong: dict[str, float], status: InversionStatus) -> None:
    volatility, got = implied_volatility(**(QUOTE | wrong))
    assert got == status
    assert np.isnan(volatility)


@pytest.mark.parametrize("volatility", [5e-5, 25.0])
def test_a_volatility_beyond_the_search_is_unknown_and_not_its_limit(volatility: float) -> None:
    terms = {"spot": 100.0, "strike": 100.0, "rate": 0.0, "dividend_yield": 0.0, "sign": 1.0}
    price = price_only(years=1 / 365, volatility=volatility, **terms)
    found, status = implied_volatility(price=price, days=1, **terms)
    assert status == InversionStatus.OUT_OF_RANGE
    assert np.isnan(found)


def test_a_rate_lies_on_the_curve_between_the_series_that_are_there() -> None:
    percents = np.full(len(MATURITIES), NAN)
    percents[[1, 3]] = 4.0, 5.0  # 3 months and 1 year
    rates, default = treasury_rate(MATURITIES, percents, np.array([0.25, 0.625, 1.0]))
    np.testing.assert_allclose(rates, 2 * np.log1p(np.array([4.0, 4.5, 5.0]) / 200), rtol=1e-15)
    assert not default.any()


def test_a_rate_is_flat_beyond_the_series_that_are_there() -> None:
    percents = np.full(len(MATURITIES), NAN)
    percents[[1, 3]] = 4.0, 5.0
    rates, _ = treasury_rate(MATURITIES, percents, np.array([0.01, 0.25, 1.0, 30.0]))
    assert rates[0] == rates[1]
    assert rates[3] == rates[2]


def test_without_any_yield_the_default_rate_stands_in_and_says_so() -> None:
    rates, default = treasury_rate(MATURITIES, np.full(len(MATURITIES), NAN), np.array([0.1, 10.0]))
    assert rates.tolist() == [0.05, 0.05]
    assert default.all()


@pytest.mark.parametrize(
    ("forecast", "long", "medium", "held", "source", "volatility"),
    [
        (0.2, 0.2, 0.3, 0.4, VolatilitySource.HELD, 0.4),
        (0.2, 0.2, 0.3, NAN, VolatilitySource.FORECAST, 0.2),
        (NAN, 0.2, 0.3, NAN, VolatilitySource.REALIZED_63D, 0.3),
        (0.2, NAN, 0.3, NAN, VolatilitySource.REALIZED_63D, 0.3),
        (NAN, NAN, NAN, NAN, VolatilitySource.DEFAULT, 0.25),
    ],
)
def test_a_volatility_comes_from_the_first_source_that_knows_one(
    forecast: float, long: float, medium: float, held: float, source: VolatilitySource, volatility: float
) -> None:
    got, where = fallback_volatility(63, forecast, long, medium, False, held=held)
    assert where == source
    np.testing.assert_allclose(got, volatility, rtol=1e-12)


def test_the_term_structure_runs_from_the_forecast_to_the_realized_level() -> None:
    sessions = np.array([1.0, 63.0, 1e7])
    got, _ = fallback_volatility(sessions, 0.4, 0.2, NAN, False)
    middle = 0.04 + (0.16 - 0.04) * (1 - np.exp(-1))
    np.testing.assert_allclose(got[1] ** 2, middle, rtol=1e-12)
    assert 0.398 < got[0] < 0.4
    assert 0.2 < got[2] < 0.20001


def test_an_index_is_ten_percent_more_volatile_than_its_history() -> None:
    got, _ = fallback_volatility(63, 0.3, 0.2, NAN, np.array([True, False]))
    np.testing.assert_allclose(got[0], 1.1 * got[1], rtol=1e-15)


@pytest.mark.parametrize(
    ("move", "is_index", "factor"),
    [
        (-0.10, True, 1.40), (-0.10, False, 1.25), (0.10, True, 0.80), (0.10, False, 0.875), (0.0, True, 1.0),
        (-0.50, True, 2.50), (-0.80, False, 2.50), (0.25, True, 0.60), (0.40, False, 0.60),
    ],
)  # fmt: skip
def test_volatility_rises_with_a_fall_and_less_the_other_way(move: float, is_index: bool, factor: float) -> None:
    np.testing.assert_allclose(shocked_volatility(0.2, move, is_index), 0.2 * factor, rtol=1e-12)


@pytest.mark.parametrize("wrong", [{"days": 0.0}, {"volatility": 0.0}, {"volatility": NAN}])
def test_an_american_option_needs_time_and_volatility(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="above zero"):
        american_option(**(CONTRACT | wrong))
