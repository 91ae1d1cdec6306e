"""Queries and answers about stress scenarios."""

from __future__ import annotations

from rest_framework import serializers

from analytics.api.serializers.quality import AggregateAnswer, DataQuality
from analytics.services.stress import NO_RESULTS, NO_SNAPSHOT
from sigmasight.core.api.forms import Form


class StressQuery(Form):
    scenarios = serializers.CharField(
        required=False, allow_blank=True, max_length=4000, help_text="market_down_10,rates_up_50bp"
    )


class StressImpact(Form):
    dollar_impact = serializers.FloatField()
    percentage_impact = serializers.FloatField(help_text="percent of the value, -1.4856 is -1.49 percent")
    new_portfolio_value = serializers.FloatField()


class ScenarioParts(Form):
    id = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField(allow_null=True)
    category = serializers.CharField(allow_null=True)
    severity = serializers.CharField(allow_null=True)
    impact = StressImpact()
    plausibility_scale = serializers.FloatField(
        allow_null=True, help_text="1: the shock as it is; below: drawn back to what the factors' history allows"
    )
    mahalanobis_length = serializers.FloatField(allow_null=True, help_text="monthly standard deviations before that")
    unbounded_dollar_impact = serializers.FloatField(allow_null=True, help_text="without drawing the shock back")
    private_dollar_impact = serializers.FloatField(allow_null=True, help_text="part of private holdings")
    direct_dollar_impact = serializers.FloatField(allow_null=True, help_text="by the shocked factors alone")
    loss_exceeds_equity = serializers.BooleanField()


class StressScenario(ScenarioParts):
    impact_type = serializers.CharField(help_text="always correlated")


class UncoveredHolding(Form):
    symbol = serializers.CharField()
    reason = serializers.CharField()


class StressData(Form):
    scenarios = StressScenario(many=True)
    portfolio_value = serializers.FloatField()
    calculation_date = serializers.DateField()
    coverage = serializers.FloatField(allow_null=True, help_text="share of the holdings the scenarios reach")
    scenarios_skipped = serializers.ListField(child=serializers.CharField())
    uncovered_positions = UncoveredHolding(many=True)


class StressMetadata(Form):
    reason = serializers.ChoiceField((NO_RESULTS, NO_SNAPSHOT), required=False)
    scenarios_requested = serializers.ListField(child=serializers.CharField(), required=False)


class StressTest(Form):
    available = serializers.BooleanField()
    data = StressData(allow_null=True)  # type: ignore[assignment]
    data_quality = DataQuality(allow_null=True)
    metadata = StressMetadata(allow_null=True)


class AggregateScenario(ScenarioParts):
    portfolios_included = serializers.IntegerField()


class AggregateStressData(Form):
    scenarios = AggregateScenario(many=True)
    portfolio_value = serializers.FloatField()
    calculation_date = serializers.DateField()


class AggregateStressTest(AggregateAnswer):
    data = AggregateStressData(required=False)  # type: ignore[assignment]
    net_asset_value = serializers.FloatField(required=False)
    portfolios_with_stress_data = serializers.IntegerField(required=False)
    calculation_method = serializers.CharField(required=False, help_text="always weighted_aggregation")
    formula = serializers.CharField(required=False)
