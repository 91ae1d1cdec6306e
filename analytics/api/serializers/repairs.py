"""Forms and answers of the repair tools."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from analytics.services.run_names import JOB_TYPES
from sigmasight.core.api.forms import Form

CONFIRMATION = "DELETE ALL RESULTS"
COUNTS = (
    "batch_run_tracking", "portfolio_snapshots", "position_snapshots", "position_greeks", "factor_exposures",
    "position_factor_exposures", "position_interest_rate_betas", "position_market_betas", "position_volatility",
    "market_risk_scenarios", "stress_test_results", "factor_correlations", "factor_covariances", "scenario_factor_shocks",
    "correlation_tables", "portfolio_risk", "engine_results", "soft_deleted_positions", "duplicate_positions", "equity_resets",
    "total_deleted",
)  # fmt: skip


class ScopeQuery(Form):
    all_portfolios = serializers.BooleanField(default=False, help_text="everybody's results, not only the demo's")
    confirm = serializers.CharField(required=False, help_text=f'"{CONFIRMATION}", needed with all_portfolios')
    start_date = serializers.DateField(required=False, help_text="keep the sessions before it; all go when left out")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["all_portfolios"] and not attrs.get("dry_run") and attrs.get("confirm") != CONFIRMATION:
            raise serializers.ValidationError(
                {"confirm": f'all_portfolios deletes everybody\'s results. Send confirm="{CONFIRMATION}" to do that.'}
            )
        return attrs


class DryRunQuery(Form):
    dry_run = serializers.BooleanField(default=False, help_text="say what would be done and change nothing")


class ClearQuery(ScopeQuery, DryRunQuery):
    pass


class FixAllQuery(ScopeQuery):
    end_date = serializers.DateField(required=False, help_text="compute up to this session; default the latest")


class ClearResult(Form):
    """Rows deleted, by table; 0 for tables this product does not have."""

    def get_fields(self) -> dict[str, Any]:
        return {name: serializers.IntegerField() for name in COUNTS}


class ClearResponse(Form):
    success = serializers.BooleanField()
    message = serializers.CharField()
    details = ClearResult()


class SeedDetails(Form):
    total_portfolios = serializers.IntegerField(help_text="of all people")
    expected_positions = serializers.DictField(child=serializers.IntegerField(), help_text="of the demo, as seeded")


class SeedResponse(Form):
    success = serializers.BooleanField()
    message = serializers.CharField()
    details = SeedDetails()


class BatchBackfillResult(Form):
    success = serializers.BooleanField()
    message = serializers.CharField(required=False, help_text="where nothing was done, or not yet")
    dates_processed = serializers.IntegerField()
    duration_seconds = serializers.IntegerField(required=False)
    job_id = serializers.UUIDField(required=False, help_text="only while it is on")
    status_url = serializers.CharField(required=False, help_text="only while it is on")


class RunBatchResponse(Form):
    success = serializers.BooleanField()
    message = serializers.CharField()
    details = BatchBackfillResult()


class FixAllStarted(Form):
    success = serializers.BooleanField()
    job_id = serializers.UUIDField()
    message = serializers.CharField()
    status_url = serializers.CharField()


class FixParams(Form):
    start_date = serializers.DateField(allow_null=True)
    end_date = serializers.DateField(allow_null=True)


class SeedResult(Form):
    total_portfolios = serializers.IntegerField()


class FixResult(Form):
    """A repair that is one step only has null for the others."""

    step1_clear = ClearResult(allow_null=True)
    step2_seed = SeedResult(allow_null=True)
    step3_batch = BatchBackfillResult(allow_null=True)


class FixJob(Form):
    job_id = serializers.UUIDField()
    job_type = serializers.ChoiceField(JOB_TYPES, help_text="what was run")
    status = serializers.ChoiceField(["pending", "running", "completed", "failed"])
    params = FixParams()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)
    progress = serializers.CharField(allow_null=True, help_text="the step it is in")
    result = FixResult(allow_null=True)
    error = serializers.CharField(allow_null=True)
