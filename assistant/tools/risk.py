"""How much a portfolio moves and what it may lose, and which positions make it so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from analytics.engines.tails import METHODS
from analytics.services.reasons import in_words
from analytics.services.risk_contributions import Contribution
from analytics.services.risk_decomposition import Decomposition
from analytics.services.risk_report import risk_report
from analytics.services.value_at_risk import Tail
from analytics.services.var_backtest import Backtest
from analytics.services.volatility import aggregate_volatility, portfolio_volatility
from assistant.tools.arguments import Choice, Flag
from assistant.tools.figures import known, percent_of, rounded, usd
from assistant.tools.registry import PORTFOLIO, Call, tool
from assistant.tools.results import Finding

NOTES = (
    "Losses are positive dollars; a position with a negative share protects.",
    "Shares of the value at risk (historical, one session, 95 %) rest on two sessions and jump from night to night; to say who drives "
    "risk, use the shares of volatility.",
)

INCREMENTS = "What the value at risk would fall by without a position (historical, one session, 95 %); these do not add up, each is alone."


def _volatility_together(call: Call, ids: Sequence[UUID]) -> Finding:
    found = aggregate_volatility(call.user, ids)
    return Finding(
        {
            "realized_21d_pct": percent_of(found.realized_21d),
            "realized_63d_pct": percent_of(found.realized_63d),
            "expected_21d_pct": percent_of(found.expected_21d),
            "if_all_moved_together_pct": percent_of(found.weighted_average_21d),
            "average_correlation_63d": rounded(found.average_correlation_63d, 2),
            "coverage_pct": percent_of(found.coverage),
        }
    )


@tool(
    purpose="How much a portfolio moves: realised volatility of a month and a quarter, the HAR forecast for the next month, its trend "
    "and where it stands within the past year.",
    returns="realized_21d_pct, realized_63d_pct, expected_21d_pct (annual), trend, percentile_pct of the past year, forecast method",
    source="GET /analytics/portfolio/{id}/volatility: portfolio_volatility",
    arguments=(PORTFOLIO,),
    together=_volatility_together,
)
def get_volatility_analysis(call: Call) -> Finding:
    book, found = portfolio_volatility(call.user, call.book.pk)
    made = book.engine.get("volatility", {})
    if found is None:
        return Finding({"available": False, "reason": f"No volatility: {in_words(made.get('reason'))}."}, book.as_of)
    return Finding(
        {
            "realized_21d_pct": percent_of(found.realized_volatility_21d),
            "realized_63d_pct": percent_of(found.realized_volatility_63d),
            "expected_21d_pct": percent_of(found.expected_volatility_21d),
            "trend": found.volatility_trend,
            "percentile_pct": percent_of(found.volatility_percentile),
            "forecast_model": "HAR",
            "forecast_method": made.get("method"),
            "observations": made.get("observations"),
        },
        book.as_of,
        ("Volatilities are annual and of today's holdings over past returns.",),
    )


@tool(
    purpose="What a portfolio may lose and why: value at risk and expected shortfall by four methods, which positions add and which "
    "protect, how factors and single names share the variance, and how the value at risk has stood up to what came.",
    returns="value_at_risk by method (at 1 and 10 sessions, 95 and 99 %: var_usd, es_usd, var_pct_of_nav), contributions by size of the "
    "volatility they add (symbol, market_value_usd, volatility_share_pct, var_usd, var_share_pct; on demand "
    "var_falls_without_it_usd), variance (factor and specific shares, factors), backtest (sessions, exceptions, expected, Kupiec and "
    "independence p-values, zone, days exceeded)",
    source="GET /analytics/portfolio/{id}/risk: risk_report",
    arguments=(
        PORTFOLIO,
        Choice("backtest_method", "The method that is tested against the past.", words=METHODS, default="historical"),
        Flag(
            "include_increments",
            "Whether to tell by how much the value at risk would fall without each position: to weigh what to sell.",
            default=False,
        ),
    ),
)
def get_risk_analysis(call: Call) -> Finding:
    book, found = risk_report(
        call.user, call.book.pk, backtest_method=call["backtest_method"], increments=call["include_increments"]
    )
    tails = found.value_at_risk
    if not tails.tails:
        return Finding({"available": False, "reason": f"No value at risk: {in_words(tails.reason)}."}, book.as_of)
    return Finding(
        {
            "window": {"from": tails.window_from, "sessions": tails.observations},
            "daily_volatility_usd": usd(tails.volatility),
            "value_at_risk": _by_method(tails.tails),
            "variance": _variance(found.decomposition),
            "backtest": [_backtest(one) for one in found.backtests],
            "contributions": [
                _contribution(one, increments=call["include_increments"])
                for one in sorted(found.contributions.lots, key=lambda one: -abs(one.component_volatility or 0))
            ],
            "left_out": [{"symbol": symbol, "reason": in_words(reason)} for symbol, reason in tails.skipped],
        },
        book.as_of,
        (*NOTES, INCREMENTS) if call["include_increments"] else NOTES,
    )


def _by_method(tails: Sequence[Tail]) -> list[dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for one in tails:
        rows.setdefault(one.method, {"method": one.method})[f"{one.horizon}d_{100 * one.confidence:.0f}pct"] = {
            "var_usd": usd(one.value_at_risk),
            "es_usd": usd(one.expected_shortfall),
            "var_pct_of_nav": percent_of(one.share_of_equity),
        }
    return list(rows.values())


def _contribution(one: Contribution, *, increments: bool) -> dict[str, Any]:
    told = {
        "symbol": one.symbol,
        "market_value_usd": usd(one.market_value),
        "volatility_share_pct": percent_of(one.volatility_share),
        "var_usd": usd(one.component_var),
        "var_share_pct": percent_of(one.var_share),
    }
    return told | {"var_falls_without_it_usd": usd(one.incremental_var)} if increments else told


def _variance(found: Decomposition) -> dict[str, Any]:
    if found.volatility is None:
        return {"available": False, "reason": in_words(found.reason)}
    return {
        "factor_share_pct": percent_of(found.factor_share),
        "specific_share_pct": percent_of(found.specific_share),
        "daily_volatility_pct": percent_of(found.volatility),
        "coverage_pct": percent_of(found.coverage),
        "factors": {
            one.factor: {"loading": rounded(one.loading), "share_pct": percent_of(one.share)} for one in found.factors
        },
    }


def _backtest(one: Backtest) -> dict[str, Any]:
    return known(
        {
            "confidence_pct": round(100 * one.confidence),
            "from": one.window_from,
            "to": one.window_to,
            "sessions": one.observations,
            "exceptions": one.exceptions,
            "expected": one.expected,
            "kupiec_p_value": rounded(one.kupiec_p_value),
            "independence_p_value": rounded(one.independence_p_value),
            "zone": one.zone,
            "days_exceeded": {
                str(day.session): f"lost {usd(day.loss):,} over {usd(day.value_at_risk):,} USD"
                for day in one.exceeded[-5:]
            },
            "reason": None if one.reason is None else in_words(one.reason),
        }
    )
