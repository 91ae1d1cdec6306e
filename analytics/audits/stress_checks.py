"""Scenario impacts worked out again: stored shocks and loadings, lot by lot, contracts by the formula of Black and Scholes."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.conf import settings

from analytics.audits.book_checks import CENT, PER_DOLLAR, ROLL, differing, rows_of
from analytics.audits.plain_books import Contract, Floats, PlainBook, PlainBooks, PlainLot
from analytics.models import (
    MARKET_SCENARIOS,
    FactorExposure,
    MarketRiskScenario,
    ScenarioFactorShock,
    StressScenario,
    StressTestResult,
)
from sigmasight.core.audits import Check, Finding, Nothing, Severity, check

NO_STRESS = Nothing("no portfolio has stress results", "Run the batch; it takes sixty sessions of prices.")
# Impacts by factor are kept as four-byte floats: seven digits.
SINGLE = 2e-7
LOWEST = -0.99
SHOCK_FUNDS = {
    "Market": "SPY", "Value": "VTV", "Growth": "VUG", "Momentum": "MTUM", "Quality": "QUAL", "Size": "IWM", "Low_Volatility": "USMV",
}  # fmt: skip
RATES_FACTOR = 6
MARKET_SLOT = 0


@dataclass(frozen=True)
class Shock:
    """A scenario at a session as it was stored. funds : total return of each shocked fund by symbol; yields : change, 0 without."""

    key: str
    name: str
    place: int
    factors: Floats
    scale: float
    market_move: float
    funds: dict[str, float]
    yields: float


def check_impacts(books: PlainBooks) -> Check:
    """P&L under every stress scenario, its parts by factor, and what they add up to."""
    stored = rows_of(StressTestResult, books, "calculation_date")
    scenarios = list(StressScenario.objects.filter(active=True).order_by("slot"))
    shocks = _shocks(scenarios, sorted({book.session for book in books.books}))
    found, compared = [], 0
    for book in books.books:
        row = stored.get(book.portfolio.pk)
        if row is None:
            if any(_loading(books, book, lot) is not None for lot in book.lots):
                found.append(
                    Finding(Severity.ERROR, book.name, "has no stress results", f"session {book.session}", ROLL)
                )
            continue
        if len(row.correlated_pnl) != len(scenarios):
            what = f"has {len(row.correlated_pnl)} scenarios, {len(scenarios)} are active by now"
            found.append(Finding(Severity.WARNING, book.name, what, f"session {book.session}", "Run the batch."))
            continue
        loaded = sum(
            (lot.dollars * loading for lot in book.lots
             if lot.dollars is not None and (loading := _loading(books, book, lot)) is not None),
            np.zeros(7),
        )  # fmt: skip
        tolerance = CENT + PER_DOLLAR * sum(abs(lot.market_value) for lot in book.lots)
        for shock in shocks.get(book.session, []):
            compared += 1
            private = sum(_private(books, book, lot, shock) for lot in book.lots)
            total = private + sum(_public(books, book, lot, shock) for lot in book.lots)
            parts = row.factor_impacts[shock.place]
            found += list(differing(book, f"{shock.name}: impact", row.correlated_pnl[shock.place], total, tolerance))
            found += list(
                differing(
                    book, f"{shock.name}: impact of private holdings", row.private_pnl[shock.place], private, tolerance
                )
            )
            for factor in range(7):
                part = float(loaded[factor] * shock.factors[factor])
                found += list(differing(
                    book, f"{shock.name}: part of joint factor {factor + 1}", parts[factor], part, tolerance + SINGLE * abs(part)
                ))  # fmt: skip
            whole = sum(float(part) for part in parts) + row.unexplained[shock.place]
            rounding = tolerance + SINGLE * sum(abs(float(part)) for part in parts)
            found += list(
                differing(book, f"{shock.name}: sum of its parts", row.correlated_pnl[shock.place], whole, rounding)
            )
    told = [f"every scenario of {len(stored)} portfolios, contracts revalued one by one"] if compared else []
    return check("Scenario impacts", {"impacts recomputed": compared}, found, nothing=NO_STRESS, told=told)


def check_moves(books: PlainBooks) -> Check:
    """The plain moves of market and rates: by betas alone from stored exposures, and what is left as convexity."""
    stored = rows_of(MarketRiskScenario, books, "calculation_date")
    exposures = rows_of(FactorExposure, books, "calculation_date")
    found, compared = [], 0
    for book in books.books:
        row, exposure = stored.get(book.portfolio.pk), exposures.get(book.portfolio.pk)
        if row is None or exposure is None:
            continue
        for place, (name, move) in enumerate(MARKET_SCENARIOS):
            if name.startswith("ir_"):
                dollars, factor = (
                    (exposure.joint_dollar or [math.nan] * 7)[RATES_FACTOR],
                    -settings.RATE_PROXY_DURATION * move,
                )
            else:
                dollars, factor = exposure.exposure_dollar[MARKET_SLOT], move
            compared += 1
            found += list(
                differing(book, f"{name}: by betas", row.linear_pnl[place], dollars * factor, CENT + abs(factor) * CENT)
            )
            found += list(
                differing(
                    book,
                    f"{name}: convexity",
                    row.convexity_effect[place],
                    row.predicted_pnl[place] - row.linear_pnl[place],
                    CENT,
                )
            )
    return check("Plain moves of market and rates", {"moves recomputed": compared}, found, nothing=NO_STRESS)


def _shocks(scenarios: list[StressScenario], sessions: list[dt.date]) -> dict[dt.date, list[Shock]]:
    """By session, with the places of the active scenarios in the arrays: their order by slot."""
    by_id = {one.scenario_id: one for one in scenarios}
    places = {key: place for place, key in enumerate(by_id)}
    result: dict[dt.date, list[Shock]] = {}
    for row in ScenarioFactorShock.objects.filter(calculation_date__in=sessions, scenario_key__in=list(by_id)):
        named: dict[str, Any] = by_id[row.scenario_key].shock_config
        yields = float(named.get("Interest_Rate", 0.0))
        funds = {
            fund: float(named[name])
            for name, fund in SHOCK_FUNDS.items()
            if name in named and row.plausibility_scale == 1
        }
        if "Market" in named:
            funds["SPY"] = float(named["Market"])
        if "Interest_Rate" in named:
            funds["TLT"] = -settings.RATE_PROXY_DURATION * yields + settings.RATE_PROXY_CONVEXITY * yields**2 / 2
        result.setdefault(row.calculation_date, []).append(
            Shock(
                row.scenario_key, by_id[row.scenario_key].name, places[row.scenario_key], np.array(row.factor_shock),
                row.plausibility_scale, row.implied_market_move, funds, yields,
            )
        )  # fmt: skip
    return result


def _loading(books: PlainBooks, book: PlainBook, lot: PlainLot) -> Floats | None:
    one = lot.proxy if lot.is_private else lot.priced_by
    return None if one is None else books.stress_loading(book.session, one)


def _return(books: PlainBooks, book: PlainBook, lot: PlainLot, shock: Shock) -> float | None:
    """What the shock does to the lot's symbol: a shocked fund takes its shock, others follow their loadings."""
    one = lot.proxy if lot.is_private else lot.priced_by
    for fund, move in shock.funds.items():
        if books.funds.get(fund) == one:
            return move
    loading = _loading(books, book, lot)
    return None if loading is None else max(float(loading @ shock.factors), LOWEST)


