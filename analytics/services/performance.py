"""How a portfolio has done: returns, falls, ratios, beside the S&P 500, and which positions made it, from the ledger."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from django.db import connection

from analytics.engines.regression import Floats
from analytics.engines.risk import YEAR
from analytics.engines.risk import performance as ratios_of
from analytics.engines.track_record import Drawdown, money_weighted_return, relative_to, worst_drawdown
from analytics.services.benchmark_days import benchmark_days
from analytics.services.ledger_lots import Earned, ledger_lots
from analytics.services.published import PublishedBook, published_book
from analytics.services.sector_attribution import SectorAttribution, sector_attribution
from portfolios.models import User

# Sessions of the periods that are told; the calendar's are taken from the published session.
SPANS = {"1d": 1, "5d": 5, "21d": 21, "63d": 63, "252d": 252}
# Below this a year's figure says nothing.
ENOUGH = 20
DIGITS = 6
NO_EQUITY, TOO_FEW = "invalid_equity", "insufficient_data"

# Differences of running totals are exact; sums of rounded days are not.
SESSIONS = """
    SELECT s.snapshot_date, s.net_asset_value::float8, s.cumulative_pnl::float8, s.daily_return::float8, s.daily_capital_flow::float8
    FROM portfolio_snapshots AS s
    WHERE s.portfolio_id = %(portfolio)s AND s.snapshot_date <= %(last)s AND s.is_complete
    ORDER BY s.snapshot_date
"""


@dataclass(frozen=True, slots=True)
class Period:
    """From the close of `since` to the published session: P&L in dollars, time-weighted return and the benchmark's as fractions."""

    name: str
    since: dt.date
    pnl: float
    twr: float | None
    benchmark: float | None


@dataclass(frozen=True, slots=True)
class Fall:
    """The worst fall: depth as a fraction, 0 or negative, from the close of `peak` to that of `trough`; `recovered` : the session that
    reached the peak again, None if it has not been."""

    depth: float
    peak: dt.date
    trough: dt.date
    recovered: dt.date | None


@dataclass(frozen=True)
class PerformanceReport:
    """A portfolio over `sessions` sessions after the close of `first`. Returns are fractions, net of fees, flows taken out (`twr`) or
    counted (`mwr`); a year's figures are None below 20 sessions and `annual_return` below a year. Ratios are at a riskless rate of 0.
    Figures beside the S&P 500 (total return of SPY) are None where they have no denominator. `drawdowns` stand beside `values`:
    the chained returns below their highest point of the window. `sectors` : what they made of the difference to the S&P 500.
    `reason` : "invalid_equity" where a session began without positive equity, so that it has no return: the chain of returns and the
    fall are unknown, the other figures are of the sessions that have one; "insufficient_data" below 20 sessions; else None."""

    first: dt.date
    last: dt.date
    sessions: int
    pnl: float
    flows: float
    twr: float | None
    mwr: float | None
    annual_return: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    best: tuple[dt.date, float] | None
    worst: tuple[dt.date, float] | None
    days_up: float | None
    fall: Fall | None
    benchmark_return: float | None
    beta: float | None
    alpha: float | None
    correlation: float | None
    tracking_error: float | None
    information_ratio: float | None
    up_capture: float | None
    down_capture: float | None
    periods: tuple[Period, ...]
    earned: tuple[Earned, ...]
    sectors: SectorAttribution
    values: tuple[tuple[dt.date, float], ...]
    drawdowns: tuple[float | None, ...]
    reason: str | None


def performance_report(
    user: User, portfolio_id: UUID, *, sessions: int = 252
) -> tuple[PublishedBook, PerformanceReport | None]:
    """A person's portfolio over its last `sessions` sessions, or all there are; None before the second night.

    Raises
    ------
    NotFound for unknown and foreign portfolios.
    """
    book = published_book(user, portfolio_id)
    return book, None if book.as_of is None else performance_up_to(portfolio_id, book.as_of, sessions=sessions)


def performance_up_to(portfolio_id: UUID, last: dt.date, *, sessions: int = 252) -> PerformanceReport | None:
    """A portfolio over the `sessions` sessions up to `last`, or all there are; None before the second."""
    with connection.cursor() as cursor:
        cursor.execute(SESSIONS, {"portfolio": portfolio_id, "last": last})
        rows = cursor.fetchall()
        if len(rows) < 2:
            return None
    values, total, returns, flows = (
        np.array([np.nan if v is None else v for v in column]) for column in list(zip(*rows, strict=True))[1:]
    )
    days = [row[0] for row in rows]
    first = max(0, len(rows) - 1 - sessions)
    window = slice(first, None)
    earned, held = ledger_lots(portfolio_id, days[first], days[-1])
    benchmark = benchmark_days(days)
    sectors = sector_attribution(held, days[window], values[window], returns[window], benchmark)
    return _report(days, first, values, total, returns, flows, benchmark.market, earned, sectors)


