"""European option values, Greeks, implied volatilities and stressed values, elementwise over arrays of contracts.

Units: delta and gamma per 1.00 of the underlying, theta per calendar day, vega per volatility point, rho per percentage point
of the rate. Rates and dividend yields are continuously compounded fractions a year, volatilities fractions a year, time is
calendar days / 365. Source: Black and Scholes (1973); Merton (1973).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]

DAYS = 365.0
DEFAULT_RATE = 0.05
DEFAULT_VOLATILITY = 0.25
INDEX_SKEW = 1.10
CONTRACT_MULTIPLIER = 100
# Constant-maturity Treasury series and their maturities in years.
TREASURY_MATURITIES = {
    "DGS1MO": 1 / 12, "DGS3MO": 0.25, "DGS6MO": 0.5, "DGS1": 1.0, "DGS2": 2.0, "DGS5": 5.0, "DGS10": 10.0, "DGS30": 30.0,
}  # fmt: skip


class ValueStatus(IntEnum):
    """How the valuation of a contract ended."""

    OK = 0
    EXPIRES_TODAY = 1
    EXPIRED = 2
    MISSING_OPTION_TERMS = 3
    NO_UNDERLYING_PRICE = 4
    INVALID_VOLATILITY = 5


STATUS_NAMES = {
    ValueStatus.OK: "ok",
    ValueStatus.EXPIRES_TODAY: "expires_today",
    ValueStatus.EXPIRED: "expired",
    ValueStatus.MISSING_OPTION_TERMS: "skipped:missing_option_terms",
    ValueStatus.NO_UNDERLYING_PRICE: "skipped:no_underlying_price",
    ValueStatus.INVALID_VOLATILITY: "skipped:invalid_volatility",
}


class VolatilitySource(IntEnum):
    """Where a contract's volatility comes from."""

    NONE = 0
    IMPLIED = 1
    HELD = 2
    FORECAST = 3
    REALIZED_63D = 4
    DEFAULT = 5


@dataclass(frozen=True)
class OptionValues:
    """Value per share and unit Greeks, all of one shape."""

    price: Floats
    delta: Floats
    gamma: Floats
    theta: Floats
    vega: Floats
    rho: Floats
    dividend_rho: Floats


def _density(x: Floats) -> Floats:
    return np.asarray(np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi))


def black_scholes(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    volatility: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    sign: ArrayLike,
) -> OptionValues:
    """Price and Greeks of European options with a continuous dividend yield.

    Parameters
    ----------
    sign : +1 call, -1 put. years : calendar days / 365, 0 on the expiration day after the close. volatility : 0 is legal and
        gives the deterministic forward. All broadcast against each other; NaN anywhere gives NaN.

    Returns
    -------
    OptionValues of the broadcast shape.
    """
    s, k, t, v, r, q, w = np.broadcast_arrays(
        *(np.asarray(a, dtype=np.float64) for a in (spot, strike, years, volatility, rate, dividend_yield, sign))
    )
    root = np.sqrt(t)
    spread = v * root
    certain = spread <= 0
    safe = np.where(certain, 1.0, spread)
    with np.errstate(invalid="ignore", divide="ignore"):
        d1 = (np.log(s / k) + (r - q) * t) / safe + safe / 2
    d2 = d1 - safe
    carry, discount = np.exp(-q * t), np.exp(-r * t)
    n1, n2 = ndtr(w * d1), ndtr(w * d2)
    density = _density(d1)
    forward, present_strike = s * carry, k * discount
    # Without uncertainty the option is exercised or not.
    exercised = np.where(w * (forward - present_strike) > 0, 1.0, 0.0)
    n1, n2 = np.where(certain, exercised, n1), np.where(certain, exercised, n2)
    density = np.where(certain, 0.0, density)
    price = np.where(certain, np.maximum(w * (forward - present_strike), 0.0), w * (forward * n1 - present_strike * n2))
    decay = np.where(certain, 0.0, -forward * density * v / np.where(root > 0, 2 * root, 1.0))
    living = np.where(t > 0, 1.0, 0.0)
    unknown = np.isnan(s + k + t + v + r + q + w)

    def out(values: Floats) -> Floats:
        return np.where(unknown, np.nan, values)

    return OptionValues(
        price=out(price),
        delta=out(w * carry * n1),
        gamma=out(np.where(certain, 0.0, carry * density / (s * safe))),
        theta=out(living * (decay - w * r * present_strike * n2 + w * q * forward * n1) / DAYS),
        vega=out(forward * density * root / 100),
        rho=out(w * t * present_strike * n2 / 100),
        dividend_rho=out(-w * t * forward * n1 / 100),
    )


