"""How a portfolio has done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from analytics.services.ledger_lots import Earned
from analytics.services.performance import NO_EQUITY, PerformanceReport, performance_report
from analytics.services.reasons import in_words
from analytics.services.sector_attribution import SectorAttribution
from assistant.tools.arguments import Flag, Whole
from assistant.tools.figures import known, percent_of, rounded, usd
from assistant.tools.registry import PORTFOLIO, Call, tool
from assistant.tools.results import Finding

SIDE = 8
NO_SECTOR = "no sector"


@tool(
    purpose="How a portfolio has done: returns by period beside the S&P 500, Sharpe and Sortino ratios, worst fall with its dates, beta, "
    "tracking error and captures, and which positions and sectors made and lost the money.",
    returns="periods (pnl_usd, twr_pct, sp500_pct), window (twr_pct, mwr_pct, volatility, ratios, best and worst day), worst_fall, "
    "beside_sp500, what each sector added to the difference to the S&P 500 (allocation, selection), sectors and symbols by P&L; on demand "
    "net asset values, newest first",
    source="GET /analytics/portfolio/{id}/performance: performance_report, the ledger's snapshots, total returns of SPY",
    arguments=(
        PORTFOLIO,
        Whole("sessions", "Length of the window in sessions.", default=252, least=20, most=504),
        Flag("include_values", "Whether the net asset value of every session is given.", default=False),
    ),
)
def get_performance(call: Call) -> Finding:
    book, found = performance_report(call.user, call.book.pk, sessions=call["sessions"])
    if found is None:
        return Finding({"available": False, "reason": "Fewer than two nights have been computed."}, book.as_of)
    notes = []
    if found.sessions < call["sessions"]:
        notes.append(f"The book has {found.sessions} sessions of history.")
    if found.reason == NO_EQUITY:
        notes.append("A session began without positive equity: it has no return, so returns are not chained over it.")
    elif found.annual_return is None:
        notes.append("Less than a year: returns are not annualised; ratios of so short a time are weak evidence.")
    return Finding(_told(found, with_values=call["include_values"]), book.as_of, tuple(notes))


def _told(found: PerformanceReport, *, with_values: bool) -> dict[str, Any]:
    data: dict[str, Any] = {
        "window": known(
            {
                "since_close_of": found.first,
                "sessions": found.sessions,
                "pnl_usd": usd(found.pnl),
                "flows_usd": usd(found.flows),
                "twr_pct": percent_of(found.twr),
                "mwr_pct": percent_of(found.mwr),
                "annual_return_pct": percent_of(found.annual_return),
                "volatility_pct_a_year": percent_of(found.volatility),
                "sharpe_ratio": rounded(found.sharpe, 2),
                "sortino_ratio": rounded(found.sortino, 2),
                "days_up_pct": percent_of(found.days_up),
                "best_day": _day(found.best),
                "worst_day": _day(found.worst),
            }
        ),
        "worst_fall": None,
        "beside_sp500": known(
            {
                "sp500_return_pct": percent_of(found.benchmark_return),
                "beta": rounded(found.beta, 2),
                "alpha_pct_a_year": percent_of(found.alpha),
                "correlation": rounded(found.correlation, 2),
                "tracking_error_pct": percent_of(found.tracking_error),
                "information_ratio": rounded(found.information_ratio, 2),
                "up_capture": rounded(found.up_capture, 2),
                "down_capture": rounded(found.down_capture, 2),
            }
        ),
        "periods": [
            {
                "period": one.name,
                "since_close_of": one.since,
                "pnl_usd": usd(one.pnl),
                "twr_pct": percent_of(one.twr),
                "sp500_pct": percent_of(one.benchmark),
            }
            for one in found.periods
        ],
        "difference_to_sp500_by_sector": _attributed(found.sectors),
        "sectors": _sectors(found.earned),
        "made_most": [_earned(one) for one in found.earned[:SIDE] if one.pnl > 0],
        "lost_most": [_earned(one) for one in reversed(found.earned[-SIDE:]) if one.pnl < 0],
    }
    if found.fall is not None:
        data["worst_fall"] = {
            "depth_pct": percent_of(found.fall.depth),
            "from_close_of": found.fall.peak,
            "to_close_of": found.fall.trough,
            "recovered_on": found.fall.recovered,
        }
    if with_values:
        data["values"] = [{"date": day, "net_asset_value_usd": usd(value)} for day, value in reversed(found.values)]
    return data


def _day(told: tuple[Any, float] | None) -> dict[str, Any] | None:
    return None if told is None else {"date": told[0], "return_pct": percent_of(told[1])}


def _earned(one: Earned) -> dict[str, Any]:
    return {"symbol": one.symbol, "pnl_usd": usd(one.pnl)}


def _attributed(found: SectorAttribution) -> dict[str, Any]:
    if found.reason is not None:
        return {"skipped": in_words(found.reason)}
    return {
        "since_close_of": found.first,
        "portfolio_pct": percent_of(found.portfolio_return),
        "benchmark_pct": percent_of(found.benchmark_return),
        "benchmark_is": f"the sector funds at the S&P 500's weights known from {found.weights_since} to {found.weights_as_of}",
        "sectors": [
            {
                "sector": one.sector,
                "weight_pct": percent_of(one.weight),
                "benchmark_weight_pct": percent_of(one.benchmark_weight),
                "allocation_pct": percent_of(one.allocation),
                "selection_pct": percent_of(one.selection),
            }
            for one in found.sectors
        ],
    }


def _sectors(earned: Sequence[Earned]) -> list[dict[str, Any]]:
    sums: dict[str, float] = defaultdict(float)
    for one in earned:
        sums[one.sector or NO_SECTOR] += one.pnl
    return [{"sector": name, "pnl_usd": usd(sums[name])} for name in sorted(sums, key=lambda name: (-sums[name], name))]
