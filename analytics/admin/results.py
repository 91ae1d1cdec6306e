"""Results of portfolios: read only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateFilter

from analytics.models import (
    CorrelationCalculation,
    EngineResult,
    FactorExposure,
    MarketRiskScenario,
    PortfolioRisk,
    StressTestResult,
)
from sigmasight.core.admin import ComputedAdmin, figure, money, number

BY_BOOK: list[Any] = [("portfolio", AutocompleteSelectFilter), ("calculation_date", RangeDateFilter)]


def _known(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None and not math.isnan(value)]


class PortfolioResultAdmin(ComputedAdmin):
    list_select_related = ["portfolio"]
    search_fields = ["portfolio__name", "portfolio__user__email"]
    list_filter = BY_BOOK


@admin.register(FactorExposure)
class FactorExposureAdmin(PortfolioResultAdmin):
    icon = "tune"
    list_display = ["portfolio", "calculation_date", "exposures", number("r_squared", 4)]

    @admin.display(description="exposures in the order of the factor definitions")
    def exposures(self, row: FactorExposure) -> str:
        return "  ".join(f"{value:.2f}" if _known([value]) else "-" for value in row.exposure_value)


@admin.register(MarketRiskScenario)
class MarketRiskScenarioAdmin(PortfolioResultAdmin):
    icon = "trending_down"
    list_display = ["portfolio", "calculation_date", "worst", "best", "coverage"]

    @admin.display(description="worst P&L")
    def worst(self, row: MarketRiskScenario) -> str:
        return figure(min(_known(row.predicted_pnl), default=None), ",.2f")

    @admin.display(description="best P&L")
    def best(self, row: MarketRiskScenario) -> str:
        return figure(max(_known(row.predicted_pnl), default=None), ",.2f")


@admin.register(StressTestResult)
class StressTestResultAdmin(PortfolioResultAdmin):
    icon = "crisis_alert"
    list_display = ["portfolio", "calculation_date", "worst", "best", "scenarios", "coverage"]

    @admin.display(description="worst P&L")
    def worst(self, row: StressTestResult) -> str:
        return figure(min(_known(row.correlated_pnl), default=None), ",.2f")

    @admin.display(description="best P&L")
    def best(self, row: StressTestResult) -> str:
        return figure(max(_known(row.correlated_pnl), default=None), ",.2f")

    @admin.display(description="scenarios computed")
    def scenarios(self, row: StressTestResult) -> str:
        return f"{len(_known(row.correlated_pnl))} of {len(row.correlated_pnl)}"


@admin.register(CorrelationCalculation)
class CorrelationCalculationAdmin(PortfolioResultAdmin):
    icon = "join_inner"
    list_display = [
        "portfolio",
        "calculation_date",
        "duration_days",
        number("overall_correlation", 4, "correlation"),
        number("effective_positions", 2, "effective"),
        "data_quality",
        number("positions_included", 0, "included"),
        number("positions_excluded", 0, "excluded"),
    ]
    list_filter = [*BY_BOOK, "psd_corrected"]


@admin.register(PortfolioRisk)
class PortfolioRiskAdmin(PortfolioResultAdmin):
    icon = "shield"
    list_display = [
        "portfolio",
        "calculation_date",
        money("var_95_1d", "VaR 95 %"),
        money("es_95_1d", "ES 95 %"),
        money("var_99_1d", "VaR 99 %"),
        money("es_99_1d", "ES 99 %"),
        "observations",
    ]


@admin.register(EngineResult)
class EngineResultAdmin(PortfolioResultAdmin):
    icon = "memory"
    list_display = ["portfolio", "calculation_date", "window_from", "window_to", "price_source"]
