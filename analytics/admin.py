from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from analytics.models import (
    BatchLogEntry,
    BatchRun,
    BatchStep,
    CorrelationCalculation,
    DailyMetric,
    EngineResult,
    FactorCorrelation,
    FactorCovariance,
    FactorDefinition,
    FactorExposure,
    MarketRiskScenario,
    OptionGreeks,
    PortfolioRisk,
    ScenarioFactorShock,
    SessionCoverage,
    StressScenario,
    StressTestResult,
    SymbolDailyMetrics,
    SymbolFactorExposure,
    SymbolFactorExposureRow,
    SymbolVolatility,
)
from sigmasight.core.admin import ComputedAdmin


@admin.register(FactorDefinition)
class FactorDefinitionAdmin(admin.ModelAdmin):
    list_display = [
        "display_order",
        "name",
        "factor_type",
        "calculation_method",
        "etf_proxy",
        "window_sessions",
        "min_observations",
        "is_active",
    ]
    list_display_links = ["name"]
    search_fields = ["name", "etf_proxy"]
    list_filter = ["factor_type", "calculation_method", "is_active"]
    # Slots of stored arrays: changing one would relabel every result.
    readonly_fields = ["display_order", "created_at", "updated_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(StressScenario)
class StressScenarioAdmin(admin.ModelAdmin):
    list_display = ["slot", "scenario_id", "name", "category", "severity", "shock_config", "active"]
    list_display_links = ["scenario_id"]
    search_fields = ["scenario_id", "name"]
    list_filter = ["category", "severity", "active"]
    readonly_fields = ["slot", "scenario_id", "created_at", "updated_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class SymbolResultAdmin(ComputedAdmin):
    list_select_related = ["security"]
    search_fields = ["security__symbol"]
    date_hierarchy = "calculation_date"


@admin.register(SymbolFactorExposure)
class SymbolFactorExposureAdmin(SymbolResultAdmin):
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
    list_display = [
        "symbol",
        "factor_name",
        "calculation_date",
        "beta_value",
        "std_error",
        "p_value",
        "r_squared",
        "observations",
        "quality_flag",
    ]
    search_fields = ["symbol", "factor_name"]
    list_filter = ["factor_name"]
    date_hierarchy = "calculation_date"


@admin.register(SymbolVolatility)
class SymbolVolatilityAdmin(SymbolResultAdmin):
    list_display = [
        "security",
        "calculation_date",
        "realized_volatility_21d",
        "realized_volatility_63d",
        "expected_volatility_21d",
        "vol_trend",
        "vol_percentile",
        "forecast_method",
        "observations",
    ]
    list_filter = ["forecast_method", "vol_trend"]


@admin.register(SymbolDailyMetrics)
class SymbolDailyMetricsAdmin(SymbolResultAdmin):
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
    date_hierarchy = "metrics_date"


@admin.register(OptionGreeks)
class OptionGreeksAdmin(SymbolResultAdmin):
    list_display = [
        "security",
        "calculation_date",
        "price",
        "delta",
        "gamma",
        "theta",
        "vega",
        "implied_volatility",
        "volatility_source",
        "price_source",
        "status",
        "reason",
    ]
    list_filter = ["status", "volatility_source", "price_source"]


@admin.register(FactorCorrelation)
class FactorCorrelationAdmin(ComputedAdmin):
    list_display = [
        "factor_1",
        "factor_2",
        "calculation_date",
        "correlation",
        "decay_factor",
        "lookback_days",
        "data_points",
    ]
    list_select_related = ["factor_1", "factor_2"]
    list_filter = ["factor_1", "factor_2", "decay_factor"]
    date_hierarchy = "calculation_date"


@admin.register(FactorCovariance)
class FactorCovarianceAdmin(ComputedAdmin):
    list_display = ["calculation_date", "observations", "half_life", "method_version"]
    date_hierarchy = "calculation_date"


@admin.register(ScenarioFactorShock)
class ScenarioFactorShockAdmin(ComputedAdmin):
    list_display = [
        "scenario_key",
        "calculation_date",
        "implied_market_move",
        "mahalanobis_length",
        "plausibility_scale",
    ]
    search_fields = ["scenario_key"]
    list_filter = ["scenario_key"]
    date_hierarchy = "calculation_date"


class PortfolioResultAdmin(ComputedAdmin):
    list_select_related = ["portfolio"]
    search_fields = ["portfolio__name", "portfolio__user__email"]
    date_hierarchy = "calculation_date"


@admin.register(FactorExposure)
class FactorExposureAdmin(PortfolioResultAdmin):
    list_display = ["portfolio", "calculation_date", "exposure_value", "r_squared"]


@admin.register(MarketRiskScenario)
class MarketRiskScenarioAdmin(PortfolioResultAdmin):
    list_display = ["portfolio", "calculation_date", "predicted_pnl", "coverage"]


@admin.register(StressTestResult)
class StressTestResultAdmin(PortfolioResultAdmin):
    list_display = ["portfolio", "calculation_date", "correlated_pnl", "coverage"]


@admin.register(CorrelationCalculation)
class CorrelationCalculationAdmin(PortfolioResultAdmin):
    list_display = [
        "portfolio",
        "calculation_date",
        "duration_days",
        "overall_correlation",
        "effective_positions",
        "data_quality",
        "positions_included",
        "positions_excluded",
    ]
    list_filter = ["data_quality", "psd_corrected"]


@admin.register(PortfolioRisk)
class PortfolioRiskAdmin(PortfolioResultAdmin):
    list_display = ["portfolio", "calculation_date", "var_95_1d", "es_95_1d", "var_99_1d", "es_99_1d", "observations"]


@admin.register(EngineResult)
class EngineResultAdmin(PortfolioResultAdmin):
    list_display = ["portfolio", "calculation_date", "window_from", "window_to", "price_source"]
    list_filter = ["price_source"]


@admin.register(BatchRun)
class BatchRunAdmin(ComputedAdmin):
    list_display = [
        "id",
        "kind",
        "trigger",
        "status",
        "scope_portfolio",
        "target_from",
        "target_to",
        "source",
        "completed_jobs",
        "failed_jobs",
        "total_jobs",
        "started_at",
        "completed_at",
    ]
    list_select_related = ["scope_portfolio"]
    search_fields = ["id", "scope_portfolio__name"]
    list_filter = ["status", "kind", "trigger", "source"]
    date_hierarchy = "created_at"


@admin.register(BatchStep)
class BatchStepAdmin(ComputedAdmin):
    list_display = [
        "run_id",
        "phase",
        "name",
        "shard_no",
        "status",
        "attempts",
        "done",
        "total",
        "unit",
        "rows_written",
        "seconds",
        "error",
    ]
    search_fields = ["run__id", "name", "error"]
    list_filter = ["status", "phase", "name"]
    date_hierarchy = "started_at"


@admin.register(BatchLogEntry)
class BatchLogEntryAdmin(ComputedAdmin):
    list_display = ["at", "level", "message", "portfolio", "run_id"]
    list_select_related = ["portfolio"]
    search_fields = ["message", "run__id"]
    list_filter = ["level"]
    date_hierarchy = "at"


@admin.register(SessionCoverage)
class SessionCoverageAdmin(ComputedAdmin):
    list_display = [
        "session",
        "symbols_priced",
        "symbols_held",
        "data_coverage_pct",
        "marked",
        "accepted_by",
        "completed_at",
    ]
    list_filter = ["marked"]
    date_hierarchy = "session"


@admin.register(DailyMetric)
class DailyMetricAdmin(ComputedAdmin):
    list_display = ["date", "metric_type", "metric_value", "dimensions"]
    search_fields = ["metric_type"]
    list_filter = ["metric_type"]
    date_hierarchy = "date"
