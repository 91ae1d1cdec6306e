"""Answers of volatility. All of them are annual fractions (0.15)."""

from __future__ import annotations

from rest_framework import serializers

from sigmasight.core.api.forms import Form


class Volatility(Form):
    realized_volatility_21d = serializers.FloatField()
    realized_volatility_63d = serializers.FloatField(allow_null=True)
    expected_volatility_21d = serializers.FloatField(allow_null=True)
    volatility_trend = serializers.ChoiceField(choices=["increasing", "decreasing", "stable"], allow_null=True)
    volatility_percentile = serializers.FloatField(
        allow_null=True, help_text="fraction of the past year's values below"
    )


class VolatilityMetadata(Form):
    forecast_model = serializers.CharField(required=False)
    forecast_method = serializers.CharField(required=False, allow_null=True, help_text="log_har or ewma")
    observations = serializers.IntegerField(required=False, allow_null=True)
    trading_day_windows = serializers.CharField(required=False)
    error = serializers.CharField(required=False)
    reason = serializers.CharField(required=False, allow_null=True)


class VolatilityResponse(Form):
    available = serializers.BooleanField()
    portfolio_id = serializers.UUIDField()
    calculation_date = serializers.DateField(allow_null=True)
    data = Volatility(allow_null=True)  # type: ignore[assignment]
    metadata = VolatilityMetadata()


class MemberVolatility(Form):
    portfolio_id = serializers.UUIDField()
    portfolio_name = serializers.CharField()
    account_name = serializers.CharField()
    account_type = serializers.CharField()
    value = serializers.FloatField()
    weight = serializers.FloatField()
    volatility = serializers.FloatField(allow_null=True, help_text="21 sessions")
    volatility_21d = serializers.FloatField(allow_null=True)
    volatility_63d = serializers.FloatField(allow_null=True)
    expected_volatility_21d = serializers.FloatField(allow_null=True)
    contribution = serializers.FloatField(
        allow_null=True, help_text="its part of aggregate_volatility; the parts add up"
    )


class AggregateVolatility(Form):
    aggregate_volatility = serializers.FloatField(allow_null=True, help_text="21 sessions, correlations included")
    aggregate_volatility_21d = serializers.FloatField(allow_null=True, help_text="the same")
    aggregate_volatility_63d = serializers.FloatField(allow_null=True)
    aggregate_expected_volatility_21d = serializers.FloatField(allow_null=True)
    weighted_average_volatility = serializers.FloatField(allow_null=True, help_text="without diversification")
    average_correlation = serializers.FloatField(allow_null=True, help_text="of the portfolios' returns, 63 sessions")
    coverage = serializers.FloatField(allow_null=True, help_text="share of the value that has a volatility")
    calculation_date = serializers.DateField(allow_null=True)
    net_asset_value = serializers.FloatField()
    total_value = serializers.FloatField()
    portfolio_count = serializers.IntegerField()
    portfolios = MemberVolatility(many=True)
    calculation_method = serializers.CharField()
    note = serializers.CharField()
    formula = serializers.CharField()
    message = serializers.CharField(required=False, help_text="without portfolios")
