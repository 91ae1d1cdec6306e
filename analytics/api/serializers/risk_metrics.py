"""Query and answer of the risk metrics."""

from __future__ import annotations

from rest_framework import serializers

from sigmasight.core.api.forms import Form


class RiskMetricsQuery(Form):
    lookback_days = serializers.IntegerField(min_value=30, max_value=252, default=90, help_text="calendar days")


class RiskMetrics(Form):
    portfolio_beta = serializers.FloatField(allow_null=True)
    annualized_volatility = serializers.FloatField(allow_null=True, help_text="fraction")
    max_drawdown = serializers.FloatField(allow_null=True, help_text="fraction, 0 or negative")
    sharpe_ratio = serializers.FloatField(allow_null=True)
    sortino_ratio = serializers.FloatField(allow_null=True)
    calmar_ratio = serializers.FloatField(allow_null=True)
    var_95_1d = serializers.FloatField(allow_null=True, help_text="positive dollars of loss over one session")
    es_95_1d = serializers.FloatField(allow_null=True)
    var_99_1d = serializers.FloatField(allow_null=True)
    es_99_1d = serializers.FloatField(allow_null=True)


class RiskDateRange(Form):
    start = serializers.DateField()
    end = serializers.DateField()


class RiskMetricsMetadata(Form):
    lookback_days = serializers.IntegerField()
    reason = serializers.CharField(required=False)
    date_range = RiskDateRange(required=False)
    observations = serializers.IntegerField(required=False)
    calculation_timestamp = serializers.DateTimeField(required=False)
    beta_source = serializers.ChoiceField(choices=["factor_exposure", "unavailable"], required=False)
    beta_calculation_date = serializers.DateField(required=False)
    beta_window_days = serializers.IntegerField(required=False)
    warnings = serializers.ListField(child=serializers.CharField(), required=False)


class RiskMetricsResponse(Form):
    available = serializers.BooleanField()
    portfolio_id = serializers.UUIDField()
    risk_metrics = RiskMetrics(allow_null=True)
    metadata = RiskMetricsMetadata()
