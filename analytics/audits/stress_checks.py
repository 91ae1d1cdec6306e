"""Scenario impacts worked out again: stored shocks and loadings, lot by lot, contracts by the formula of Black and Scholes."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.conf import settings

from analytics.audits.book_checks import CENT, FOUR_DECIMALS, PER_DOLLAR, ROLL, differing, rows_of
from analytics.audits.plain_books import Contract, Floats, PlainBook, PlainBooks, PlainLot
from analytics.batch.book_status import MOST_SKIPPED
from analytics.models import (
    MARKET_SCENARIOS,
    FactorExposure,
    MarketRiskScenario,
    ScenarioFactorShock,
    StressScenario,
    StressTestResult,
)
from sigmasight.core.audits import Check, Finding, Nothing, Severity, check, named

NO_STRESS = Nothing("no portfolio has stress results", "Run the batch; it takes sixty sessions of prices.")
# Impacts by factor are kept as four-byte floats: seven digits.
SINGLE = 2e-7
LOWEST = -0.99
# Names of two shocks in a scenario.
MARKET, RATES = "Market", "Interest_Rate"
SHOCK_FUNDS = {
    "Market": "SPY", "Value": "VTV", "Growth": "VUG", "Momentum": "MTUM", "Quality": "QUAL", "Size": "IWM", "Low_Volatility": "USMV",
}  # fmt: skip
RATES_FACTOR = 6
MARKET_SLOT = 0


@dataclass(frozen=True)
class Shock:
    """A scenario at a session as it was stored. funds : total return of each shocked fund by symbol; yields : change, 0 without."""

    factors: Floats
    market_move: float
    funds: dict[str, float]
    yields: float


UNFORMED = "a fund that they shock has no loadings at that session"
# By session and key; a scenario that could not be formed has none.
Shocks = Mapping[tuple[dt.date, str], Shock]


@dataclass(frozen=True)
class Reach:
    """What of a book scenarios move. unknown : lots whose move is not known, so that they add nothing; coverage : the share of the
    dollars whose move is known, None for a book that holds nothing."""

    unknown: list[PlainLot]
    coverage: float | None


def check_impacts(books: PlainBooks) -> Check:
    """P&L under every stress scenario, its parts by factor, what they add up to, and what is said of moves that are not known."""
    stored = rows_of(StressTestResult, books, "calculation_date")
    scenarios = list(StressScenario.objects.filter(active=True).order_by("slot"))
    shocks = _shocks(books, {one.scenario_id: one.shock_config for one in scenarios})
    found: list[Finding] = []
    compared, unformed, unmoved = 0, set(), []
    for book in books.books:
        row, reach = stored.get(book.portfolio.pk), _reach(books, book)
        formed = [(book.session, one.scenario_id) in shocks for one in scenarios]
        if row is None:
            if reach.coverage and any(formed):
                found.append(
                    Finding(Severity.ERROR, book.name, "has no stress results", f"session {book.session}", ROLL)
                )
            continue
        if len(row.correlated_pnl) != len(scenarios):
            what = f"has {len(row.correlated_pnl)} scenarios, {len(scenarios)} are active by now"
            found.append(Finding(Severity.WARNING, book.name, what, f"session {book.session}", "Run the batch."))
            continue
        unformed |= {f"{one.name} ({book.session})" for one, there in zip(scenarios, formed, strict=True) if not there}
        if reach.unknown:
            unmoved.append(f"{named(lot.symbol for lot in reach.unknown)} of {book.name}")
        loaded = _loaded(books, book)
        for place, scenario in enumerate(scenarios):
            compared += 1
            shock = shocks.get((book.session, scenario.scenario_id))
            found += _differing_impact(books, book, row, place, scenario.name, shock, loaded)
        found += differing(book, "share of holdings with a known move", row.coverage, reach.coverage, FOUR_DECIMALS)
        if row.flags is not None:
            skipped = [one.scenario_id for one, there in zip(scenarios, formed, strict=True) if not there]
            found += _misnamed(book, "scenarios that were skipped", row.flags.get("skipped", []), skipped)
            listed = [symbol for symbol, _ in row.flags.get("uncovered", [])]
            found += _misnamed(book, "lots without a known move", listed, [lot.symbol for lot in reach.unknown])
    told = [f"every scenario of {len(stored)} portfolios, contracts revalued one by one"] if compared else []
    if unformed:
        told.append(f"skipped, for {UNFORMED}, and checked to be stored as unknown: {named(sorted(unformed))}")
    if unmoved:
        told.append(f"lots without a known move add nothing to impacts, and coverage leaves them out: {named(unmoved)}")
    return check("Scenario impacts", {"impacts recomputed": compared}, found, nothing=NO_STRESS, told=told)


def _differing_impact(
    books: PlainBooks, book: PlainBook, row: StressTestResult, place: int, name: str, shock: Shock | None, loaded: Floats
) -> Iterator[Finding]:  # fmt: skip
    """What is stored otherwise than it comes out of a scenario. Without a shock everything has to be unknown."""
    tolerance = CENT + PER_DOLLAR * sum(abs(lot.market_value) for lot in book.lots)
    private, total = (None, None) if shock is None else _impact(books, book, shock)
    yield from differing(book, f"{name}: impact", row.correlated_pnl[place], total, tolerance)
    yield from differing(book, f"{name}: impact of private holdings", row.private_pnl[place], private, tolerance)
    parts = row.factor_impacts[place]
    for factor in range(7):
        part = None if shock is None else float(loaded[factor] * shock.factors[factor])
        near = tolerance + SINGLE * abs(part or 0.0)
        yield from differing(book, f"{name}: part of joint factor {factor + 1}", parts[factor], part, near)
    whole = sum(math.nan if part is None else float(part) for part in parts) + row.unexplained[place]
    rounding = tolerance + SINGLE * sum(abs(float(part)) for part in parts if part is not None)
    yield from differing(book, f"{name}: sum of its parts", row.correlated_pnl[place], whole, rounding)


def _misnamed(book: PlainBook, what: str, stored: Sequence[str], again: Sequence[str]) -> Iterator[Finding]:
    """A finding if a list of names is another one; of long ones the first are kept."""
    same = sorted(stored) == sorted(again) if len(again) <= MOST_SKIPPED else len(stored) == MOST_SKIPPED
    if not same:
        told = [named(names) or "none" for names in (stored, again)]
        yield Finding(
            Severity.ERROR, book.name, f"{what} are stored as {told[0]}, recomputed {told[1]}", f"session {book.session}", ROLL
        )  # fmt: skip


def check_moves(books: PlainBooks) -> Check:
    """The plain moves of market and rates: by full revaluation, by betas alone from stored exposures, and the rest as convexity."""
    stored = rows_of(MarketRiskScenario, books, "calculation_date")
    exposures = rows_of(FactorExposure, books, "calculation_date")
    shocks = _shocks(
        books, {f"move:{name}": {RATES if name.startswith("ir_") else MARKET: move} for name, move in MARKET_SCENARIOS}
    )
    found: list[Finding] = []
    compared, unformed, unexposed = 0, set(), set()
    for book in books.books:
        row, exposure = stored.get(book.portfolio.pk), exposures.get(book.portfolio.pk)
        if row is None:
            continue
        tolerance = CENT + PER_DOLLAR * sum(abs(lot.market_value) for lot in book.lots)
        for place, (name, move) in enumerate(MARKET_SCENARIOS):
            shock = shocks.get((book.session, f"move:{name}"))
            whole = None if shock is None else _impact(books, book, shock)[1]
            dollars, factor = _exposed(exposure, name, move)
            if shock is None:
                unformed.add(f"{name} ({book.session})")
            if dollars is None:
                unexposed.add(book.name)
            linear = None if dollars is None else dollars * factor
            rest = None if linear is None or whole is None else row.predicted_pnl[place] - row.linear_pnl[place]
            compared += 1
            found += differing(book, f"{name}: by revaluation", row.predicted_pnl[place], whole, tolerance)
            found += differing(book, f"{name}: by betas", row.linear_pnl[place], linear, CENT + abs(factor) * CENT)
            found += differing(book, f"{name}: convexity", row.convexity_effect[place], rest, CENT)
    told = (
        [f"skipped, for {UNFORMED}, and checked to be stored as unknown: {named(sorted(unformed))}"] if unformed else []
    )
    if unexposed:
        told.append(
            f"by betas and convexity skipped, for no exposure is known, and checked so: {named(sorted(unexposed))}"
        )
    return check("Plain moves of market and rates", {"moves recomputed": compared}, found, nothing=NO_STRESS, told=told)


def _exposed(exposure: FactorExposure | None, name: str, move: float) -> tuple[float | None, float]:
    """Dollars exposed to the factor of a plain move, None where that is not known, and the factor's move."""
    of_rates = name.startswith("ir_")
    loadings = None if exposure is None else exposure.joint_dollar if of_rates else exposure.exposure_dollar
    dollars = loadings[RATES_FACTOR if of_rates else MARKET_SLOT] if loadings else None
    known = dollars is not None and not math.isnan(dollars)
    return dollars if known else None, -settings.RATE_PROXY_DURATION * move if of_rates else move


