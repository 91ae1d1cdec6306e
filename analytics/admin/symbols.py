"""Results of symbols and factors: read only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateFilter

from analytics.models import (
    FactorCorrelation,
    FactorCovariance,
    FactorDefinition,
    OptionGreeks,
    ScenarioFactorShock,
    SymbolDailyMetrics,
    SymbolFactorExposure,
    SymbolFactorExposureRow,
    SymbolSession,
    SymbolVolatility,
)
from sigmasight.core.admin import ComputedAdmin, number, percent
from sigmasight.core.console.sections import Section
from sigmasight.core.filters import one_of


def factor_names() -> list[str]:
    return list(FactorDefinition.objects.values_list("name", flat=True))


BY_DATE = ("calculation_date", RangeDateFilter)
BY_SYMBOL = ("security", AutocompleteSelectFilter)


class SymbolResultAdmin(ComputedAdmin):
    list_select_related = ["security"]
    search_fields = ["=security__symbol"]
    search_help_text = "symbol"
    list_filter: Sequence[Any] = [BY_SYMBOL, BY_DATE]


@admin.register(SymbolFactorExposure)
class SymbolFactorExposureAdmin(SymbolResultAdmin):
    icon = "scatter_plot"
    list_display = [
        "security",
        "calculation_date",
        "joint_r_squared",
        "joint_observations",
        "regression_window",
        "method_version",
    ]


@admin.register(SymbolFactorExposureRow)
class SymbolFactorExposureRowAdmin(ComputedAdmin):
    icon = "list_alt"
    list_display = [
        "symbol",
        "factor_name",
        "calculation_date",
        number("beta_value", 4),
        number("std_error", 4),
        number("p_value", 4),
        number("r_squared", 4),
        "observations",
        "quality_flag",
    ]
    search_fields = ["=symbol"]
    search_help_text = "symbol"
    list_filter = [BY_DATE, one_of("factor_name", factor_names, "factor")]


@admin.register(SymbolSession)
class SymbolSessionAdmin(ComputedAdmin):
    section = Section.BATCH
    icon = "event_available"
    list_display = ["session", "kind", "updated_at"]
    list_filter = ["kind"]
    date_hierarchy = "session"


@admin.register(SymbolVolatility)
class SymbolVolatilityAdmin(SymbolResultAdmin):
    icon = "ssid_chart"
    list_display = [
        "security",
        "calculation_date",
        percent("realized_volatility_21d", "21 d"),
        percent("realized_volatility_63d", "63 d"),
        percent("expected_volatility_21d", "forecast"),
        "vol_trend",
        number("vol_percentile", 2, "percentile"),
        "forecast_method",
        "observations",
    ]
    list_filter = [BY_SYMBOL, BY_DATE, "vol_trend"]


@admin.register(SymbolDailyMetrics)
class SymbolDailyMetricsAdmin(SymbolResultAdmin):
    icon = "speed"
    list_display = [
        "security",
        "metrics_date",
        "current_price",
        "return_1d",
        "return_ytd",
        "market_cap",
        "pe_ratio",
        "data_quality_score",
    ]
    list_filter = [BY_SYMBOL, ("metrics_date", RangeDateFilter)]


@admin.register(OptionGreeks)
class OptionGreeksAdmin(SymbolResultAdmin):
    icon = "change_history"
    list_display = [
        "security",
        "calculation_date",
        number("price"),
        number("delta", 4),
        number("gamma", 4),
        number("theta", 4),
        number("vega", 4),
        percent("implied_volatility", "IV"),
        "volatility_source",
        "price_source",
        "status",
    ]
    list_filter = [BY_SYMBOL, BY_DATE, "status"]


@admin.register(FactorCorrelation)
class FactorCorrelationAdmin(ComputedAdmin):
    icon = "hub"
    list_display = [
        "factor_1",
        "factor_2",
        "calculation_date",
        number("correlation", 4),
        "decay_factor",
        "lookback_days",
        "data_points",
    ]
    list_select_related = ["factor_1", "factor_2"]
    list_filter = ["factor_1", "factor_2", "decay_factor"]
    date_hierarchy = "calculation_date"


@admin.register(FactorCovariance)
class FactorCovarianceAdmin(ComputedAdmin):
    icon = "grid_4x4"
    list_display = ["calculation_date", "observations", "half_life", "method_version"]
    date_hierarchy = "calculation_date"


@admin.register(ScenarioFactorShock)
class ScenarioFactorShockAdmin(ComputedAdmin):
    icon = "bolt"
    list_display = [
        "scenario_key",
        "calculation_date",
        percent("implied_market_move"),
        number("mahalanobis_length"),
        number("plausibility_scale", 4),
    ]
    search_fields = ["scenario_key"]
    date_hierarchy = "calculation_date"
