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
    INVALID_RATE = 6


STATUS_NAMES = {
    ValueStatus.OK: "ok",
    ValueStatus.EXPIRES_TODAY: "expires_today",
    ValueStatus.EXPIRED: "expired",
    ValueStatus.MISSING_OPTION_TERMS: "skipped:missing_option_terms",
    ValueStatus.NO_UNDERLYING_PRICE: "skipped:no_underlying_price",
    ValueStatus.INVALID_VOLATILITY: "skipped:invalid_volatility",
    ValueStatus.INVALID_RATE: "skipped:invalid_rate",
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
    s, k, t, v, r, q, w = (
        np.asarray(a, dtype=np.float64) for a in (spot, strike, years, volatility, rate, dividend_yield, sign)
    )
    root = np.sqrt(t)
    spread = v * root
    carry, discount = np.exp(-q * t), np.exp(-r * t)
    forward, present_strike = s * carry, k * discount
    certain = spread <= 0
    safe = np.where(certain, 1.0, spread)
    with np.errstate(invalid="ignore", divide="ignore"):
        d1 = (np.log(s / k) + (r - q) * t) / safe + safe / 2
        slope = carry / (s * safe)
    n1, n2 = ndtr(w * d1), ndtr(w * (d1 - safe))
    density = _density(d1)
    if certain.any():
        # Without uncertainty the option is exercised or not.
        payoff = w * (forward - present_strike)
        exercised = np.where(np.isnan(d1 + payoff), np.nan, np.where(payoff > 0, 1.0, 0.0))
        n1, n2 = np.where(certain, exercised, n1), np.where(certain, exercised, n2)
        density = np.where(certain, 0.0 * exercised, density)
    living = np.where(t > 0, 1.0, 0.0)
    held, owed = forward * n1, present_strike * n2
    wide = forward * density
    decay = -wide * v / np.where(root > 0, 2 * root, 1.0)
    return OptionValues(
        price=w * (held - owed),
        delta=w * (carry * n1),
        gamma=slope * density,
        theta=living * (decay - w * (r * owed - q * held)) / DAYS,
        vega=wide * (root / 100),
        rho=w * t * owed / 100,
        dividend_rho=-w * t * held / 100,
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
    days : calendar days to expiry, NaN if there is none; negative means expired. sign : +1 or -1, anything else is an unknown
        type. An infinite input counts as a missing one.

    Returns
    -------
    OptionValues, and `ValueStatus` codes of the same shape. Expired contracts are worth 0; on the day of expiry the value is
    the payoff and delta says whether it is exercised.
    """
    s, k, d, v, r, q, w = (
        np.asarray(a, dtype=np.float64) for a in (spot, strike, days, volatility, rate, dividend_yield, sign)
    )
    status = np.select(
        [
            ~((k > 0) & np.isfinite(k) & (np.abs(w) == 1) & np.isfinite(d)),
            d < 0,
            ~((s > 0) & np.isfinite(s)),
            d == 0,
            ~((v >= 0) & np.isfinite(v)),
            ~(np.isfinite(r) & np.isfinite(q)),
        ],
        [
            ValueStatus.MISSING_OPTION_TERMS, ValueStatus.EXPIRED, ValueStatus.NO_UNDERLYING_PRICE, ValueStatus.EXPIRES_TODAY,
            ValueStatus.INVALID_VOLATILITY, ValueStatus.INVALID_RATE,
        ],
        ValueStatus.OK,
    ).astype(np.int8)  # fmt: skip
    live, today = status == ValueStatus.OK, status == ValueStatus.EXPIRES_TODAY
    if live.all():
        return black_scholes(s, k, d / DAYS, v, r, q, w), status
    used = live | today
    values = black_scholes(
        np.where(used, s, 1.0), np.where(used, k, 1.0), np.where(live, d, 0.0) / DAYS, np.where(live, v, 0.0),
        np.where(live, r, 0.0), np.where(live, q, 0.0), np.where(used, w, 1.0),
    )  # fmt: skip
    gone = status == ValueStatus.EXPIRED

    def out(array: Floats) -> Floats:
        # Adding zero turns the minus zero of a worthless put into zero.
        return np.where(used, array + 0.0, np.where(gone, 0.0, np.nan))

    return OptionValues(*(out(getattr(values, name)) for name in values.__dataclass_fields__)), status


class InversionStatus(IntEnum):
    """How the search for an implied volatility ended."""

    OK = 0
    BELOW_INTRINSIC = 1
    ABOVE_MAXIMUM = 2
    EXPIRED = 3
    NO_PRICE = 4
    INVALID_TERMS = 5
    OUT_OF_RANGE = 6


LOWEST_VOLATILITY, HIGHEST_VOLATILITY = 1e-4, 20.0
INVERSION_STEPS = 80


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
    Halley steps on the logarithm of the price are kept inside a shrinking bracket. Every contract stops on its own, so that
    its volatility does not depend on the contracts beside it.

    Returns
    -------
    Volatilities, NaN where there is none, and `InversionStatus` codes: a price at or outside the no-arbitrage bounds, or one
    that takes less than 0.01 % or more than 2,000 % of volatility, has no implied volatility and is never clamped.
    """
    p, s, k, d, r, q, w = np.broadcast_arrays(
        *(np.asarray(a, dtype=np.float64) for a in (price, spot, strike, days, rate, dividend_yield, sign))
    )
    t = d / DAYS
    with np.errstate(invalid="ignore"):
        forward, present_strike = s * np.exp(-q * t), k * np.exp(-r * t)
        time_value = p - np.maximum(w * (forward - present_strike), 0.0)
        known = (s > 0) & (k > 0) & np.isfinite(forward) & np.isfinite(present_strike) & (np.abs(w) == 1)
        status = np.select(
            [d <= 0, ~known, ~(p > 0), time_value <= 0, p >= np.where(w > 0, forward, present_strike)],
            [
                InversionStatus.EXPIRED,
                InversionStatus.INVALID_TERMS,
                InversionStatus.NO_PRICE,
                InversionStatus.BELOW_INTRINSIC,
                InversionStatus.ABOVE_MAXIMUM,
            ],
            InversionStatus.OK,
        ).astype(np.int8)
    good = status == InversionStatus.OK
    result = np.full(p.shape, np.nan)
    result[good] = _invert(time_value[good], forward[good], present_strike[good], t[good])
    status[good & np.isnan(result)] = InversionStatus.OUT_OF_RANGE
    return result, status


def _invert(value: Floats, forward: Floats, present_strike: Floats, years: Floats) -> Floats:
    """Volatilities of out-of-the-money options from their prices, (C,), NaN where none within the bracket has the price."""
    result = np.full(len(value), np.nan)
    place = np.arange(len(value))
    side = np.where(forward < present_strike, 1.0, -1.0)
    distance, root = np.log(forward / present_strike), np.sqrt(years)
    bottom, top = LOWEST_VOLATILITY * root, HIGHEST_VOLATILITY * root
    # Where the price bends, or what an option at the money would say; in units of the standard deviation to expiry.
    spread = np.maximum(np.sqrt(2 * np.abs(distance)), np.sqrt(2 * np.pi) * value / np.sqrt(forward * present_strike))
    spread = np.clip(spread, 1.01 * bottom, 0.99 * top)
    low, high = bottom, top
    target, last = np.log(value), np.full(len(value), np.inf)
    for _ in range(INVERSION_STEPS):
        d1 = distance / spread + spread / 2
        model = side * (forward * ndtr(side * d1) - present_strike * ndtr(side * (d1 - spread)))
        with np.errstate(divide="ignore", invalid="ignore"):
            miss, slope = np.log(model) - target, forward * _density(d1) / model
            # Halley's step: the curvature of the logarithm costs little beside the two normal tails.
            step = miss / slope
            step = step / np.clip(1 - 0.5 * step * (d1 * (d1 - spread) / spread - slope), 0.5, 2.0)
        above = miss > 0
        high, low = np.where(above, spread, high), np.where(above, low, spread)
        wanted = spread - step
        moved = np.where((wanted >= low) & (wanted <= high), wanted, np.sqrt(low * high))
        change = np.abs(step / spread)
        # Rounding of the price alone keeps a step from getting smaller.
        done = (change < 1e-13) | ((change < 1e-8) & (change >= last)) | (high / low - 1 < 1e-14)
        if done.any():
            inside = done & (moved > bottom * (1 + 1e-9)) & (moved < top * (1 - 1e-9))
            result[place[inside]] = moved[inside] / root[inside]
            left = np.flatnonzero(~done)
            if not len(left):
                break
            place = place[left]
            side, distance, root, forward, present_strike, bottom, top, target, low, high, moved, change = (
                array.take(left)
                for array in (
                    side, distance, root, forward, present_strike, bottom, top, target, low, high, moved, change,
                )
            )  # fmt: skip
        spread, last = moved, change
    return result


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
    sessions: ArrayLike,
    forecast_21d: ArrayLike,
    realized_252d: ArrayLike,
    realized_63d: ArrayLike,
    is_index: ArrayLike,
    *,
    held: ArrayLike = np.nan,
) -> tuple[Floats, NDArray[np.int8]]:
    """The volatility of a contract without a quote.

    The last implied one, of any age. Without any, from the underlying: a variance that runs from the 21-session forecast to the
    realised level of 252 sessions as the expiry moves out, ten percent more volatile for an index or fund; else 63-session
    realised; else 25 %.

    Parameters
    ----------
    sessions : trading sessions to expiry. forecast_21d, realized_252d, realized_63d : annual, NaN where unknown.
    held : the contract's last implied volatility, NaN if it never had one.

    Returns
    -------
    Volatilities and `VolatilitySource` codes.
    """
    n, short, long, medium, index, implied = np.broadcast_arrays(
        *(
            np.asarray(a, dtype=np.float64)
            for a in (sessions, forecast_21d, realized_252d, realized_63d, is_index, held)
        )
    )
    ratio = np.maximum(n, 1.0) / 63.0
    variance = long**2 + (short**2 - long**2) * (1 - np.exp(-ratio)) / ratio
    curve = np.sqrt(np.maximum(variance, 0.0)) * np.where(index > 0, INDEX_SKEW, 1.0)
    known = [~np.isnan(implied), ~np.isnan(curve), ~np.isnan(medium)]
    source = np.select(
        known,
        [VolatilitySource.HELD, VolatilitySource.FORECAST, VolatilitySource.REALIZED_63D],
        VolatilitySource.DEFAULT,
    ).astype(np.int8)
    return np.select(known, [implied, curve, medium], DEFAULT_VOLATILITY), source


def shocked_volatility(volatility: ArrayLike, market_move: ArrayLike, is_index: ArrayLike) -> Floats:
    """Implied volatility after a market move: up by 4 (index) or 2.5 (single name) times a fall, down by half of that for a
    rise, between -40 % and +150 %. An assumption; results are published without it as well.
    """
    move = np.asarray(market_move, dtype=np.float64)
    slope = np.where(np.asarray(is_index) > 0, 4.0, 2.5)
    change = np.clip(np.where(move < 0, -slope * move, -slope * move / 2), -0.40, 1.50)
    return np.asarray(np.asarray(volatility) * (1 + change))
