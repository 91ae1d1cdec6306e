"""What the web frontend reads of each answer: these keys must be there, null or not.

`a.b` is a key inside an object, `a[]` each entry of a list, `a{}` each value of an object. Values that are null end the search:
`{"available": false, "data": null}` is the promised form of "not calculated yet".
"""

from __future__ import annotations

_SCENARIOS = (
    "available",
    *(f"data.scenarios[].{key}" for key in ("id", "name", "description", "category", "severity")),
    *(f"data.scenarios[].impact.{key}" for key in ("dollar_impact", "percentage_impact", "new_portfolio_value")),
    "data.portfolio_value",
)
_SECTORS = ("available", "data.portfolio_weights", "data.benchmark_weights", "data.over_underweight")
_EQUITY_CHANGE = (
    "id", "portfolio_id", "change_type", "amount", "change_date", "notes", "created_by_user_id", "created_at", "updated_at",
    "deleted_at", "editable_until", "deletable_until", "is_deleted",
)  # fmt: skip
_SPREADS = (
    "available",
    "factors[].name",
    "factors[].beta",
    "factors[].exposure_dollar",
    "calculation_date",
    "metadata",
)
_PORTFOLIO = ("name", "account_name", "account_type", "is_active", "description")
_AGGREGATE_BETA = ("aggregate_beta_90d", "aggregate_beta_180d")
_AGGREGATE_VOLATILITY = (
    "aggregate_volatility_21d", "aggregate_volatility_63d", "aggregate_expected_volatility_21d", "calculation_date",
)  # fmt: skip
_AGGREGATE_FACTORS = (
    "factors[].name", "factors[].aggregate_beta", "factors[].aggregate_exposure_dollar", "calculation_date",
)  # fmt: skip

