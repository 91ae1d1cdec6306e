"""What a portfolio is exposed to: the headline figures, factors, sectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from analytics.services.aggregate_overview import aggregate_overview
from analytics.services.concentration import TopPosition
from analytics.services.factors import (
    FactorReading,
    NoSpreads,
    aggregate_factors,
    factors_of,
    spreads_of,
)
from analytics.services.missing import Missing
from analytics.services.overview import portfolio_overview
from analytics.services.published import PublishedBook, published_book
from analytics.services.risk_metrics import risk_metrics
from analytics.services.sectors import NoSectorExposure, SectorExposure, aggregate_sector_exposure, sector_exposure
from analytics.services.selection import select_portfolios
from analytics.services.spread_text import describe_spread
from assistant.tools.figures import earned, exposures, known, of_positive, percent, percent_of, rounded, usd
from assistant.tools.registry import PORTFOLIO, Call, tool
from assistant.tools.results import Finding

YEAR_DAYS = 365
NIGHT = (
    "daily_pnl", "daily_return", "drawdown", "beta_calculated_90d", "beta_provider_1y", "beta_coverage",
    "realized_volatility_21d", "expected_volatility_21d", "nav_quality", "stale_count", "num_positions",
    "gross_delta_exposure", "net_delta_exposure", "portfolio_gamma", "portfolio_theta", "portfolio_vega",
)  # fmt: skip
PER_PERCENT = 0.01


def unavailable(missing: Missing) -> dict[str, Any]:
    """What is not there, and why."""
    return {"available": False, "reason": missing.message}


def _overview_together(call: Call, ids: Sequence[UUID]) -> Finding:
    found = aggregate_overview(call.user, ids)
    return Finding(
        {
            "net_asset_value_usd": usd(found.selection.total_value),
            "cash_usd": usd(found.cash),
            "leverage": of_positive(found.leverage, found.selection.total_value),
            "exposures": exposures(found.exposures, found.selection.total_value),
            "pnl": earned(found.pnl),
            "beta": rounded(found.risk.portfolio_beta),
            "realized_volatility_21d_pct": percent_of(found.risk.volatility),
            "sharpe_ratio": rounded(found.risk.sharpe_ratio, 2),
            "max_drawdown_pct": percent_of(found.risk.max_drawdown),
            "largest": [position_row(one) for one in found.top_positions],
            "sectors_pct_of_nav": found.sector_percentages,
        }
    )


@tool(
    purpose="The headline figures of a portfolio: value, the day's, month's and year's P&L, exposures, leverage, beta, volatility, "
    "Sharpe ratio, drawdown, sectors.",
    returns="net_asset_value_usd, cash_usd, leverage, exposures, pnl, day, beta, volatility, drawdown, last_year (volatility, Sharpe, "
    "Sortino, worst drawdown), exposure and Greeks with options at their delta, sectors gross and net in percent of net asset value",
    source="GET /analytics/portfolio/{id}/overview, /risk-metrics, /sector-exposure",
    arguments=(PORTFOLIO,),
    together=_overview_together,
)
def get_analytics_overview(call: Call) -> Finding:
    book, found = portfolio_overview(call.user, call.book.pk)
    night = published_book(call.user, call.book.pk, NIGHT).snapshot
    _, metrics, window = risk_metrics(call.user, call.book.pk, YEAR_DAYS)
    _, sectors = sector_exposure(call.user, call.book.pk)
    data: dict[str, Any] = {
        "portfolio": call.book.name,
        "net_asset_value_usd": usd(found.equity),
        "cash_usd": usd(found.cash),
        "leverage_gross_over_nav": of_positive(found.leverage, found.equity),
        "exposures": exposures(found.exposures, found.equity),
        "pnl": earned(found.pnl),
        "counts": asdict(found.counts),
        "day": {"pnl_usd": usd(night["daily_pnl"]), "return_pct": percent_of(night["daily_return"])},
        "beta_to_market": {
            "calculated_90d": rounded(night["beta_calculated_90d"]),
            "provider_1y": rounded(night["beta_provider_1y"]),
            "coverage_pct": percent_of(night["beta_coverage"]),
        },
        "volatility_pct_a_year": {
            "realized_21d": percent_of(night["realized_volatility_21d"]),
            "expected_21d": percent_of(night["expected_volatility_21d"]),
        },
        "drawdown_from_peak_pct": percent_of(night["drawdown"]),
        "with_options_at_delta": _greeks(night, float(found.equity)) if found.counts.option_count else None,
        "sectors": [] if isinstance(sectors, NoSectorExposure) else _sector_rows(sectors),
    }
    if metrics is not None and window is not None:
        data["last_year"] = {
            "from": window.first,
            "sessions": window.observations,
            "volatility_pct": percent_of(metrics.annualized_volatility),
            "sharpe_ratio": rounded(metrics.sharpe_ratio, 2),
            "sortino_ratio": rounded(metrics.sortino_ratio, 2),
            "max_drawdown_pct": percent_of(metrics.max_drawdown),
        }
    if found.target_returns:
        data["target_returns_pct"] = {
            key: value for key, value in found.target_returns.items() if key != "last_updated"
        }
    return Finding(data, book.as_of, _caveats(book, night))


def _greeks(night: Mapping[str, Any], equity: float) -> dict[str, Any]:
    """Exposure with every contract as the shares it moves like, and what else options do, dollars."""
    net, gross = night["net_delta_exposure"], night["gross_delta_exposure"]
    return {
        "net_exposure_usd": usd(net),
        "gross_exposure_usd": usd(gross),
        "net_pct_of_nav": percent_of(float(net) / equity) if net is not None and equity > 0 else None,
        "gamma_usd_per_1pct_move": usd(night["portfolio_gamma"]),
        "theta_usd_per_day": usd(night["portfolio_theta"]),
        "vega_usd_per_volatility_point": usd(night["portfolio_vega"]),
    }


def _caveats(book: PublishedBook, night: Mapping[str, Any]) -> tuple[str, ...]:
    notes = []
    if book.as_of is None:
        notes.append(
            "No night has been computed for this portfolio yet: it has values at entry prices, no risk figures."
        )
    elif not book.is_current:
        notes.append(
            "Positions were changed after the last session: values are of what is held now, risk figures are not."
        )
    if night["nav_quality"] == "partial":
        notes.append(f"{night['stale_count']} of {night['num_positions']} positions carry an old price.")
    return tuple(notes)


def _factors_together(call: Call, ids: Sequence[UUID]) -> Finding:
    found = aggregate_factors(select_portfolios(call.user, ids))
    return Finding({"factors": [_factor(one) for one in found.readings]}, found.session)


@tool(
    purpose="Betas of a portfolio to the market, rates and styles, its style exposures from the joint fit and its four long-short "
    "tilts with their meaning in words.",
    returns="factors and styles (name, beta per dollar of net asset value, usd_per_1pct: what a move of 1 percent of the factor "
    "makes, coverage_pct), tilts (name, beta, direction, magnitude, explanation)",
    source="GET /analytics/portfolio/{id}/factor-exposures and /spread-factors: factors_of, spreads_of",
    arguments=(PORTFOLIO,),
    together=_factors_together,
)
def get_factor_exposures(call: Call) -> Finding:
    found = factors_of(call.book.pk)
    if isinstance(found, Missing):
        return Finding(unavailable(found), call.book.results_as_of)
    spreads = spreads_of(call.book.pk)
    tilts = [] if isinstance(spreads, NoSpreads) else [_tilt(one) for one in spreads.readings]
    notes = () if found.is_complete else (f"{len(found.readings)} of {found.expected} factors could be computed.",)
    return Finding(
        {
            "factors": [_factor(one) for one in found.readings],
            "styles_beside_the_market": [_factor(one) for one in found.styles],
            "tilts": tilts,
        },
        found.session,
        notes,
    )


def _factor(one: FactorReading) -> dict[str, Any]:
    return known(
        {
            "name": one.name,
            "beta": rounded(one.beta),
            "usd_per_1pct": None if one.dollars is None else usd(one.dollars * PER_PERCENT),
            "coverage_pct": percent_of(one.coverage),
        }
    )


def _tilt(one: FactorReading) -> dict[str, Any]:
    text = describe_spread(one.name, one.beta)
    return {
        "name": one.name,
        "beta": rounded(one.beta),
        "direction": text.direction,
        "magnitude": None if one.beta is None else text.magnitude,
        "explanation": text.explanation,
    }


def _sectors_together(call: Call, ids: Sequence[UUID]) -> Finding:
    _, found = aggregate_sector_exposure(call.user, ids)
    return Finding({"sectors": [] if isinstance(found, NoSectorExposure) else _sector_rows(found)})


@tool(
    purpose="Sector weights of a portfolio, gross and net, against the S&P 500.",
    returns="sectors by gross weight (sector, gross_pct, net_pct, benchmark_pct, active_pct = gross less benchmark, positions), "
    "benchmark date, what is unclassified; weights in percent of net asset value",
    source="GET /analytics/portfolio/{id}/sector-exposure: sector_exposure",
    arguments=(PORTFOLIO,),
    together=_sectors_together,
)
def get_sector_exposure(call: Call) -> Finding:
    book, found = sector_exposure(call.user, call.book.pk)
    if isinstance(found, NoSectorExposure):
        return Finding({"available": False, "reason": found.error}, book.as_of)
    data = {
        "sectors": _sector_rows(found),
        "largest_overweight": found.largest_overweight,
        "largest_underweight": found.largest_underweight,
        "unclassified_usd": usd(found.unclassified_value),
        "benchmark": "S&P 500",
        "benchmark_as_of": found.benchmark_as_of,
        "benchmark_is_old": found.benchmark_stale,
    }
    leveraged = sum(found.portfolio_weights.values())
    notes: tuple[str, ...] = ()
    if leveraged > 1.05:
        text = f"Gross weights add up to {100 * leveraged:.0f} % of net asset value: active weights of a leveraged or long-short "
        notes = (text + "book overstate its bets; net weights tell more.",)
    return Finding(data, book.as_of, notes)


def _sector_rows(found: SectorExposure) -> list[dict[str, Any]]:
    names = sorted({*found.portfolio_weights, *found.benchmark_weights})
    rows = [
        {
            "sector": name,
            "gross_pct": percent_of(found.portfolio_weights.get(name, 0.0)),
            "net_pct": percent_of(found.net_weights.get(name, 0.0)),
            "benchmark_pct": percent_of(found.benchmark_weights.get(name)),
            "active_pct": percent_of(found.over_underweight.get(name)),
            "positions": found.positions_by_sector.get(name, 0),
        }
        for name in names
    ]
    return sorted(rows, key=lambda row: (-row["gross_pct"], row["sector"]))


def position_row(one: TopPosition) -> dict[str, Any]:
    """A holding among the largest."""
    return {
        "symbol": one.symbol,
        "pct_of_gross": percent(100 * one.weight),
        "net_value_usd": usd(one.net_value),
    }
