"""Paths of this app below /api/v1; fixed ones stand before those with an id."""

from __future__ import annotations

from django.urls import URLPattern

from analytics.api.views import (
    aggregate_factors,
    batch_history,
    batch_jobs,
    batch_quality,
    batch_runs,
    betas,
    calculations,
    concentration,
    correlations,
    demo,
    diversification,
    equity,
    equity_search,
    explanations,
    extremes,
    factor_funds,
    factors,
    lots,
    overview,
    performance,
    portfolio_data,
    repairs,
    risk,
    risk_metrics,
    sectors,
    setup_progress,
    stress,
    system,
    volatility,
    what_if,
)
from sigmasight.core.api.routes import endpoint

PORTFOLIO = "analytics/portfolio/<str:portfolio_id>"
AGGREGATE = "analytics/aggregate"
BATCH = "admin/batch"
SYSTEM = (
    ("health", system.HealthView),
    ("aggregation/status", system.AggregationStatusView),
    ("retention/status", system.RetentionStatusView),
    ("cleanup", system.CleanupView),
    ("aggregate", system.AggregateView),
    ("run-batch", system.ChoresView),
    ("daily-metrics", system.DailyMetricsView),
)

urlpatterns: list[URLPattern] = [
    *endpoint("data/demo/<str:portfolio_type>", demo.DemoReportView, "demo-report"),
    *endpoint("data/test-demo", demo.TestDemoView, "test-demo"),
    *endpoint("data/factors/etf-prices", factor_funds.FactorEtfPricesView, "factor-etf-prices"),
    *endpoint("data/positions/details", lots.PositionDetailsView, "position-details"),
    *endpoint("data/positions/top/<str:portfolio_id>", lots.TopPositionsView, "top-positions"),
    *endpoint("data/portfolio/<str:portfolio_id>/complete", portfolio_data.PortfolioCompleteView, "portfolio-complete"),
    *endpoint("data/portfolio/<str:portfolio_id>/snapshot", portfolio_data.PortfolioSnapshotView, "portfolio-snapshot"),
    *endpoint("data/portfolio/<str:portfolio_id>/data-quality", portfolio_data.DataQualityView, "data-quality"),
    *endpoint("analytics/overview", overview.AggregateOverviewDocumentedPathView, "all-overview"),
    *endpoint("analytics/breakdown", overview.AggregateBreakdownDocumentedPathView, "all-breakdown"),
    *endpoint("analytics/beta", betas.AggregateBetaDocumentedPathView, "all-beta"),
    *endpoint("analytics/volatility", volatility.AggregateVolatilityDocumentedPathView, "all-volatility"),
    *endpoint(f"{AGGREGATE}/overview", overview.AggregateOverviewView, "aggregate-overview"),
    *endpoint(f"{AGGREGATE}/breakdown", overview.AggregateBreakdownView, "aggregate-breakdown"),
    *endpoint(f"{AGGREGATE}/beta", betas.AggregateBetaView, "aggregate-beta"),
    *endpoint(f"{AGGREGATE}/volatility", volatility.AggregateVolatilityView, "aggregate-volatility"),
    *endpoint(f"{AGGREGATE}/sector-exposure", sectors.AggregateSectorExposureView, "aggregate-sector-exposure"),
    *endpoint(f"{AGGREGATE}/concentration", concentration.AggregateConcentrationView, "aggregate-concentration"),
    *endpoint(f"{PORTFOLIO}/overview", overview.PortfolioOverviewView, "portfolio-overview"),
    *endpoint(f"{PORTFOLIO}/sector-exposure", sectors.SectorExposureView, "portfolio-sector-exposure"),
    *endpoint(f"{PORTFOLIO}/concentration", concentration.ConcentrationView, "portfolio-concentration"),
    *endpoint(f"{PORTFOLIO}/volatility", volatility.VolatilityView, "portfolio-volatility"),
    *endpoint(f"{PORTFOLIO}/beta-comparison", betas.BetaComparisonView, "portfolio-beta-comparison"),
    *endpoint(f"{PORTFOLIO}/market-beta", betas.MarketBetaView, "portfolio-market-beta"),
    *endpoint(f"{PORTFOLIO}/beta-calculated-90d", betas.BetaCalculated90dView, "portfolio-beta-calculated-90d"),
    *endpoint(f"{PORTFOLIO}/beta-provider-1y", betas.BetaProvider1yView, "portfolio-beta-provider-1y"),
    *endpoint(f"{PORTFOLIO}/risk-metrics", risk_metrics.RiskMetricsView, "portfolio-risk-metrics"),
    *endpoint(f"{PORTFOLIO}/risk", risk.RiskView, "portfolio-risk"),
    *endpoint(f"{PORTFOLIO}/performance", performance.PerformanceView, "portfolio-performance"),
    *endpoint(f"{PORTFOLIO}/what-if", what_if.WhatIfView, "portfolio-what-if"),
    *endpoint(f"{PORTFOLIO}/reverse-stress", extremes.ReverseStressView, "portfolio-reverse-stress"),
    *endpoint(f"{PORTFOLIO}/replays", extremes.ReplaysView, "portfolio-replays"),
    *endpoint(f"{PORTFOLIO}/diversification", diversification.DiversificationView, "portfolio-diversification"),
    *endpoint(f"{PORTFOLIO}/explain", explanations.ExplainView, "portfolio-explain"),
    *endpoint(f"{PORTFOLIO}/equity", equity.PortfolioEquityView, "portfolio-equity"),
    *endpoint("onboarding/status/<str:portfolio_id>", setup_progress.OnboardingStatusView, "onboarding-status"),
    *endpoint("onboarding/status/<str:portfolio_id>/logs", setup_progress.OnboardingLogView, "onboarding-log"),
    *endpoint(f"{PORTFOLIO}/calculate", calculations.TriggerCalculationsView, "portfolio-trigger-calculations"),
    *endpoint(
        f"{PORTFOLIO}/batch-status/<str:batch_run_id>", calculations.AnalyticsBatchStatusView, "portfolio-run-status"
    ),
    *endpoint("portfolios/<str:portfolio_id>/calculate", calculations.CalculateView, "calculate"),
    *endpoint(
        "portfolios/<str:portfolio_id>/batch-status/<str:batch_run_id>",
        calculations.CalculationStatusView,
        "calculation-status",
    ),
    *endpoint(f"{BATCH}/run", batch_runs.BatchRunView, "batch-run"),
    *endpoint(f"{BATCH}/trigger", batch_runs.BatchRunDocumentedPathView, "batch-trigger"),
    *endpoint(f"{BATCH}/run/current", batch_runs.BatchCurrentView, "batch-current"),
    *endpoint(f"{BATCH}/trigger/market-data", batch_jobs.RefreshMarketDataView, "batch-trigger-market-data"),
    *endpoint(f"{BATCH}/trigger/correlations", batch_jobs.RecomputeCorrelationsView, "batch-trigger-correlations"),
    *endpoint(f"{BATCH}/trigger/company-profiles", batch_jobs.RefreshProfilesView, "batch-trigger-profiles"),
    *endpoint(f"{BATCH}/restore-sector-tags", batch_jobs.RestoreSectorTagsView, "batch-restore-sector-tags"),
    *endpoint(f"{BATCH}/cleanup-incomplete", batch_jobs.CleanupIncompleteView, "batch-cleanup-incomplete"),
    *endpoint(f"{BATCH}/data-quality", batch_quality.BatchDataQualityView, "batch-data-quality"),
    *endpoint(f"{BATCH}/data-quality/refresh", batch_quality.RefreshDataQualityView, "batch-data-quality-refresh"),
    *endpoint(f"{BATCH}/history", batch_history.BatchHistoryView, "batch-history"),
    *endpoint(f"{BATCH}/history/summary", batch_history.BatchHistorySummaryView, "batch-history-summary"),
    *endpoint(f"{BATCH}/history/<str:batch_run_id>", batch_history.BatchHistoryOneView, "batch-history-one"),
    *endpoint(f"{BATCH}/history/<str:batch_run_id>/logs", batch_history.BatchHistoryLogView, "batch-history-logs"),
    *endpoint("equity-search", equity_search.EquitySearchView, "equity-search"),
    *endpoint("equity-search/filters", equity_search.EquityFiltersView, "equity-search-filters"),
    *endpoint(
        f"{AGGREGATE}/factor-exposures",
        aggregate_factors.AggregateFactorExposuresView,
        "aggregate-factor-exposures",
    ),
    *endpoint(
        "analytics/factor-exposures",
        aggregate_factors.AggregateFactorExposuresDocumentedPathView,
        "aggregate-factor-exposures-documented",
    ),
    *endpoint(
        f"{AGGREGATE}/correlation-matrix",
        correlations.AggregateCorrelationMatrixView,
        "aggregate-correlation-matrix",
    ),
    *endpoint(f"{AGGREGATE}/stress-test", stress.AggregateStressTestView, "aggregate-stress-test"),
    *endpoint(f"{PORTFOLIO}/correlation-matrix", correlations.CorrelationMatrixView, "correlation-matrix"),
    *endpoint(f"{PORTFOLIO}/diversification-score", correlations.DiversificationScoreView, "diversification-score"),
    *endpoint(f"{PORTFOLIO}/factor-exposures", factors.PortfolioFactorExposuresView, "factor-exposures"),
    *endpoint(
        f"{PORTFOLIO}/positions/factor-exposures", factors.PositionFactorExposuresView, "position-factor-exposures"
    ),
    *endpoint(f"{PORTFOLIO}/stress-test", stress.StressTestView, "stress-test"),
    *endpoint(f"{PORTFOLIO}/spread-factors", factors.SpreadFactorsView, "spread-factors"),
    *endpoint(
        "analytics/<str:portfolio_id>/spread-factors",
        factors.SpreadFactorsDocumentedPathView,
        "spread-factors-documented",
    ),
    *endpoint("admin/fix/clear-calculations", repairs.ClearCalculationsView, "fix-clear"),
    *endpoint("admin/fix/seed-portfolios", repairs.SeedPortfoliosView, "fix-seed"),
    *endpoint("admin/fix/run-batch", repairs.FixRunBatchView, "fix-run-batch"),
    *endpoint("admin/fix/fix-all", repairs.FixAllView, "fix-all"),
    *endpoint("admin/fix/jobs/<str:job_id>", repairs.FixJobView, "fix-job"),
    *(pattern for route, view in SYSTEM for pattern in endpoint(f"system/{route}", view, f"system/{route}")),
    # The same where staff look for it; published once.
    *(
        pattern
        for route, view in SYSTEM
        for pattern in endpoint(f"admin/system/{route}", view, f"admin-system/{route}", schema=None)
    ),
]