def _shocks(books: PlainBooks, named_shocks: Mapping[str, Mapping[str, Any]]) -> Shocks:
    """The stored shocks at the sessions of the books, with what each scenario, by key, shocks itself."""
    sessions = {book.session for book in books.books}
    result = {}
    for row in ScenarioFactorShock.objects.filter(calculation_date__in=sessions, scenario_key__in=list(named_shocks)):
        given = named_shocks[row.scenario_key]
        yields = float(given.get(RATES, 0.0))
        funds = {
            fund: float(given[name])
            for name, fund in SHOCK_FUNDS.items()
            if name in given and row.plausibility_scale == 1
        }
        if MARKET in given:
            funds["SPY"] = float(given[MARKET])
        if RATES in given:
            funds["TLT"] = -settings.RATE_PROXY_DURATION * yields + settings.RATE_PROXY_CONVEXITY * yields**2 / 2
        result[row.calculation_date, row.scenario_key] = Shock(
            np.array(row.factor_shock), row.implied_market_move, funds, yields
        )
    return result


def _reach(books: PlainBooks, book: PlainBook) -> Reach:
    """Dollars whose move is known: netted by what public lots move like, private ones as they are valued."""
    netted: dict[int, float] = defaultdict(float)
    unknown, covered, size = [], 0.0, 0.0
    for lot in book.lots:
        moves = lot.like_cash or _loading(books, book, lot) is not None
        if not lot.is_private and lot.priced_by is not None and lot.dollars is not None:
            netted[lot.priced_by] += lot.dollars
        else:
            moves &= lot.is_private
            dollars = abs(lot.market_value if lot.delta_dollars is None else lot.delta_dollars)
            size += dollars
            covered += dollars if moves else 0.0
        if not moves:
            unknown.append(lot)
    size += sum(abs(dollars) for dollars in netted.values())
    covered += sum(
        abs(dollars) for one, dollars in netted.items() if books.stress_loading(book.session, one) is not None
    )
    return Reach(unknown, min(covered, size) / size if size else None)


