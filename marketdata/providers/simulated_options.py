"""Options on the simulated market: every contract has a volatility of its own that moves with the market's.

The demo's contracts cost exactly the demo's premium on 2025-06-30. The market maker prices after Black and Scholes (1973)
with a flat rate; the risk engines never see this model, only its quotes.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import lru_cache

import numpy as np
from scipy.special import ndtr

from marketdata.providers.base import OptionContractTerms, OptionQuoteRow
from marketdata.providers.simulated_world import Floats, loadings, rng, world
from sigmasight.core.demo import DEMO_SESSION, rows

MARKET_MAKER_RATE = 0.04
SPREAD = 0.01
TICK = 0.01
VOLATILITY_RESPONSE = 0.35


def premium(spot: Floats, strike: float, years: Floats, volatility: Floats, sign: int, dividend_yield: float) -> Floats:
    """The market maker's price per share; intrinsic value at expiry."""
    root = volatility * np.sqrt(np.maximum(years, 1e-9))
    d1 = (np.log(spot / strike) + (MARKET_MAKER_RATE - dividend_yield) * years) / root + root / 2
    carried, discount = spot * np.exp(-dividend_yield * years), np.exp(-MARKET_MAKER_RATE * years)
    value = sign * (carried * ndtr(sign * d1) - strike * discount * ndtr(sign * (d1 - root)))
    return np.where(years <= 0, np.maximum(sign * (spot - strike), 0.0), value)


@lru_cache(maxsize=1)
def _demo_premiums() -> dict[str, float]:
    return {
        row["symbol"]: float(row["entry_price"]) for row in rows("positions") if row["investment_class"] == "OPTIONS"
    }


@lru_cache(maxsize=50_000)
def anchor_volatility(
    seed: int, symbol: str, underlying: str, strike: float, expiration: dt.date, sign: int, spot: float
) -> float:
    """The contract's volatility on the demo's session."""
    from scipy.optimize import brentq

    known = _demo_premiums().get(symbol)
    years = (expiration - DEMO_SESSION).days / 365
    if known is not None and years > 0:

        def miss(volatility: float) -> float:
            price = premium(
                np.array([spot]),
                strike,
                np.array([years]),
                np.array([volatility]),
                sign,
                loadings(seed, underlying).dividend_yield,
            )
            return float(price[0]) - known

        return float(brentq(miss, 0.01, 4.0, xtol=1e-12))
    own = loadings(seed, underlying)
    base = float(np.hypot(0.16 * own.market, own.own_volatility))
    return max(0.10, base * (1.05 + 0.05 * float(rng(seed, f"smile {symbol}").standard_normal())))


def quote_rows(
    seed: int, contract: OptionContractTerms, closes: Floats, factor: Floats, start: dt.date, end: dt.date
) -> list[OptionQuoteRow]:
    """End-of-session quotes of one contract from `start` to `end`, none after its expiration.

    Parameters
    ----------
    closes, factor : raw closes and split factor of the underlying over the simulated sessions, (T,). Terms are adjusted by
        the exchange on a split; here the contract keeps its terms and follows the unadjusted price.
    """
    w = world(seed)
    last = min(np.datetime64(end), np.datetime64(contract.expiration))
    rows_ = np.flatnonzero((w.sessions >= np.datetime64(start)) & (w.sessions <= last))
    if not len(rows_):
        return []
    sign, strike = (1 if contract.option_type == "CALL" else -1), float(contract.strike)
    spot = closes * factor / factor[w.anchor]
    at_anchor = anchor_volatility(
        seed, contract.symbol, contract.underlying, strike, contract.expiration, sign, float(spot[w.anchor])
    )
    moved = np.exp(VOLATILITY_RESPONSE * (w.log_volatility - w.log_volatility[w.anchor]))
    own = np.exp(0.02 * (w.draws(f"option {contract.symbol}") - w.draws(f"option {contract.symbol}")[w.anchor]))
    volatility = np.clip(at_anchor * moved * own, 0.03, 3.0)[rows_]
    days = (np.datetime64(contract.expiration) - w.sessions[rows_]).astype(int)
    value = premium(
        spot[rows_], strike, days / 365, volatility, sign, loadings(seed, contract.underlying).dividend_yield
    )
    quotes = []
    for session, mid, sigma in zip(w.sessions[rows_].tolist(), value.tolist(), volatility.tolist(), strict=True):
        middle = Decimal(f"{max(mid, 0.0):.4f}")
        half = (middle * Decimal(str(SPREAD)) / 2).quantize(Decimal("0.0001"))
        quotes.append(
            OptionQuoteRow(
                contract.symbol, session, "simulated", bid=max(middle - half, Decimal(0)), ask=middle + half, last=middle,
                implied_volatility=Decimal(f"{sigma:.6f}"), volume=int(200 + 10 * (session.toordinal() % 37)), open_interest=5_000,
            )
        )  # fmt: skip
    return quotes


def contract_terms(underlying: str, spot: float, as_of: dt.date) -> tuple[OptionContractTerms, ...]:
    """A small chain: third Fridays of the next three months and the next two Decembers, five strikes each side."""
    step = float(np.select([spot < 25, spot < 200], [1.0, 5.0], 10.0))
    middle = round(spot / step) * step
    months = [(as_of.year + (as_of.month + k - 1) // 12, (as_of.month + k - 1) % 12 + 1) for k in (1, 2, 3)]
    terms = []
    for year, month in dict.fromkeys([*months, (as_of.year + 1, 12), (as_of.year + 2, 12)]):
        first = dt.date(year, month, 1)
        friday = first + dt.timedelta(days=(4 - first.weekday()) % 7 + 14)
        for k in range(-5, 6):
            strike = middle + k * step
            if strike <= 0:
                continue
            for kind in ("CALL", "PUT"):
                code = f"{underlying}{friday:%y%m%d}{kind[0]}{round(strike * 1000):08d}"
                terms.append(OptionContractTerms(code, underlying, kind, Decimal(f"{strike:.4f}"), friday))
    return tuple(terms)