def price_only(
    spot: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    volatility: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    sign: ArrayLike,
) -> Floats:
    """The price of `black_scholes` without its Greeks: what stress and VaR evaluate many times."""
    s, k, t, v, r, q, w = (
        np.asarray(a, dtype=np.float64) for a in (spot, strike, years, volatility, rate, dividend_yield, sign)
    )
    spread = v * np.sqrt(t)
    forward, present_strike = s * np.exp(-q * t), k * np.exp(-r * t)
    with np.errstate(invalid="ignore", divide="ignore"):
        d1 = np.log(forward / present_strike) / spread + spread / 2
        value = w * (forward * ndtr(w * d1) - present_strike * ndtr(w * (d1 - spread)))
    return np.where(
        spread > 0, value, np.where(np.isnan(spread), np.nan, np.maximum(w * (forward - present_strike), 0.0))
    )


def value_contracts(
    spot: ArrayLike,
    strike: ArrayLike,
    days: ArrayLike,
    volatility: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    sign: ArrayLike,
) -> tuple[OptionValues, NDArray[np.int8]]:
    """Values and Greeks with a status for every contract; a skipped one is NaN throughout.

    Parameters
    ----------
    days : calendar days to expiry, NaN if there is none; negative means expired. sign : +1, -1, or 0 for an unknown type.

    Returns
    -------
    OptionValues, and `ValueStatus` codes of the same shape. Expired contracts are worth 0; on the day of expiry the value is
    the payoff and delta says whether it is exercised.
    """
    s, k, d, v, r, q, w = np.broadcast_arrays(
        *(np.asarray(a, dtype=np.float64) for a in (spot, strike, days, volatility, rate, dividend_yield, sign))
    )
    with np.errstate(invalid="ignore"):
        status = np.select(
            [
                ~(k > 0) | (w == 0) | np.isnan(w) | np.isnan(d),
                d < 0,
                ~(s > 0),
                d == 0,
                ~(v >= 0),
            ],
            [
                ValueStatus.MISSING_OPTION_TERMS, ValueStatus.EXPIRED, ValueStatus.NO_UNDERLYING_PRICE, ValueStatus.EXPIRES_TODAY,
                ValueStatus.INVALID_VOLATILITY,
            ],
            ValueStatus.OK,
        ).astype(np.int8)  # fmt: skip
    live, today = status == ValueStatus.OK, status == ValueStatus.EXPIRES_TODAY
    used = live | today
    values = black_scholes(
        np.where(used, s, 1.0), np.where(used, k, 1.0), np.where(live, d, 0.0) / DAYS, np.where(live, v, 0.0),
        np.where(live, r, 0.0), np.where(live, q, 0.0), np.where(used, w, 1.0),
    )  # fmt: skip
    gone = status == ValueStatus.EXPIRED

    def out(array: Floats) -> Floats:
        return np.where(used, array, np.where(gone, 0.0, np.nan))

    return OptionValues(*(out(getattr(values, name)) for name in values.__dataclass_fields__)), status


class InversionStatus(IntEnum):
    """How the search for an implied volatility ended."""

    OK = 0
    BELOW_INTRINSIC = 1
    ABOVE_MAXIMUM = 2
    EXPIRED = 3
    NO_PRICE = 4


LOWEST_VOLATILITY, HIGHEST_VOLATILITY = 1e-4, 20.0
INVERSION_STEPS = 100