def _report(
    days: Sequence[dt.date], first: int, values: Floats, total: Floats, returns: Floats, flows: Floats, market: Floats,
    earned: tuple[Earned, ...], sectors: SectorAttribution,
) -> PerformanceReport:  # fmt: skip
    own, beside = returns[first + 1 :], market[first + 1 :]
    known = own[~np.isnan(own)]
    told = [day for day, value in zip(days[first + 1 :], own, strict=True) if not np.isnan(value)]
    measured, relative = ratios_of(known), relative_to(own, beside)
    enough = len(known) >= ENOUGH
    holed = len(known) < len(own)
    # Chained over a hole a fall would lack what was lost in it.
    fall = None if holed else worst_drawdown(known)
    rate = money_weighted_return(values[first], flows[first + 1 :], values[-1])

    def yearly(value: float) -> float | None:
        return _known(value) if enough else None

    return PerformanceReport(
        first=days[first],
        last=days[-1],
        sessions=len(own),
        pnl=round(float(total[-1] - total[first]), 2) + 0.0,
        flows=round(float(np.nansum(flows[first + 1 :])), 2) + 0.0,
        twr=_growth(own),
        mwr=None if rate is None else _known((1 + rate) ** len(own) - 1),
        annual_return=_known(measured.annual_return) if len(known) >= YEAR and not holed else None,
        volatility=yearly(measured.annual_volatility),
        sharpe=yearly(measured.sharpe),
        sortino=yearly(measured.sortino),
        best=(told[int(known.argmax())], _known(float(known.max())) or 0.0) if len(known) else None,
        worst=(told[int(known.argmin())], _known(float(known.min())) or 0.0) if len(known) else None,
        days_up=_known(float((known > 0).mean())) if len(known) else None,
        fall=None if fall is None else _dated(fall, [days[first], *told]),
        benchmark_return=_growth(beside),
        **{
            name: yearly(getattr(relative, name))
            for name in (
                "beta",
                "alpha",
                "correlation",
                "tracking_error",
                "information_ratio",
                "up_capture",
                "down_capture",
            )
        },
        periods=_periods(days, total, returns, market),
        earned=earned,
        sectors=sectors,
        values=tuple((day, round(float(value), 2)) for day, value in zip(days[first:], values[first:], strict=True)),
        drawdowns=_drawdowns(own),
        reason=NO_EQUITY if holed else None if enough else TOO_FEW,
    )


def _drawdowns(returns: Floats) -> tuple[float | None, ...]:
    """Before the first return and after each; None from an unknown one on."""
    wealth = np.concatenate([[1.0], np.cumprod(1 + returns)])
    return tuple(_known(float(fall)) for fall in wealth / np.maximum.accumulate(wealth) - 1)


def _dated(fall: Drawdown, days: Sequence[dt.date]) -> Fall:
    recovered = None if fall.recovery is None else days[fall.recovery]
    return Fall(round(fall.depth, DIGITS) + 0.0, days[fall.peak], days[fall.trough], recovered)


def _periods(days: Sequence[dt.date], total: Floats, returns: Floats, market: Floats) -> tuple[Period, ...]:
    """The spans there are sessions for, month and year to date, and everything."""
    last = days[-1]
    starts: dict[str, int] = {name: len(days) - 1 - span for name, span in SPANS.items() if span < len(days)}
    for name, begun in (("mtd", last.replace(day=1)), ("ytd", last.replace(month=1, day=1))):
        before = [place for place, day in enumerate(days) if day < begun]
        if before:
            starts[name] = before[-1]
    starts["since_start"] = 0
    periods = []
    for name, place in starts.items():
        part = slice(place + 1, None)
        made = round(float(total[-1] - total[place]), 2) + 0.0
        periods.append(Period(name, days[place], made, _growth(returns[part]), _growth(market[part])))
    return tuple(periods)


def _growth(returns: Floats) -> float | None:
    """Of a chain of returns; None if one of them is unknown."""
    return _known(float(np.prod(1 + returns) - 1))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), DIGITS) + 0.0
