"""Answers about the quality of prices, for staff."""

from __future__ import annotations

from rest_framework import serializers

from sigmasight.core.api.forms import Form


class CurrentDetail(Form):
    has_data = serializers.BooleanField()
    latest_date = serializers.DateField(allow_null=True)
    price_count = serializers.IntegerField(help_text="of the last two sessions")


class CurrentPrices(Form):
    """A price of the last session or the one before."""

    coverage_percentage = serializers.FloatField()
    symbols_with_data = serializers.IntegerField()
    total_symbols = serializers.IntegerField()
    missing_symbols = serializers.ListField(child=serializers.CharField())
    symbol_details = serializers.DictField(child=CurrentDetail())


class HistoryDetail(Form):
    has_sufficient_data = serializers.BooleanField()
    historical_days = serializers.IntegerField(help_text="of the last 60 sessions")
    first_date = serializers.DateField(allow_null=True)
    last_date = serializers.DateField(allow_null=True)


class HistoricalData(Form):
    """30 prices in the last 60 sessions."""

    coverage_percentage = serializers.FloatField()
    symbols_with_sufficient_data = serializers.IntegerField()
    total_symbols = serializers.IntegerField()
    required_days = serializers.IntegerField()
    insufficient_symbols = serializers.ListField(child=serializers.CharField())
    symbol_details = serializers.DictField(child=HistoryDetail())


class FreshnessDetail(Form):
    is_fresh = serializers.BooleanField()
    latest_date = serializers.DateField(allow_null=True)
    hours_old = serializers.FloatField(allow_null=True, help_text="since the close of the latest price")


class DataFreshness(Form):
    """At most one session behind."""

    freshness_percentage = serializers.FloatField()
    fresh_symbols = serializers.IntegerField()
    total_symbols = serializers.IntegerField()
    freshness_threshold_hours = serializers.IntegerField(help_text="since the close before the last session's")
    stale_symbols = serializers.ListField(child=serializers.CharField())
    symbol_details = serializers.DictField(child=FreshnessDetail())


class CoverageDetails(Form):
    current_prices = CurrentPrices()
    historical_data = HistoricalData()
    data_freshness = DataFreshness()


class Thresholds(Form):
    minimum_coverage = serializers.FloatField(help_text="score to pass, 0 to 1")
    data_freshness_hours = serializers.IntegerField()
    minimum_historical_days = serializers.IntegerField()


class BatchDataQuality(Form):
    status = serializers.ChoiceField(choices=["passed", "failed", "warning", "error"])
    quality_score = serializers.FloatField(help_text="0.4 current + 0.3 historical + 0.3 fresh, 0 to 1")
    message = serializers.CharField(required=False, help_text="only where no public symbol is held")
    total_symbols = serializers.IntegerField()
    validation_timestamp = serializers.DateTimeField()
    coverage_details = CoverageDetails()
    thresholds = Thresholds()
    recommendations = serializers.ListField(child=serializers.CharField())
    requested_by = serializers.CharField()
    request_timestamp = serializers.DateTimeField()


class BatchDataQualityRefresh(Form):
    status = serializers.ChoiceField(choices=["no_action_needed", "refresh_started"])
    message = serializers.CharField()
    current_quality_score = serializers.FloatField()
    recommendations = serializers.ListField(child=serializers.CharField(), help_text="three at most")
    requested_by = serializers.CharField()
    timestamp = serializers.DateTimeField()
