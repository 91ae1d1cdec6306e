"""Answers of reverse stress and replays: the moves that would cost so much, and what past episodes would."""

from __future__ import annotations

from rest_framework import serializers

from sigmasight.core.api.forms import Form, maybe_number


class Reach(Form):
    direction = serializers.ChoiceField(choices=["fall", "rise"])
    share = serializers.FloatField(help_text="of the equity")
    loss = serializers.FloatField(help_text="dollars, positive")
    market_move = maybe_number(
        help_text="return of the S&P 500, a fraction; null if no move to -99 % or +100 % loses so much"
    )
    pnl = maybe_number(help_text="dollars at that move, minus the loss")
    monthly_deviations = maybe_number(help_text="the move in standard deviations of a month of the market")
    reason = serializers.CharField(allow_null=True, help_text="not_reached")


class ReverseStress(Form):
    equity = serializers.FloatField()
    coverage = maybe_number(help_text="share of the dollars that a market move reaches")
    worst = serializers.DictField(child=serializers.FloatField(), help_text="lowest P&L of any move, by direction")
    reaches = Reach(many=True)


class Replay(Form):
    id = serializers.CharField()
    name = serializers.CharField()
    first = serializers.DateField(help_text="from the close of this day")
    last = serializers.DateField(help_text="to the close of this one")
    market_return = maybe_number(help_text="total return of the S&P 500, a fraction")
    pnl = maybe_number(help_text="dollars")
    share_of_equity = maybe_number()
    private = maybe_number(help_text="dollars of private holdings, by what stands for them")
    own_returns = maybe_number(
        help_text="share of the dollars that took returns of their own, the rest moves by loadings"
    )
    reason = serializers.CharField(allow_null=True, help_text="no_price_data: the prices of then are not stored")


class Replays(Form):
    prices_since = serializers.DateField(allow_null=True)
    coverage = maybe_number(help_text="share of the dollars that a replay reaches")
    replays = Replay(many=True)


class ExtremesMetadata(Form):
    error = serializers.CharField(required=False)
    reason = serializers.CharField(required=False, allow_null=True)


class ReverseStressResponse(Form):
    available = serializers.BooleanField()
    portfolio_id = serializers.UUIDField()
    calculation_date = serializers.DateField(allow_null=True)
    data = ReverseStress(allow_null=True)  # type: ignore[assignment]
    metadata = ExtremesMetadata()


class ReplaysResponse(Form):
    available = serializers.BooleanField()
    portfolio_id = serializers.UUIDField()
    calculation_date = serializers.DateField(allow_null=True)
    data = Replays(allow_null=True)  # type: ignore[assignment]
    metadata = ExtremesMetadata()
