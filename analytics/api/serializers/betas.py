"""Answers of the market betas."""

from __future__ import annotations

from rest_framework import serializers

from sigmasight.core.api.forms import Form


class BetaMetadata(Form):
    calculation_method = serializers.CharField(required=False)
    coverage = serializers.FloatField(required=False, allow_null=True, help_text="share of the holdings with a beta")
    error = serializers.CharField(required=False)
    reason = serializers.CharField(required=False, allow_null=True)


class FittedMetadata(BetaMetadata):
    model_type = serializers.CharField(required=False)


class CalculatedMetadata(FittedMetadata):
    window_days = serializers.IntegerField(required=False)


class ProviderMetadata(BetaMetadata):
    data_source = serializers.CharField(required=False)
    typical_period = serializers.CharField(required=False)


class BetaAnswer(Form):
    available = serializers.BooleanField()
    portfolio_id = serializers.UUIDField()
    calculation_date = serializers.DateField(allow_null=True)


class MarketBeta(Form):
    market_beta_weighted = serializers.FloatField()
    market_beta_r_squared = serializers.FloatField(allow_null=True)
    market_beta_observations = serializers.IntegerField(allow_null=True)
    market_beta_direct = serializers.FloatField(allow_null=True, help_text="fit of the portfolio's own returns")


class MarketBetaResponse(BetaAnswer):
    data = MarketBeta(allow_null=True)  # type: ignore[assignment]
    metadata = FittedMetadata()


class CalculatedBeta(Form):
    beta_calculated_90d = serializers.FloatField()
    beta_calculated_90d_r_squared = serializers.FloatField(allow_null=True)
    beta_calculated_90d_observations = serializers.IntegerField(allow_null=True)


class BetaCalculated90dResponse(BetaAnswer):
    data = CalculatedBeta(allow_null=True)  # type: ignore[assignment]
    metadata = CalculatedMetadata()


class ProviderBeta(Form):
    beta_provider_1y = serializers.FloatField()
    positions_with_beta = serializers.IntegerField()
    positions_total = serializers.IntegerField()
    coverage_percentage = serializers.FloatField(help_text="percent of the lots")


class BetaProvider1yResponse(BetaAnswer):
    data = ProviderBeta(allow_null=True)  # type: ignore[assignment]
    metadata = ProviderMetadata()


class LotBeta(Form):
    symbol = serializers.CharField()
    position_id = serializers.UUIDField()
    market_beta = serializers.FloatField(allow_null=True, help_text="as the provider quotes it")
    calculated_beta = serializers.FloatField(allow_null=True, help_text="own fit over 90 sessions")
    beta_r_squared = serializers.FloatField(allow_null=True)
    calculation_date = serializers.DateField(allow_null=True)
    observations = serializers.IntegerField(allow_null=True)
    beta_difference = serializers.FloatField(allow_null=True, help_text="calculated minus provider")


class ComparisonMetadata(Form):
    total_positions = serializers.IntegerField(required=False)
    positions_with_market_beta = serializers.IntegerField(required=False)
    positions_with_calculated_beta = serializers.IntegerField(required=False)
    error = serializers.CharField(required=False)


class BetaComparisonResponse(Form):
    available = serializers.BooleanField()
    portfolio_id = serializers.UUIDField()
    positions = LotBeta(many=True, allow_null=True)
    metadata = ComparisonMetadata()


class MemberBeta(Form):
    portfolio_id = serializers.UUIDField()
    portfolio_name = serializers.CharField()
    account_name = serializers.CharField()
    account_type = serializers.CharField()
    value = serializers.FloatField()
    weight = serializers.FloatField(help_text="fraction")
    beta = serializers.FloatField(allow_null=True, help_text="own 90-session beta, else the provider's")
    beta_90d = serializers.FloatField(allow_null=True)
    beta_180d = serializers.FloatField(allow_null=True, help_text="the provider's one-year beta")
    contribution = serializers.FloatField(allow_null=True, help_text="beta times weight")


class AggregateBeta(Form):
    aggregate_beta = serializers.FloatField(allow_null=True)
    aggregate_beta_90d = serializers.FloatField(allow_null=True)
    aggregate_beta_180d = serializers.FloatField(allow_null=True, help_text="of the provider's one-year betas")
    beta_of_covered = serializers.FloatField(allow_null=True, help_text="of the portfolios with a beta alone")
    coverage = serializers.FloatField(allow_null=True, help_text="share of the value that has a beta")
    calculation_date = serializers.DateField(allow_null=True)
    net_asset_value = serializers.FloatField()
    total_value = serializers.FloatField()
    portfolio_count = serializers.IntegerField()
    portfolios = MemberBeta(many=True)
    calculation_method = serializers.CharField()
    formula = serializers.CharField()
    message = serializers.CharField(required=False, help_text="without portfolios")