def _private(books: PlainBooks, book: PlainBook, lot: PlainLot, shock: Shock) -> float:
    if not lot.is_private or lot.proxy is None:
        return 0.0
    return lot.market_value * lot.multiple * (_return(books, book, lot, shock) or 0.0)


def _public(books: PlainBooks, book: PlainBook, lot: PlainLot, shock: Shock) -> float:
    if lot.dollars is None:
        return 0.0
    move = _return(books, book, lot, shock)
    if lot.contract is None:
        return lot.market_value * (move or 0.0)
    if move is None:
        return 0.0
    now = option_value(lot.contract, 0.0, 0.0, 0.0)
    return lot.quantity * lot.multiplier * (option_value(lot.contract, move, shock.yields, shock.market_move) - now)


def option_value(contract: Contract, move: float, yields: float, market_move: float) -> float:
    """Dollars a share of a European option with a dividend yield after a move of its underlying, of yields and of the market.

    Volatility rises by 4 (index and funds) or 2.5 times a fall of the market and falls by half of that in a rise, between -40 and
    +150 %. Source: Black and Scholes (1973), Merton (1973).
    """
    slope = 4.0 if contract.on_index else 2.5
    change = -slope * market_move * (1 if market_move < 0 else 0.5)
    volatility = contract.volatility * (1 + min(max(change, -0.40), 1.50))
    spot, rate = contract.spot * (1 + move), contract.rate + yields
    spread, sign = volatility * math.sqrt(contract.years), 1 if contract.is_call else -1
    forward = spot * math.exp(-contract.dividend_yield * contract.years)
    strike = contract.strike * math.exp(-rate * contract.years)
    if spread <= 0:
        return max(sign * (forward - strike), 0.0)
    d1 = math.log(forward / strike) / spread + spread / 2
    return sign * (forward * _normal(sign * d1) - strike * _normal(sign * (d1 - spread)))


def _normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))
