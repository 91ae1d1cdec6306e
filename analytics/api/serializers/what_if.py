"""Trades that are only thought of, and what they would change. Dollars and fractions."""

from __future__ import annotations

from rest_framework import serializers

from analytics.services.what_if import MOST_TRADES
from sigmasight.core.api.forms import Form, maybe_number

MOST_SHARES = 1e9


class TradeIn(Form):
    symbol = serializers.CharField(max_length=32)
    quantity = serializers.FloatField(
        min_value=-MOST_SHARES, max_value=MOST_SHARES, help_text="shares or contracts; negative to sell"
    )


class WhatIfIn(Form):
    trades = TradeIn(many=True, allow_empty=False, max_length=MOST_TRADES)  # type: ignore[call-arg]


class PricedTrade(Form):
    symbol = serializers.CharField()
    quantity = serializers.FloatField()
    price = serializers.FloatField()
    price_date = serializers.DateField()
    dollars = serializers.FloatField(help_text="positive if paid")


class Measures(Form):
    cash = serializers.FloatField()
    long = serializers.FloatField()
    short = serializers.FloatField(help_text="negative")
    gross = serializers.FloatField()
    net = serializers.FloatField()
    delta_gross = serializers.FloatField(help_text="options at their delta")
    delta_net = serializers.FloatField()
    leverage = maybe_number()
    hhi = maybe_number()
    effective_positions = maybe_number()
    top_3 = maybe_number()
    value_at_risk_95 = maybe_number(help_text="historical, one session, a positive loss")
    expected_shortfall_95 = maybe_number()
    value_at_risk_99 = maybe_number()
    expected_shortfall_99 = maybe_number()
    daily_volatility = maybe_number(help_text="dollars")
    tails_value_at_risk = serializers.DictField(
        child=serializers.FloatField(), help_text="every method, confidence and horizon: filtered_99_10d"
    )
    tails_expected_shortfall = serializers.DictField(child=serializers.FloatField())
    gamma = serializers.FloatField(help_text="dollars of delta for 1 % of the underlyings")
    theta = serializers.FloatField(help_text="dollars a day")
    vega = serializers.FloatField(help_text="dollars a point of volatility")
    diversification_ratio = maybe_number()
    effective_bets = maybe_number()
    joint_factors = serializers.DictField(child=serializers.FloatField(), help_text="loadings of the joint model")
    factor_volatility = maybe_number(help_text="a session, a fraction of equity")
    specific_volatility = maybe_number()
    realized_volatility_21d = maybe_number(help_text="a year")
    expected_volatility_21d = maybe_number(help_text="a year")
    factors = serializers.DictField(child=serializers.FloatField(), help_text="betas by name")
    sectors_gross = serializers.DictField(child=serializers.FloatField(), help_text="fractions of equity")
    sectors_net = serializers.DictField(child=serializers.FloatField())
    stress = serializers.DictField(child=serializers.FloatField(), help_text="dollars by scenario")


class WhatIf(Form):
    equity = serializers.FloatField(help_text="trades at the mark do not change it")
    trades = PricedTrade(many=True)
    before = Measures()
    after = Measures()


class WhatIfMetadata(Form):
    error = serializers.CharField(required=False)
    is_current = serializers.BooleanField(
        required=False, help_text="false: positions were changed after the session this is of"
    )


class WhatIfResponse(Form):
    available = serializers.BooleanField()
    portfolio_id = serializers.UUIDField()
    calculation_date = serializers.DateField(allow_null=True)
    data = WhatIf(allow_null=True)  # type: ignore[assignment]
    metadata = WhatIfMetadata()
