"""Queries and answers about factor exposures."""

from __future__ import annotations

from rest_framework import serializers

from analytics.api.serializers.quality import CalculationStaleness, SnapshotStaleness
from sigmasight.core.api.forms import Form

NO_FACTOR_DETAILS = ("no_factor_calculations", "no_active_style_or_macro_factors")
DIRECTIONS = (
    "Growth", "Value", "Momentum", "Contrarian", "Small Cap", "Large Cap", "Quality", "Speculative", "Balanced", "Neutral", "Unknown",
)  # fmt: skip


class FactorsQuery(Form):
    use_latest_successful = serializers.BooleanField(
        default=True, help_text="also results in which some factor could not be computed"
    )


class FactorItem(Form):
    name = serializers.CharField()
    beta = serializers.FloatField(allow_null=True, help_text="per dollar of equity; null without positive equity")
    exposure_dollar = serializers.FloatField(allow_null=True, help_text="beta times equity")
    coverage = serializers.FloatField(
        allow_null=True, required=False, help_text="share of the delta-adjusted holdings that have a beta"
    )


def _flag() -> serializers.IntegerField:
    return serializers.IntegerField(min_value=0, max_value=1, required=False, help_text="1 for yes, 0 for no")


class FactorMetadata(Form):
    factor_model = serializers.CharField(required=False, help_text="number of listed factors, e.g. 9-factor")
    calculation_method = serializers.CharField(required=False)
    completeness = serializers.ChoiceField(("complete", "partial"), required=False)
    total_active_factors = serializers.IntegerField(required=False)
    factors_calculated = serializers.IntegerField(required=False)
    has_market_beta = _flag()
    is_latest = _flag()
    is_fallback = _flag()
    reason = serializers.CharField(required=False)
    detail = serializers.ChoiceField(NO_FACTOR_DETAILS, required=False)


class PortfolioFactorExposures(Form):
    available = serializers.BooleanField()
    portfolio_id = serializers.UUIDField()
    calculation_date = serializers.DateField(allow_null=True)
    data_quality = SnapshotStaleness()
    factors = FactorItem(many=True)
    style_exposures = FactorItem(many=True, help_text="the styles beside the market, from the joint fit")
    metadata = FactorMetadata()


class PositionFactorsQuery(Form):
    limit = serializers.IntegerField(min_value=1, max_value=200, default=50)
    offset = serializers.IntegerField(min_value=0, max_value=2**31, default=0)
    symbols = serializers.CharField(required=False, allow_blank=True, max_length=8000, help_text="AAPL,MSFT")


class PositionFactors(Form):
    position_id = serializers.UUIDField()
    symbol = serializers.CharField()
    exposures = serializers.DictField(
        child=serializers.FloatField(), help_text="factor -> beta per dollar of the shares held or controlled"
    )


class PositionFactorExposures(Form):
    available = serializers.BooleanField()
    portfolio_id = serializers.UUIDField()
    calculation_date = serializers.DateField(allow_null=True)
    data_quality = CalculationStaleness(allow_null=True)
    total = serializers.IntegerField(help_text="positions one can page through")
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()
    positions = PositionFactors(many=True)


class SpreadItem(Form):
    name = serializers.CharField()
    beta = serializers.FloatField(help_text="gain in percent of equity for 1 percent of the spread")
    exposure_dollar = serializers.FloatField(allow_null=True)
    coverage = serializers.FloatField(allow_null=True, required=False)
    direction = serializers.ChoiceField(DIRECTIONS)
    magnitude = serializers.ChoiceField(("Strong", "Moderate", "Mild"))
    risk_level = serializers.ChoiceField(("high", "medium", "low"))
    explanation = serializers.CharField()


class SpreadMetadata(Form):
    calculation_method = serializers.CharField(required=False, help_text="always OLS_SPREAD")
    regression_window_days = serializers.IntegerField(required=False, help_text="sessions")
    factors_calculated = serializers.IntegerField(required=False)
    expected_factors = serializers.IntegerField(required=False)
    reason = serializers.ChoiceField(("no_calculations_available", "no_exposures_calculated"), required=False)
    error = serializers.CharField(required=False)


class SpreadFactors(Form):
    available = serializers.BooleanField()
    portfolio_id = serializers.UUIDField()
    calculation_date = serializers.DateField(allow_null=True)
    factors = SpreadItem(many=True)
    metadata = SpreadMetadata()


class AggregateFactorItem(Form):
    name = serializers.CharField()
    aggregate_beta = serializers.FloatField(allow_null=True, help_text="per dollar of the total value")
    aggregate_exposure_dollar = serializers.FloatField(allow_null=True)


class AggregateFactorPortfolio(Form):
    id = serializers.UUIDField()
    account_name = serializers.CharField()
    value = serializers.FloatField()
    weight = serializers.FloatField()


class AggregateFactorExposures(Form):
    aggregate_factors = serializers.DictField(
        child=serializers.FloatField(), help_text="market, size, value, momentum, quality"
    )
    net_asset_value = serializers.FloatField()
    total_value = serializers.FloatField()
    portfolio_count = serializers.IntegerField()
    portfolios = AggregateFactorPortfolio(many=True)
    calculation_method = serializers.CharField(help_text="always weighted_average")
    factors = AggregateFactorItem(many=True)
    formula = serializers.CharField()
    message = serializers.CharField(required=False, help_text="only without portfolios")
    calculation_date = serializers.DateField(allow_null=True)