def _loaded(books: PlainBooks, book: PlainBook) -> Floats:
    """Dollars of public lots times their joint loadings, (7,)."""
    return sum(
        (lot.dollars * loading for lot in book.lots
         if lot.dollars is not None and (loading := _loading(books, book, lot)) is not None),
        np.zeros(7),
    )  # fmt: skip


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


def _private(books: PlainBooks, book: PlainBook, lot: PlainLot, shock: Shock) -> float | None:
    """P&L of a private lot; 0 of others, None where its move is not known."""
    if not lot.is_private or lot.like_cash:
        return 0.0
    move = None if lot.proxy is None else _return(books, book, lot, shock)
    return None if move is None else lot.market_value * lot.multiple * move


def _public(books: PlainBooks, book: PlainBook, lot: PlainLot, shock: Shock) -> float | None:
    """P&L of a lot that a market prices; 0 of others, None where its move is not known."""
    if lot.is_private:
        return 0.0
    move = None if lot.dollars is None else _return(books, book, lot, shock)
    if move is None or lot.contract is None:
        return None if move is None else lot.market_value * move
    now = option_value(lot.contract, 0.0, 0.0, 0.0)
    return lot.quantity * lot.multiplier * (option_value(lot.contract, move, shock.yields, shock.market_move) - now)


def _impact(books: PlainBooks, book: PlainBook, shock: Shock) -> tuple[float, float]:
    """P&L of private holdings and of all. Lots whose move is not known add nothing: `Reach` tells how much of the book they are."""
    private = sum(_private(books, book, lot, shock) or 0.0 for lot in book.lots)
    return private, private + sum(_public(books, book, lot, shock) or 0.0 for lot in book.lots)


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
