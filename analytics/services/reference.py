"""What every installation needs before its first run: factors, stress scenarios and benchmark weights, as shipped."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from analytics.models import FactorDefinition, FactorMethod, StressScenario
from marketdata.models import SectorBenchmarkWeight
from sigmasight.core.bulk import Column, UpsertCount, upsert
from sigmasight.core.demo import rows

BENCHMARK = "SP500"
# Window and minimum in sessions: exactly 90 where the name says so, a year where several factors are fitted together.
FIT_WINDOWS: dict[str, tuple[int | None, int | None]] = {
    FactorMethod.OLS_MARKET: (90, 30),
    FactorMethod.OLS_IR: (90, 30),
    FactorMethod.PROVIDER: (None, None),
    FactorMethod.RIDGE: (252, 60),
    FactorMethod.SPREAD: (252, 60),
}
METHODS = {
    ("market", "ols"): FactorMethod.OLS_MARKET,
    ("macro", "ols"): FactorMethod.OLS_IR,
    ("market", "provider"): FactorMethod.PROVIDER,
    ("style", "ridge"): FactorMethod.RIDGE,
    ("spread", "ols_spread"): FactorMethod.SPREAD,
}
SHOCK_PREFIX = "shock_"


def seed_reference() -> UpsertCount:
    """Store the 13 factors, the 22 stress scenarios and the benchmark's sector weights as shipped.

    Rows that are there already with these values are left alone; whether staff switched one off is kept.
    """
    with transaction.atomic():
        return _seed_factors() + _seed_scenarios() + _seed_sector_weights()


def _seed_factors() -> UpsertCount:
    factors = [row for row in rows("factor_definitions") if row["active"] == "yes"]
    methods = [METHODS[row["factor_type_migration"], row["method"]] for row in factors]
    spreads = [row["spread"].split("-") if row["spread"] else ["", ""] for row in factors]
    columns: dict[str, Column] = {
        "name": [row["name"] for row in factors],
        "description": [row["what"] for row in factors],
        "factor_type": [row["factor_type_migration"] for row in factors],
        "calculation_method": methods,
        "etf_proxy": [row["etf_proxy"] for row in factors],
        "long_proxy": [long for long, _ in spreads],
        "short_proxy": [short for _, short in spreads],
        "window_sessions": [FIT_WINDOWS[method][0] for method in methods],
        "min_observations": [FIT_WINDOWS[method][1] for method in methods],
        "display_order": [int(row["display_order"]) for row in factors],
    }
    return upsert(FactorDefinition, columns, unique=["display_order"])


def _shocks(row: dict[str, str]) -> dict[str, float]:
    return {
        column.removeprefix(SHOCK_PREFIX): float(cell)
        for column, cell in row.items()
        if column.startswith(SHOCK_PREFIX) and cell
    }


def _in_words(shocks: dict[str, float]) -> str:
    return ", ".join(
        f"yields {shock * 10_000:+.0f} bp" if factor == "Interest_Rate" else f"{factor.replace('_', ' ')} {shock:+.0%}"
        for factor, shock in shocks.items()
    )


def _seed_scenarios() -> UpsertCount:
    scenarios = rows("stress_scenarios")
    shocks = [_shocks(row) for row in scenarios]
    episodes = [row["period"].split(" to ") if row["period"] else [None, None] for row in scenarios]
    columns: dict[str, Column] = {
        "scenario_id": [row["id"] for row in scenarios],
        "name": [row["name"] for row in scenarios],
        "description": [_in_words(shock) for shock in shocks],
        "category": [row["category"] for row in scenarios],
        "severity": [row["severity"] for row in scenarios],
        "shock_config": shocks,
        "replay_from": [start and dt.date.fromisoformat(start) for start, _ in episodes],
        "replay_to": [end and dt.date.fromisoformat(end) for _, end in episodes],
        "slot": list(range(len(scenarios))),
    }
    return upsert(StressScenario, columns, unique=["slot"])


def _seed_sector_weights() -> UpsertCount:
    weights = rows("sector_benchmark_weights")
    columns: dict[str, Column] = {
        "benchmark_code": [BENCHMARK] * len(weights),
        "asof_date": [dt.date.fromisoformat(row["asof"]) for row in weights],
        "sector": [row["sector"] for row in weights],
        "weight": [row["weight"] for row in weights],
        "market_cap": [row["market_cap"] or None for row in weights],
        "num_constituents": [int(row["constituents"]) for row in weights],
        "data_source": [row["set"] for row in weights],
    }
    return upsert(SectorBenchmarkWeight, columns, unique=["benchmark_code", "asof_date", "sector"])
