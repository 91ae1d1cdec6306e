"""Answers of concentration."""

from __future__ import annotations

from rest_framework import serializers

from analytics.api.serializers.overview import TopHolding
from analytics.api.serializers.sectors import CombinedHoldings
from sigmasight.core.api.forms import Form


class Concentration(Form):
    hhi = serializers.FloatField(help_text="0 to 10,000")
    effective_num_positions = serializers.FloatField(help_text="10,000 / hhi")
    top_3_concentration = serializers.FloatField(help_text="fraction")
    top_10_concentration = serializers.FloatField(help_text="fraction")
    total_positions = serializers.IntegerField(help_text="lots")
    unique_symbols = serializers.IntegerField()


class PortfolioConcentration(Concentration):
    position_weights = serializers.JSONField(allow_null=True, help_text="always null")


class ConcentrationMetadata(Form):
    calculation_method = serializers.CharField(required=False)
    interpretation = serializers.CharField(required=False)
    error = serializers.CharField(required=False)


class ConcentrationResponse(Form):
    available = serializers.BooleanField()
    portfolio_id = serializers.UUIDField()
    calculation_date = serializers.DateField(allow_null=True)
    data = PortfolioConcentration(allow_null=True)  # type: ignore[assignment]
    metadata = ConcentrationMetadata()


class CombinedConcentration(Concentration):
    top_positions = TopHolding(many=True)


class AggregateConcentration(CombinedHoldings):
    data = CombinedConcentration(required=False)  # type: ignore[assignment]
