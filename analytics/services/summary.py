"""What the last run produced, for people and scripts: per portfolio the headline numbers, per engine what it did."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Abs, Coalesce

from analytics.models import BatchRun, EngineResult, PortfolioRisk, StressScenario, StressTestResult
from portfolios.models import Portfolio, PortfolioSnapshot, Position
from sigmasight.core.demo import rows

ENGINES = (
    "portfolio_aggregation",
    "position_greeks",
    "factor_analysis",
    "market_risk_scenarios",
    "stress_testing",
    "portfolio_snapshot",
    "position_correlations",
    "factor_correlations",
)
CENT = Decimal("0.01")
# Columns of a snapshot, as `_exposure` takes them.
EXPOSURES = ("long_value", "short_value", "gross_exposure", "net_exposure", "net_asset_value")


def _number(value: Decimal | float | None) -> float | None:
    return None if value is None else float(value)


def entry_exposures(portfolio_ids: Sequence[UUID]) -> dict[UUID, dict[str, Decimal]]:
    """Long, short (positive), gross and net exposure of the open lots at their entry values, in dollars."""
    value = F("quantity") * F("entry_price") * Coalesce(F("security__option_contract__multiplier"), 1)
    sums = (
        Position.objects.filter(portfolio_id__in=portfolio_ids, deleted_at__isnull=True, exit_date__isnull=True)
        .values("portfolio_id")
        .annotate(
            long=Coalesce(Sum(value, filter=Q(quantity__gt=0)), Decimal(0)),
            short=Coalesce(Sum(Abs(value), filter=Q(quantity__lt=0)), Decimal(0)),
        )
    )
    result = {}
    for row in sums:
        long, short = row["long"].quantize(CENT), row["short"].quantize(CENT)
        result[row["portfolio_id"]] = {"long": long, "short": short, "gross": long + short, "net": long - short}
    return result


def _exposure(long: Any, short: Any, gross: Any, net: Any, equity: Any) -> dict[str, float | None]:
    leverage = None
    if gross is not None and equity is not None and equity > 0:
        leverage = round(float(gross) / float(equity), 4)
    return {
        "long": _number(long),
        "short": _number(short),
        "gross": _number(gross),
        "net": _number(net),
        "leverage": leverage,
    }


def summarise(
    portfolios: Sequence[Portfolio], *, source: str, wall_seconds: float | None, run: BatchRun | None
) -> dict[str, Any]:
    """Headline numbers of the portfolios at their newest published session; unknown values are None.

    Returns
    -------
    ``{source, as_of, status, wall_seconds, portfolios: {name: {...}}, engines: {engine: {computed, skipped, failed, reasons}}}``
    """
    ids = [portfolio.id for portfolio in portfolios]
    dates = {p.id: p.results_as_of for p in portfolios if p.results_as_of}
    snapshots = _published(PortfolioSnapshot, "snapshot_date", dates)
    risks = _published(PortfolioRisk, "calculation_date", dates)
    stresses = _published(StressTestResult, "calculation_date", dates)
    engine_rows = {of: row.results for of, row in _published(EngineResult, "calculation_date", dates).items()}
    scenarios = dict(StressScenario.objects.values_list("slot", "name"))
    counts = dict(
        Position.objects.filter(portfolio_id__in=ids, deleted_at__isnull=True, exit_date__isnull=True)
        .values_list("portfolio_id")
        .annotate(Count("id"))
    )
    entry = entry_exposures(ids)
    keys = {row["id"]: row["portfolio"] for row in rows("portfolios")}
    nothing = {"long": Decimal(0), "short": Decimal(0), "gross": Decimal(0), "net": Decimal(0)}
    books: dict[str, Any] = {}
    for portfolio in portfolios:
        snapshot, risk = snapshots.get(portfolio.id), risks.get(portfolio.id)
        at_entry = entry.get(portfolio.id, nothing)
        books[portfolio.name] = {
            "key": keys.get(str(portfolio.id)),
            "id": str(portfolio.id),
            "equity": _number(portfolio.opening_equity),
            "net_asset_value": _number(snapshot.net_asset_value) if snapshot else None,
            "daily_pnl": _number(snapshot.daily_pnl) if snapshot else None,
            "total_pnl": _number(snapshot.cumulative_pnl) if snapshot else None,
            "entry_exposure": _exposure(*at_entry.values(), portfolio.opening_equity),  # type: ignore[call-arg]
            "market_exposure": _exposure(*(getattr(snapshot, name, None) for name in EXPOSURES)),
            "beta": _number(snapshot.beta_calculated_90d) if snapshot else None,
            "realized_volatility_21d": _number(snapshot.realized_volatility_21d) if snapshot else None,
            "expected_volatility_21d": _number(snapshot.expected_volatility_21d) if snapshot else None,
            "var_95_1d": _number(risk.var_95_1d) if risk else None,
            "worst_stress": _worst(stresses.get(portfolio.id), scenarios),
            "positions": counts.get(portfolio.id, 0),
            "nav_quality": snapshot.nav_quality if snapshot else None,
            "as_of": dates[portfolio.id].isoformat() if portfolio.id in dates else None,
        }
    return {
        "source": source,
        "as_of": _newest(dates.values()),
        "status": run.status if run else None,
        "run_id": str(run.id) if run else None,
        "wall_seconds": wall_seconds,
        "portfolios": books,
        "engines": _engines(engine_rows),
    }


def _published(model: type[Any], column: str, dates: dict[UUID, dt.date]) -> dict[UUID, Any]:
    """The row of each portfolio's own session, by portfolio, in one query."""
    own = Q(pk__in=[])
    for session in set(dates.values()):
        own |= Q((column, session), portfolio_id__in=[of for of, day in dates.items() if day == session])
    return {row.portfolio_id: row for row in model._default_manager.filter(own)}


def _newest(dates: Any) -> str | None:
    known: list[dt.date] = [date for date in dates if date is not None]
    return max(known).isoformat() if known else None


def _worst(result: StressTestResult | None, scenarios: dict[int, str]) -> dict[str, Any] | None:
    known = [(pnl, slot) for slot, pnl in enumerate(result.correlated_pnl) if pnl is not None] if result else []
    if not known:
        return None
    pnl, slot = min(known)
    return {"scenario": scenarios.get(slot, str(slot)), "pnl": round(pnl, 2)}


def _engines(engine_rows: dict[UUID, dict[str, Any]]) -> dict[str, Any]:
    report: dict[str, Any] = {}
    for engine in ENGINES:
        statuses: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        for results in engine_rows.values():
            result = results.get(engine)
            if result is None:
                continue
            statuses[result["status"]] += 1
            of_positions = [reason for _, reason in result.get("skipped", [])]
            reasons.update(of_positions)
            if result.get("reason") and result["reason"] not in of_positions:
                reasons[result["reason"]] += 1
        report[engine] = {
            "computed": statuses["ok"] + statuses["partial"],
            "partial": statuses["partial"],
            "skipped": statuses["skipped"],
            "failed": statuses["failed"],
            "reasons": dict(sorted(reasons.items())),
        }
    return report
