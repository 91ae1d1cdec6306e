"""Answers of risk: what a portfolio may lose and who adds to it. Losses are positive dollars, shares fractions."""

from __future__ import annotations

from rest_framework import serializers

from analytics.engines.tails import METHODS
from sigmasight.core.api.forms import Form


class RiskQuery(Form):
    backtest_method = serializers.ChoiceField(
        choices=METHODS, default="historical", help_text="the value at risk that is tested against the past"
    )
    increments = serializers.BooleanField(
        default=False, help_text="whether contributions tell what the value at risk would fall by without each lot"
    )


class Tail(Form):
    method = serializers.ChoiceField(choices=METHODS)
    horizon = serializers.IntegerField(help_text="sessions")
    confidence = serializers.FloatField(help_text="0.95 or 0.99")
    value_at_risk = serializers.FloatField()
    expected_shortfall = serializers.FloatField()
    share_of_equity = serializers.FloatField(allow_null=True)
    explanation = serializers.CharField(help_text="a heading of docs/measures.md")


class Contribution(Form):
    position_id = serializers.UUIDField()
    symbol = serializers.CharField()
    market_value = serializers.FloatField(allow_null=True)
    component_volatility = serializers.FloatField(allow_null=True, help_text="dollars a session; they add up")
    volatility_share = serializers.FloatField(allow_null=True)
    component_var = serializers.FloatField(allow_null=True, help_text="of the historical one, one session, 95 %")
    var_share = serializers.FloatField(allow_null=True)
    marginal_var = serializers.FloatField(allow_null=True, help_text="that a dollar more of the lot adds")
    incremental_var = serializers.FloatField(
        allow_null=True, help_text="what it would fall by without the lot; these do not add up; null unless asked for"
    )


class FactorPart(Form):
    factor = serializers.CharField()
    loading = serializers.FloatField()
    share = serializers.FloatField(allow_null=True, help_text="of the variance; negative if it offsets others")
    direct = serializers.FloatField(allow_null=True, help_text="loading of the book's own series, the check")
    std_error = serializers.FloatField(allow_null=True, help_text="of it, Newey-West")


class Variance(Form):
    window_from = serializers.DateField(allow_null=True)
    observations = serializers.IntegerField()
    volatility = serializers.FloatField(help_text="fraction of equity a session")
    factor_share = serializers.FloatField(allow_null=True)
    specific_share = serializers.FloatField(allow_null=True)
    r_squared = serializers.FloatField(allow_null=True)
    coverage = serializers.FloatField(allow_null=True)
    factors = FactorPart(many=True)
    styles = serializers.DictField(child=serializers.FloatField())
    agrees = serializers.BooleanField(allow_null=True, help_text="whether sum and direct regression agree")


class Exceeded(Form):
    session = serializers.DateField()
    loss = serializers.FloatField()
    value_at_risk = serializers.FloatField()


class Backtest(Form):
    method = serializers.ChoiceField(choices=METHODS)
    confidence = serializers.FloatField()
    window_from = serializers.DateField(allow_null=True)
    window_to = serializers.DateField(allow_null=True)
    observations = serializers.IntegerField()
    exceptions = serializers.IntegerField()
    expected = serializers.FloatField()
    kupiec = serializers.FloatField(allow_null=True)
    kupiec_p_value = serializers.FloatField(allow_null=True)
    independence = serializers.FloatField(allow_null=True)
    independence_p_value = serializers.FloatField(allow_null=True)
    coverage = serializers.FloatField(allow_null=True)
    coverage_p_value = serializers.FloatField(allow_null=True)
    zone = serializers.CharField(allow_null=True, help_text="green, yellow or red")
    exceeded = Exceeded(many=True)
    reason = serializers.CharField(allow_null=True)


class LeftOut(Form):
    symbol = serializers.CharField()
    reason = serializers.CharField()


class Risk(Form):
    window_from = serializers.DateField(allow_null=True)
    observations = serializers.IntegerField()
    daily_volatility = serializers.FloatField(allow_null=True, help_text="dollars a session")
    value_at_risk = Tail(many=True)
    contributions = Contribution(many=True)
    variance = Variance(allow_null=True)
    backtests = Backtest(many=True)
    left_out = LeftOut(many=True)


class RiskMetadata(Form):
    error = serializers.CharField(required=False)
    reason = serializers.CharField(required=False, allow_null=True)


class RiskResponse(Form):
    available = serializers.BooleanField()
    portfolio_id = serializers.UUIDField()
    calculation_date = serializers.DateField(allow_null=True)
    data = Risk(allow_null=True)  # type: ignore[assignment]
    metadata = RiskMetadata()
