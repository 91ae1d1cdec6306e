"""Query and answer of /data/factors/etf-prices."""

from __future__ import annotations

from rest_framework import serializers

from sigmasight.core.api.forms import Form


class FactorEtfQuery(Form):
    lookback_days = serializers.IntegerField(default=150, help_text="Without effect: the newest session is shown")
    factors = serializers.CharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="Comma-separated: Market Beta, Value, Growth, Momentum, Quality, Size, Low Volatility",
    )


class FactorEtfMetadata(Form):
    factor_model = serializers.CharField(help_text="7-factor")
    etf_count = serializers.IntegerField()
    timestamp = serializers.DateTimeField()


class FactorEtf(Form):
    factor_name = serializers.CharField()
    symbol = serializers.CharField()
    current_price = serializers.FloatField(help_text="Close of `date`, USD, as traded")
    open = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    volume = serializers.IntegerField(allow_null=True)
    date = serializers.DateField()
    updated_at = serializers.DateTimeField()
    data_source = serializers.CharField(help_text="simulated, or a provider's name")
    exchange = serializers.CharField(allow_null=True)
    market_cap = serializers.FloatField(allow_null=True, help_text="USD")


class FactorEtfPrices(Form):
    metadata = FactorEtfMetadata()
    data = serializers.DictField(child=FactorEtf(), help_text="By symbol")  # type: ignore[assignment]
