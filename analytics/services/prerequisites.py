"""Whether the definitions are there without which no engine computes anything, and how fresh the symbols' figures are."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Max

from analytics.models import FactorDefinition, StressScenario, SymbolDailyMetrics

FACTORS_REQUIRED = 13
SCENARIOS_REQUIRED = 22


@dataclass(frozen=True)
class Inventory:
    """How many definitions there are of those that are needed."""

    current: int
    required: int

    @property
    def complete(self) -> bool:
        return self.current >= self.required


@dataclass(frozen=True)
class Prerequisites:
    factors: Inventory
    scenarios: Inventory

    @property
    def complete(self) -> bool:
        return self.factors.complete and self.scenarios.complete


def prerequisites() -> Prerequisites:
    """The active factor definitions and stress scenarios, counted."""
    return Prerequisites(
        Inventory(FactorDefinition.objects.filter(is_active=True).count(), FACTORS_REQUIRED),
        Inventory(StressScenario.objects.filter(active=True).count(), SCENARIOS_REQUIRED),
    )


@dataclass(frozen=True)
class SymbolFigures:
    """The symbols whose figures the night has stored, the newest session among them and when that was written."""

    symbols: int
    metrics_date: dt.date | None
    updated_at: dt.datetime | None


def symbol_figures() -> SymbolFigures:
    """What the symbol search and every symbol's figures are read from."""
    row = SymbolDailyMetrics.objects.aggregate(
        symbols=Count("id"), metrics_date=Max("metrics_date"), updated_at=Max("updated_at")
    )
    return SymbolFigures(**row)