def implied_volatility(
    price: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    days: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
    sign: ArrayLike,
) -> tuple[Floats, NDArray[np.int8]]:
    """The volatility at which a European option is worth its price.

    The option is first turned into its out-of-the-money twin by put-call parity, so that a small time value keeps its digits;
    Newton steps on the logarithm of the price are kept inside a shrinking bracket.

    Returns
    -------
    Volatilities, NaN where there is none, and `InversionStatus` codes: a price at or outside the no-arbitrage bounds has no
    implied volatility and is never clamped.
    """
    p, s, k, d, r, q, w = np.broadcast_arrays(
        *(np.asarray(a, dtype=np.float64) for a in (price, spot, strike, days, rate, dividend_yield, sign))
    )
    t = d / DAYS
    with np.errstate(invalid="ignore"):
        forward, present_strike = s * np.exp(-q * t), k * np.exp(-r * t)
        intrinsic = w * (forward - present_strike)
        time_value = p - np.maximum(intrinsic, 0.0)
        ceiling = np.where(w > 0, forward, present_strike)
        status = np.select(
            [~(d > 0), ~(p > 0) | np.isnan(s + k), time_value <= 0, p >= ceiling],
            [
                InversionStatus.EXPIRED,
                InversionStatus.NO_PRICE,
                InversionStatus.BELOW_INTRINSIC,
                InversionStatus.ABOVE_MAXIMUM,
            ],
            InversionStatus.OK,
        ).astype(np.int8)
    good = status == InversionStatus.OK
    result = np.full(p.shape, np.nan)
    if not good.any():
        return result, status
    f, x, years, value = forward[good], present_strike[good], t[good], time_value[good]
    out_of_money = np.where(f < x, 1.0, -1.0)
    target = np.log(value)
    low, high = np.full(len(f), LOWEST_VOLATILITY), np.full(len(f), HIGHEST_VOLATILITY)
    sigma = np.clip(np.sqrt(2 * np.abs(np.log(f / x)) / years), 0.05, 2.0)
    for _ in range(INVERSION_STEPS):
        spread = sigma * np.sqrt(years)
        d1 = np.log(f / x) / spread + spread / 2
        model = out_of_money * (f * ndtr(out_of_money * d1) - x * ndtr(out_of_money * (d1 - spread)))
        vega = f * _density(d1) * np.sqrt(years)
        with np.errstate(divide="ignore", invalid="ignore"):
            miss = np.log(model) - target
            step = miss * model / vega
        above = miss > 0
        high, low = np.where(above, sigma, high), np.where(above, low, sigma)
        wanted = sigma - step
        inside = (wanted > low) & (wanted < high)
        moved = np.where(inside, wanted, 0.5 * (low + high))
        if np.max(np.abs(moved - sigma) / sigma) < 1e-14:
            break
        sigma = moved
    result[good] = sigma
    return result, status


