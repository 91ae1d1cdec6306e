"""Answers of sector exposure."""

from __future__ import annotations

from rest_framework import serializers

from analytics.api.serializers.quality import AggregateAnswer
from sigmasight.core.api.forms import Form


def _weights(text: str) -> serializers.DictField:
    return serializers.DictField(child=serializers.FloatField(), help_text=text)


class SectorWeights(Form):
    portfolio_weights = _weights("sector to gross fraction of equity, also ETFs and Unclassified if held")
    net_weights = _weights("the same with shorts subtracted")
    benchmark_weights = _weights("sector to fraction")
    over_underweight = _weights("sector to portfolio_weights minus benchmark_weights, over both")
    largest_overweight = serializers.CharField(allow_null=True)
    largest_underweight = serializers.CharField(allow_null=True)
    total_portfolio_value = serializers.FloatField(help_text="sum of absolute market values")
    positions_by_sector = serializers.DictField(child=serializers.IntegerField(), help_text="lots")
    unclassified_value = serializers.FloatField()
    unclassified_count = serializers.IntegerField()
    benchmark_as_of = serializers.DateField(allow_null=True)
    benchmark_stale = serializers.BooleanField(allow_null=True, help_text="older than a quarter")


class SectorMetadata(Form):
    benchmark = serializers.CharField(required=False)
    benchmark_as_of = serializers.DateField(required=False, allow_null=True)
    error = serializers.CharField(required=False)


class SectorExposureResponse(Form):
    available = serializers.BooleanField()
    portfolio_id = serializers.UUIDField()
    calculation_date = serializers.DateField(allow_null=True)
    data = SectorWeights(allow_null=True)  # type: ignore[assignment]
    metadata = SectorMetadata()


class CombinedHoldings(AggregateAnswer):
    """What several portfolios hold, as one."""

    net_asset_value = serializers.FloatField(required=False)
    calculation_date = serializers.DateField(required=False, allow_null=True)
    calculation_method = serializers.CharField(required=False)
    formula = serializers.CharField(required=False)


class AggregateSectorExposure(CombinedHoldings):
    data = SectorWeights(required=False)  # type: ignore[assignment]
