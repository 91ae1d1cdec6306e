"""Which sectors made the difference to the S&P 500, from the ledger, the benchmark's sector weights and the funds of its sectors."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analytics.engines.attribution import brinson_fachler
from analytics.engines.regression import Floats
from analytics.engines.sector import sector_label
from analytics.services.benchmark_days import BenchmarkDays
from analytics.services.held_lots import SECTOR_FUNDS as FUND_TYPES
from analytics.services.ledger_lots import HeldDay
from marketdata.services.securities import SECTOR_FUNDS
from portfolios.models import InvestmentClass

CASH = "Cash"
DIGITS = 6
NO_WEIGHTS = "There are no sector weights of the S&P 500 up to the last session"
NO_RETURNS = "A sector fund has no return on the last session: {symbols}"
UNKNOWN_DAY = "The portfolio's own return of the last session is not known"


@dataclass(frozen=True, slots=True)
class SectorEffect:
    """Of one sector over the window. Weights are means over its days, fractions; effects are fractions of the portfolio's value.
    `benchmark_weight` is None for cash, funds of several sectors and unclassified holdings."""

    sector: str
    weight: float
    benchmark_weight: float | None
    allocation: float
    selection: float
    total: float


@dataclass(frozen=True)
class SectorAttribution:
    """From the close of `first` to that of `last`: the sum of all effects is `portfolio_return` less `benchmark_return`, which is that of
    the sector funds at the benchmark's weights of `weights_as_of`. `reason` says why there is none, with everything else empty."""

    first: dt.date | None = None
    last: dt.date | None = None
    portfolio_return: float | None = None
    benchmark_return: float | None = None
    weights_since: dt.date | None = None
    weights_as_of: dt.date | None = None
    sectors: tuple[SectorEffect, ...] = ()
    reason: str | None = None


def sector_attribution(
    held: Sequence[HeldDay], days: Sequence[dt.date], values: Floats, returns: Floats, benchmark: BenchmarkDays
) -> SectorAttribution:
    """Brinson-Fachler over the longest run of days, up to the last, for which everything is known.

    Parameters
    ----------
    held : what the ledger holds of the days. days : (T,) sessions with a ledger, ascending, the first being the close from which the
    window begins. values : (T,) net asset value in dollars at each. returns : (T,) daily returns, NaN where unknown; the first is
    not used. benchmark : of sessions that end with the days.
    """
    sectors = list(SECTOR_FUNDS)
    weights, funds = benchmark.weights[-len(days) :], benchmark.sectors[-len(days) :]
    market = (weights * funds).sum(axis=1)
    known = ~np.isnan(market) & ~np.isnan(returns)
    known[1:] &= values[:-1] > 0
    broken = np.flatnonzero(~known[1:])
    begin = int(broken[-1]) + 2 if len(broken) else 1
    if begin >= len(days):
        return SectorAttribution(reason=_why_none(benchmark))
    labels, value, made = _by_label(held, days, sectors)
    window = slice(begin, None)
    base = values[begin - 1 : -1, None]
    own, contributed = value[begin - 1 : -1] / base, made[window] / base
    # What no lot made (fees, dividends booked elsewhere, cents of rounding) stands with the cash.
    own = np.column_stack([own, 1 - own.sum(axis=1)])
    contributed = np.column_stack([contributed, returns[window] - contributed.sum(axis=1)])
    others = len(labels) - len(sectors)
    nothing = np.zeros((len(own), others + 1))
    # Against what the benchmark lacks stands the whole benchmark; against cash nothing.
    elsewhere = np.repeat(market[window, None], others, axis=1)
    beside_weights = np.column_stack([weights[window], nothing])
    beside = np.column_stack([funds[window], elsewhere, np.zeros(len(own))])
    effects = brinson_fachler(own, contributed, beside_weights, beside)
    rows = [
        SectorEffect(
            sector=name,
            weight=_rounded(own[:, place].mean()),
            benchmark_weight=_rounded(weights[window, place].mean()) if place < len(sectors) else None,
            allocation=_rounded(effects.allocation[place]),
            selection=_rounded(effects.selection[place]),
            total=_rounded(effects.allocation[place] + effects.selection[place]),
        )
        for place, name in enumerate([*labels, CASH])
    ]
    return SectorAttribution(
        first=days[begin - 1],
        last=days[-1],
        portfolio_return=_rounded(effects.portfolio_return),
        benchmark_return=_rounded(effects.benchmark_return),
        weights_since=benchmark.weights_of[begin - len(days)],
        weights_as_of=benchmark.weights_of[-1],
        sectors=tuple(sorted(rows, key=lambda row: (-row.total, row.sector))),
    )


def _rounded(value: float) -> float:
    return round(float(value), DIGITS) + 0.0


def _why_none(benchmark: BenchmarkDays) -> str:
    if np.isnan(benchmark.weights[-1]).all():
        return NO_WEIGHTS
    last = zip(SECTOR_FUNDS.values(), benchmark.sectors[-1], strict=True)
    lacking = [symbol for symbol, value in last if np.isnan(value)]
    return NO_RETURNS.format(symbols=", ".join(lacking)) if lacking else UNKNOWN_DAY


def _by_label(
    held: Sequence[HeldDay], days: Sequence[dt.date], sectors: Sequence[str]
) -> tuple[list[str], Floats, Floats]:
    """Labels (the benchmark's sectors first), and market value and P&L in dollars by day and label."""
    of_fund = {symbol: name for name, symbol in SECTOR_FUNDS.items()}
    named = [
        of_fund.get(one.symbol)
        or sector_label(
            one.sector, is_fund=one.security_type in FUND_TYPES, apart=one.investment_class == InvestmentClass.PRIVATE
        )
        for one in held
    ]
    labels = [*sectors, *sorted(set(named) - set(sectors))]
    row = {day: place for place, day in enumerate(days)}
    column = {label: place for place, label in enumerate(labels)}
    value, made = np.zeros((len(days), len(labels))), np.zeros((len(days), len(labels)))
    for name, one in zip(named, held, strict=True):
        value[row[one.day], column[name]] += one.market_value
        made[row[one.day], column[name]] += one.pnl
    return labels, value, made
