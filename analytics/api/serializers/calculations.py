"""Answers of starting and polling a portfolio's calculations."""

from __future__ import annotations

from rest_framework import serializers

from sigmasight.core.api.forms import Form


class CalculateQuery(Form):
    force = serializers.BooleanField(default=False, help_text="cancel a run of this portfolio that is active")


class CalculationStart(Form):
    portfolio_id = serializers.UUIDField()
    batch_run_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=["started"])
    message = serializers.CharField(help_text="names the path to poll")


class Preprocessing(Form):
    symbols_count = serializers.IntegerField(help_text="of the open lots, of contracts their underlyings")
    security_master_enriched = serializers.IntegerField(help_text="symbols whose company is described")
    prices_bootstrapped = serializers.IntegerField(help_text="symbols with a price in the last 30 days")
    price_coverage_percentage = serializers.FloatField()
    ready_for_batch = serializers.BooleanField(help_text="coverage of 80 percent or more; the run starts in any case")
    warnings = serializers.ListField(child=serializers.CharField())
    recommendations = serializers.ListField(child=serializers.CharField())


class CalculateAccepted(CalculationStart):
    preprocessing = Preprocessing()
    poll_url = serializers.CharField()


class BatchStatus(Form):
    status = serializers.ChoiceField(choices=["idle", "running", "completed", "failed"])
    batch_run_id = serializers.UUIDField()
    portfolio_id = serializers.UUIDField()
    started_at = serializers.DateTimeField()
    triggered_by = serializers.CharField(help_text="your address, or cron, manual, admin, owner")
    elapsed_seconds = serializers.IntegerField(help_text="since the start; of an ended run until its end")


class PreciseBatchStatus(BatchStatus):
    elapsed_seconds = serializers.FloatField(  # type: ignore[assignment]
        help_text="one decimal; since the start, of an ended run until its end"
    )