CLIENT_FIELDS: dict[str, tuple[str, ...]] = {
    "login": ("access_token", "expires_in"),
    "me": ("id", "email", "full_name", "portfolio_id"),
    "dataPortfolios": tuple(
        f"[].{key}" for key in ("id", "net_asset_value", "total_value", "position_count", *_PORTFOLIO)
    ),
    "createPortfolio": ("id", "net_asset_value", *_PORTFOLIO),
    "updatePortfolio": _PORTFOLIO,
    "calculatePortfolio": ("batch_run_id", "status"),
    "portfolioBatchStatus": ("status", "elapsed_seconds"),
    "dataPortfolioSnapshot": ("target_price_return_eoy", "daily_pnl"),
    "dataPositionsDetails": (
        *(
            f"positions[].{key}"
            for key in (
                "id", "symbol", "position_type", "investment_class", "quantity", "current_price", "market_value", "cost_basis",
                "entry_price", "unrealized_pnl", "unrealized_pnl_percent", "company_name", "sector", "industry", "tags", "avg_cost",
            )
        ),
        "positions[].tags[].id",
        "positions[].tags[].name",
        "positions[].tags[].color",
        "summary.total_market_value",
    ),
    "dataCompanyProfiles": tuple(
        f"profiles[].{key}"
        for key in (
            "symbol", "company_name", "sector", "industry", "market_cap", "beta", "target_mean_price",
            "current_year_earnings_avg", "next_year_earnings_avg", "current_year_revenue_avg", "next_year_revenue_avg",
        )
    ),
    "listTargetPrices": tuple(
        f"[].{key}"
        for key in (
            "symbol", "target_price_eoy", "target_price_next_year", "expected_return_eoy", "expected_return_next_year",
        )
    ),
    "getTargetPriceSummary": ("weighted_expected_return_eoy", "weighted_expected_return_next_year"),
    "dataPricesBenchmark": ("available", "data.dates", "data.close"),
    "getPortfolioOverview": (
        "equity_balance", "net_asset_value", "cash_balance", "exposures.long_exposure", "exposures.short_exposure",
        "exposures.gross_exposure", "exposures.net_exposure", "pnl.ytd_pnl", "pnl.mtd_pnl",
    ),
    "getSectorExposure": (*_SECTORS, "metadata"),
    "getCorrelationMatrix": ("available", "data.matrix", "data.average_correlation", "metadata"),
    "getPortfolioFactorExposures": (
        "available", "factors[].name", "factors[].beta", "factors[].exposure_dollar", "calculation_date",
    ),
    "listPositionFactorExposures": (
        "available", "positions[].position_id", "positions[].symbol", "positions[].exposures",
    ),
    "getVolatility": (
        "available", "data.realized_volatility_21d", "data.realized_volatility_63d", "data.expected_volatility_21d",
        "data.volatility_trend", "data.volatility_percentile", "calculation_date", "metadata",
    ),
    "getStressTest": (*_SCENARIOS, "data.calculation_date"),
    "getSpreadFactors": _SPREADS,
    "getSpreadFactorsDocumentedPath": _SPREADS,
    "getBetaComparison": (
        "available",
        *(
            f"positions[].{key}"
            for key in (
                "position_id", "symbol", "market_beta", "calculated_beta", "beta_difference", "beta_r_squared", "observations",
            )
        ),
        "metadata.total_positions", "metadata.positions_with_market_beta", "metadata.positions_with_calculated_beta",
    ),
    "getAggregateOverview": ("net_asset_value", "total_value"),
    "getAggregateOverviewDocumentedPath": ("net_asset_value", "total_value"),
    "getAggregateBeta": _AGGREGATE_BETA,
    "getAggregateBetaDocumentedPath": _AGGREGATE_BETA,
    "getAggregateVolatility": _AGGREGATE_VOLATILITY,
    "getAggregateVolatilityDocumentedPath": _AGGREGATE_VOLATILITY,
    "getAggregateSectorExposure": (*_SECTORS, "net_asset_value"),
    "getAggregateConcentration": ("data.top_positions[].symbol", "data.top_positions[].weight"),
    "getAggregateFactorExposures": _AGGREGATE_FACTORS,
    "getAggregateFactorExposuresDocumentedPath": _AGGREGATE_FACTORS,
    "getAggregateCorrelationMatrix": (
        "available", "symbols", "correlation_matrix", "average_correlation", "total_positions_analyzed", "calculation_date",
        "data_quality",
    ),
    "getAggregateStressTest": (*_SCENARIOS, "net_asset_value"),
    "listEquityChanges": (
        *(f"items[].{key}" for key in _EQUITY_CHANGE), "page", "page_size", "total_items", "total_pages",
    ),
    "createEquityChange": _EQUITY_CHANGE,
    "getEquityChangeSummary": (
        "portfolio_id", "total_contributions", "total_withdrawals", "net_flow", "last_change",
        *(f"periods.{window}.{key}" for window in ("30d", "90d") for key in ("contributions", "withdrawals", "net_flow")),
    ),
    "validateSymbolGet": ("is_valid", "message", "symbol"),
    "checkDuplicate": (
        "has_duplicates", "total_count", "existing_positions[].id", "existing_positions[].quantity",
        "existing_positions[].avg_cost", "existing_positions[].entry_date",
    ),
    "listTags": ("tags[].id", "tags[].name", "tags[].color", "tags[].description"),
    "equitySearch": (
        *(
            f"items[].{key}"
            for key in (
                "symbol", "company_name", "sector", "market_cap", "enterprise_value", "pe_ratio", "ps_ratio", "revenue", "ebit",
                "fcf", "factor_momentum", "factor_value", "factor_quality", "factor_growth", "factor_size", "factor_low_vol",
            )
        ),
        "total_count",
        "metrics_date",
    ),
    "equitySearchFilters": (
        "sectors", "market_cap_ranges[].label", "market_cap_ranges[].min_value", "market_cap_ranges[].max_value",
    ),
    "incomeStatement": (
        "symbol",
        *(
            f"periods[].{key}"
            for key in (
                "fiscal_year", "period_date", "total_revenue", "gross_profit", "gross_margin", "operating_income",
                "operating_margin", "net_income", "net_margin", "diluted_eps", "diluted_average_shares",
            )
        ),
    ),
    "cashFlow": ("periods[].fiscal_year", "periods[].free_cash_flow", "periods[].fcf_margin"),
    "analystEstimates": tuple(
        f"estimates.{key}"
        for key in (
            "current_year_revenue_avg", "current_year_earnings_avg", "next_year_revenue_avg", "next_year_earnings_avg",
            "current_year_analyst_count",
        )
    ),
    "chat_create_conversation": ("id",),
    "insights_list": (
        *(
            f"insights[].{key}"
            for key in (
                "id", "insight_type", "title", "severity", "summary", "key_findings", "recommendations", "full_analysis",
                "created_at", "dismissed", "user_rating", "performance.cost_usd", "performance.generation_time_ms",
                "performance.token_count",
            )
        ),
        "total",
        "has_more",
    ),
    "insights_generate": ("id", "insight_type", "key_findings", "performance.cost_usd"),
    "chat_list_memories": tuple(f"memories[].{key}" for key in ("id", "content", "scope", "tags", "created_at")),
    "chat_count_memories": ("count", "max_allowed"),
    "onboardingRegister": ("email",),
    "onboardingCreatePortfolio": (
        "portfolio_id", "portfolio_name", "positions_imported", "positions_failed", "total_positions",
    ),
    "ob_funnel": (
        "total_started", "total_completed", "overall_conversion_rate", "funnel_steps[].step", "funnel_steps[].count",
        "funnel_steps[].drop_off_rate",
    ),
    "ob_errors": (
        "total_errors", "breakdown[].error_code", "breakdown[].event_type", "breakdown[].count", "breakdown[].percentage",
        "breakdown[].sample_messages",
    ),
    "ob_daily": ("trends[].date", "trends[].events"),
    "ai_metrics": (
        "total_requests", "avg_latency_ms", "avg_input_tokens", "avg_output_tokens", "error_rate", "tool_usage_rate",
    ),
    "ai_latency": ("sample_count", "p50_ms", "p99_ms", "avg_first_token_ms"),
    "ai_tokens": ("daily[].date", "daily[].total_tokens", "daily[].request_count"),
    "ai_errors": (
        "total_errors", "breakdown[].error_type", "breakdown[].count", "breakdown[].percentage", "breakdown[].sample_messages",
    ),
    "ai_tools": ("total_tool_calls", "tools[].tool_name", "tools[].call_count", "tools[].percentage"),
    "ai_models": ("models[].model", "models[].request_count", "models[].percentage", "models[].avg_latency_ms"),
    "admin_login": ("access_token", "expires_in", "admin_id", "email", "full_name", "role"),
    "batch_history": (
        "total_count",
        *(
            f"runs[].{key}"
            for key in (
                "id", "batch_run_id", "status", "started_at", "completed_jobs", "total_jobs", "duration_seconds", "has_errors",
            )
        ),
    ),
    "batch_history_summary": (
        "total_runs", "success_rate_percent", "avg_duration_seconds", "status_breakdown.completed", "status_breakdown.failed",
        "status_breakdown.partial", "status_breakdown.running", "most_recent.status", "most_recent.started_at",
    ),
    "batch_history_one": (
        "batch_run_id", "triggered_by", "status", "duration_seconds", "jobs.completed", "jobs.failed", "jobs.total",
        "phase_durations", "error_summary.count", "error_summary.types", "error_summary.details",
    ),
}  # fmt: skip