def treasury_rate(maturities: Floats, percents: Floats, years: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    """Continuously compounded rate for a time to expiry from bond-equivalent Treasury yields.

    Parameters
    ----------
    maturities : (K,) years, ascending. percents : (K,) yields in percent, NaN where a series is missing. years : any shape.

    Returns
    -------
    Rates of the shape of `years`, linear between the maturities that are there and flat beyond them; and whether the default
    of 5 % had to stand in because there are none.
    """
    wanted = np.asarray(years, dtype=np.float64)
    there = ~np.isnan(percents)
    if not there.any():
        return np.full(wanted.shape, DEFAULT_RATE), np.ones(wanted.shape, dtype=bool)
    bond_equivalent = np.interp(wanted, maturities[there], percents[there])
    return 2 * np.log1p(bond_equivalent / 200), np.zeros(wanted.shape, dtype=bool)


def fallback_volatility(
    sessions: ArrayLike, forecast_21d: ArrayLike, realized_252d: ArrayLike, realized_63d: ArrayLike, is_index: ArrayLike
) -> tuple[Floats, NDArray[np.int8]]:
    """The volatility of a contract that was never quoted.

    From the underlying: a variance that runs from the 21-session forecast to the realised level of 252 sessions as the expiry
    moves out, ten percent more volatile for an index or fund; else 63-session realised; else 25 %.

    Parameters
    ----------
    sessions : trading sessions to expiry. forecast_21d, realized_252d, realized_63d : annual, NaN where unknown.

    Returns
    -------
    Volatilities and `VolatilitySource` codes.
    """
    n, short, long, medium, index = np.broadcast_arrays(
        *(np.asarray(a, dtype=np.float64) for a in (sessions, forecast_21d, realized_252d, realized_63d, is_index))
    )
    ratio = np.maximum(n, 1.0) / 63.0
    variance = long**2 + (short**2 - long**2) * (1 - np.exp(-ratio)) / ratio
    curve = np.sqrt(np.maximum(variance, 0.0)) * np.where(index > 0, INDEX_SKEW, 1.0)
    source = np.where(
        ~np.isnan(curve),
        VolatilitySource.FORECAST,
        np.where(~np.isnan(medium), VolatilitySource.REALIZED_63D, VolatilitySource.DEFAULT),
    ).astype(np.int8)
    volatility = np.where(
        source == VolatilitySource.FORECAST,
        curve,
        np.where(source == VolatilitySource.REALIZED_63D, medium, DEFAULT_VOLATILITY),
    )
    return volatility, source


def shocked_volatility(volatility: ArrayLike, market_move: ArrayLike, is_index: ArrayLike) -> Floats:
    """Implied volatility after a market move: up by 4 (index) or 2.5 (single name) times a fall, down by half of that for a
    rise, between -40 % and +150 %. An assumption; results are published without it as well.
    """
    move = np.asarray(market_move, dtype=np.float64)
    slope = np.where(np.asarray(is_index) > 0, 4.0, 2.5)
    change = np.clip(np.where(move < 0, -slope * move, -slope * move / 2), -0.40, 1.50)
    return np.asarray(np.asarray(volatility) * (1 + change))


@dataclass(frozen=True)
class PositionGreeks:
    """Greeks of holdings: unit Greeks times signed contracts without the multiplier, and in dollars with it.

    delta_dollars for a move of 100 %, gamma_dollars their change for a 1 % move, theta a calendar day, vega a volatility
    point, rho a percentage point.
    """

    delta: Floats
    gamma: Floats
    theta: Floats
    vega: Floats
    rho: Floats
    shares_equivalent: Floats
    delta_dollars: Floats
    gamma_dollars: Floats
    theta_dollars: Floats
    vega_dollars: Floats
    rho_dollars: Floats


def scale_to_positions(
    unit: OptionValues, quantity: ArrayLike, multiplier: ArrayLike, underlying: ArrayLike
) -> PositionGreeks:
    """Greeks of holdings of the contracts; a stock is a contract with delta 1, other Greeks 0 and multiplier 1."""
    q, m, u = (np.asarray(a, dtype=np.float64) for a in (quantity, multiplier, underlying))
    shares = q * m
    return PositionGreeks(
        delta=unit.delta * q, gamma=unit.gamma * q, theta=unit.theta * q, vega=unit.vega * q, rho=unit.rho * q,
        shares_equivalent=shares * unit.delta,
        delta_dollars=shares * unit.delta * u,
        gamma_dollars=shares * unit.gamma * u**2 / 100,
        theta_dollars=shares * unit.theta,
        vega_dollars=shares * unit.vega,
        rho_dollars=shares * unit.rho,
    )  # fmt: skip


def taylor_change(
    base: OptionValues, spot: ArrayLike, spot_shock: float, volatility_shock: float, rate_shock: float
) -> dict[str, float]:
    """What Greeks alone make of a shock, per share: delta; delta and gamma; and with vega and rho. For comparison with the full
    revaluation, which is what stress uses.

    Parameters
    ----------
    spot_shock : return of the underlying. volatility_shock, rate_shock : fractions.
    """
    move = float(np.asarray(spot)) * spot_shock
    delta = float(base.delta) * move
    gamma = delta + 0.5 * float(base.gamma) * move**2
    full = gamma + 100 * float(base.vega) * volatility_shock + 100 * float(base.rho) * rate_shock
    return {"delta_only": delta, "delta_gamma": gamma, "delta_gamma_vega_rho": full}
