"""Where a figure comes from."""

from __future__ import annotations

from rest_framework import serializers

from analytics.services.explained_measures import MEASURES
from sigmasight.core.api.forms import Form


class ExplainQuery(Form):
    metric = serializers.ChoiceField(choices=list(MEASURES))
    of = serializers.CharField(
        required=False,
        default="",
        max_length=64,
        help_text="factor, scenario, tail, symbol or contract, for figures of a part; Momentum / Value for two factors, NVDA LONG for a "
        "target",
    )


class ExplainedWindow(Form):
    sessions = serializers.IntegerField()
    window_from = serializers.DateField(allow_null=True)
    least = serializers.IntegerField(allow_null=True, help_text="sessions below which there is no figure")
    observations = serializers.IntegerField(allow_null=True, help_text="sessions used")


class OddPrice(Form):
    symbol = serializers.CharField()
    price_date = serializers.DateField()
    source = serializers.CharField()  # type: ignore[assignment]
    quality = serializers.CharField(help_text="stale, frozen, valuation or entry")


class Inputs(Form):
    lots = serializers.IntegerField()
    sources = serializers.DictField(child=serializers.IntegerField(), help_text="lots by source of price")
    oldest_price = serializers.DateField(allow_null=True)
    newest_price = serializers.DateField(allow_null=True)
    odd = OddPrice(many=True, help_text="lots without a price of the session")


class ExplainedLeftOut(Form):
    symbol = serializers.CharField()
    reason = serializers.CharField()


class Explanation(Form):
    metric = serializers.CharField()
    of = serializers.CharField(allow_blank=True, help_text="the part of the portfolio, empty for all of it")
    title = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    unit = serializers.CharField(help_text="usd, fraction, percent, ratio, index or squared fraction")
    engine = serializers.CharField()
    status = serializers.CharField(allow_null=True, help_text="ok, partial or skipped")
    reason = serializers.CharField(allow_null=True)
    method = serializers.CharField(allow_null=True)
    method_version = serializers.CharField(allow_null=True)
    computed_at = serializers.DateTimeField(allow_null=True)
    formula = serializers.CharField()
    source = serializers.CharField(allow_null=True, help_text="literature")  # type: ignore[assignment]
    coverage = serializers.FloatField(allow_null=True)
    window = ExplainedWindow(allow_null=True, help_text="null for a figure of one session alone")
    facts = serializers.DictField(help_text="figures stored with this one, by name")
    inputs = Inputs()
    skipped = ExplainedLeftOut(many=True)


class ExplanationMetadata(Form):
    document = serializers.CharField(help_text="where the measures are described")


class ExplanationResponse(Form):
    available = serializers.BooleanField(help_text="whether there is a value; the rest is told all the same")
    portfolio_id = serializers.UUIDField()
    calculation_date = serializers.DateField(allow_null=True)
    data = Explanation()  # type: ignore[assignment]
    metadata = ExplanationMetadata()
