from __future__ import annotations

import math
from collections.abc import Sequence

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
    SymbolSession,
    SymbolVolatility,
)
from sigmasight.core.admin import UNKNOWN, ComputedAdmin, figure, long_text, money, number, percent, short_id


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
    list_display = ["slot", "scenario_id", "name", "category", "severity", "active"]
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
        number("beta_value", 4),
        number("std_error", 4),
        number("p_value", 4),
        number("r_squared", 4),
        "observations",
        "quality_flag",
    ]
    search_fields = ["symbol", "factor_name"]
    list_filter = ["factor_name"]
    date_hierarchy = "calculation_date"


@admin.register(SymbolSession)
class SymbolSessionAdmin(ComputedAdmin):
    list_display = ["session", "kind", "updated_at"]
    list_filter = ["kind"]
    date_hierarchy = "session"


@admin.register(SymbolVolatility)
class SymbolVolatilityAdmin(SymbolResultAdmin):
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
    list_filter = ["status", "volatility_source", "price_source"]


@admin.register(FactorCorrelation)
class FactorCorrelationAdmin(ComputedAdmin):
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
    list_display = ["calculation_date", "observations", "half_life", "method_version"]
    date_hierarchy = "calculation_date"


@admin.register(ScenarioFactorShock)
class ScenarioFactorShockAdmin(ComputedAdmin):
    list_display = [
        "scenario_key",
        "calculation_date",
        percent("implied_market_move"),
        number("mahalanobis_length"),
        number("plausibility_scale", 4),
    ]
    search_fields = ["scenario_key"]
    list_filter = ["scenario_key"]
    date_hierarchy = "calculation_date"


def _known(values: Sequence[float | None]) -> list[float]:
    return [value for value in values if value is not None and not math.isnan(value)]


class PortfolioResultAdmin(ComputedAdmin):
    list_select_related = ["portfolio"]
    search_fields = ["portfolio__name", "portfolio__user__email"]
    date_hierarchy = "calculation_date"


@admin.register(FactorExposure)
class FactorExposureAdmin(PortfolioResultAdmin):
    list_display = ["portfolio", "calculation_date", "exposures", number("r_squared", 4)]

    @admin.display(description="exposures in the order of the factor definitions")
    def exposures(self, row: FactorExposure) -> str:
        return "  ".join(f"{value:.2f}" if _known([value]) else "-" for value in row.exposure_value)


@admin.register(MarketRiskScenario)
class MarketRiskScenarioAdmin(PortfolioResultAdmin):
    list_display = ["portfolio", "calculation_date", "worst", "best", "coverage"]

    @admin.display(description="worst P&L")
    def worst(self, row: MarketRiskScenario) -> str:
        return figure(min(_known(row.predicted_pnl), default=None), ",.2f")

    @admin.display(description="best P&L")
    def best(self, row: MarketRiskScenario) -> str:
        return figure(max(_known(row.predicted_pnl), default=None), ",.2f")


@admin.register(StressTestResult)
class StressTestResultAdmin(PortfolioResultAdmin):
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
    list_filter = ["data_quality", "psd_corrected"]


@admin.register(PortfolioRisk)
class PortfolioRiskAdmin(PortfolioResultAdmin):
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
    list_display = ["portfolio", "calculation_date", "window_from", "window_to", "price_source"]
    list_filter = ["price_source"]


@admin.register(BatchRun)
class BatchRunAdmin(ComputedAdmin):
    list_display = [
        short_id("id", "run"),
        "started_at",
        "status",
        "kind",
        "trigger",
        "scope",
        "target_from",
        "target_to",
        "source",
        "jobs",
        number("failed_jobs", 0, "failed"),
        "seconds",
    ]
    list_select_related = ["scope_portfolio"]
    search_fields = ["id", "scope_portfolio__name"]
    list_filter = ["status", "kind", "trigger", "source"]
    date_hierarchy = "created_at"

    @admin.display(description="scope", ordering="scope_portfolio__name")
    def scope(self, run: BatchRun) -> str:
        return run.scope_portfolio.name if run.scope_portfolio else "all"

    @admin.display(description="jobs", ordering="completed_jobs")
    def jobs(self, run: BatchRun) -> str:
        return f"{run.completed_jobs:,} of {run.total_jobs:,}"

    @admin.display(description="seconds")
    def seconds(self, run: BatchRun) -> str:
        if run.started_at is None or run.completed_at is None:
            return UNKNOWN
        return figure((run.completed_at - run.started_at).total_seconds(), ",.1f")


@admin.register(BatchStep)
class BatchStepAdmin(ComputedAdmin):
    list_display = [
        short_id("run_id", "run"),
        "phase",
        "name",
        "shard_no",
        "status",
        "attempts",
        "progress",
        number("rows_written", 0, "rows"),
        "duration",
        long_text("error"),
    ]
    search_fields = ["run__id", "name", "error"]
    list_filter = ["status", "phase", "name"]
    date_hierarchy = "started_at"

    @admin.display(description="progress", ordering="done")
    def progress(self, step: BatchStep) -> str:
        return f"{step.done:,} of {step.total:,} {step.unit}"

    @admin.display(description="seconds")
    def duration(self, step: BatchStep) -> str:
        return figure(sum(step.seconds.values()), ",.1f")


@admin.register(BatchLogEntry)
class BatchLogEntryAdmin(ComputedAdmin):
    list_display = ["at", "level", long_text("message"), "portfolio", short_id("run_id", "run")]
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
    list_display = ["date", "metric_type", "metric_value", long_text("dimensions")]
    search_fields = ["metric_type"]
    list_filter = ["metric_type"]
    date_hierarchy = "date"
