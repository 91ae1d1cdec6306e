"""Queries and answers of /data/positions."""

from __future__ import annotations

from rest_framework import serializers

from portfolios.models import InvestmentClass, PositionType
from sigmasight.core.api.forms import Form
from tagging.api.serializers.links import TagSummary

MOST_TOP = 50


class PositionDetailsQuery(Form):
    portfolio_id = serializers.UUIDField(required=False, allow_null=True, help_text="Wins when both are given")
    position_ids = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, help_text="Comma-separated UUIDs"
    )
    include_closed = serializers.BooleanField(default=False, help_text="Adds lots whose exit date has come")


class PositionDetail(Form):
    id = serializers.UUIDField()
    portfolio_id = serializers.UUIDField()
    account_name = serializers.CharField()
    symbol = serializers.CharField()
    company_name = serializers.CharField(allow_null=True, help_text="Of options, the underlying's")
    sector = serializers.CharField(allow_null=True)
    industry = serializers.CharField(allow_null=True)
    position_type = serializers.ChoiceField(PositionType.choices)
    investment_class = serializers.ChoiceField(InvestmentClass.choices)
    investment_subtype = serializers.CharField(allow_null=True)
    quantity = serializers.FloatField(help_text="Shares or contracts, negative for shorts")
    entry_date = serializers.DateField()
    entry_price = serializers.FloatField(help_text="USD per share")
    avg_cost = serializers.FloatField(help_text="The same as entry_price")
    cost_basis = serializers.FloatField(
        help_text="USD: quantity x entry price x contract multiplier, negative for shorts"
    )
    current_price = serializers.FloatField(help_text="USD per share, at the portfolio's newest computed session")
    price_date = serializers.DateField(help_text="The day the price is from")
    price_source = serializers.CharField(help_text="provider, file, model, seed, simulated, valuation or entry")
    price_quality = serializers.CharField(help_text="fresh, stale, frozen, valuation or entry")
    market_value = serializers.FloatField(help_text="USD: quantity x price x contract multiplier, negative for shorts")
    unrealized_pnl = serializers.FloatField(help_text="USD")
    unrealized_pnl_percent = serializers.FloatField(help_text="Percent of the cost without its sign; 0 without cost")
    realized_pnl = serializers.FloatField(help_text="USD")
    exit_date = serializers.DateField(allow_null=True)
    exit_price = serializers.FloatField(allow_null=True)
    strike_price = serializers.FloatField(allow_null=True)
    expiration_date = serializers.DateField(allow_null=True)
    underlying_symbol = serializers.CharField(allow_null=True)
    beta = serializers.FloatField(allow_null=True, help_text="The provider's; null for options")
    market_cap = serializers.FloatField(allow_null=True, help_text="USD")
    notes = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    deleted_at = serializers.DateTimeField(allow_null=True, help_text="Always null: deleted lots are not listed")
    tags = TagSummary(many=True)


class LotsSummary(Form):
    total_positions = serializers.IntegerField()
    total_cost_basis = serializers.FloatField(help_text="Sum of |cost_basis|")
    total_market_value = serializers.FloatField()
    total_unrealized_pnl = serializers.FloatField()


class PositionDetails(Form):
    positions = PositionDetail(many=True)
    summary = LotsSummary()


class TopPositionsQuery(Form):
    limit = serializers.IntegerField(default=20, min_value=1, max_value=MOST_TOP)
    sort_by = serializers.ChoiceField(("market_value", "weight"), default="market_value")
    as_of_date = serializers.CharField(
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="Day or instant; not before 180 days ago, unreadable text is ignored",
    )


class TopPosition(Form):
    position_id = serializers.UUIDField()
    symbol = serializers.CharField()
    name = serializers.CharField()
    position_type = serializers.ChoiceField(PositionType.choices)
    qty = serializers.FloatField()
    value = serializers.FloatField(help_text="|market value|, USD")
    market_value = serializers.FloatField(help_text="USD, negative for shorts")
    weight = serializers.FloatField(help_text="Percent of gross value")
    sector = serializers.CharField(allow_null=True)


class TopRequested(Form):
    portfolio_id = serializers.UUIDField()
    limit = serializers.IntegerField()
    sort_by = serializers.CharField()
    as_of_date = serializers.CharField(allow_null=True)


class TopApplied(Form):
    limit = serializers.IntegerField(help_text="Rows returned")
    sort_by = serializers.CharField()
    as_of_date = serializers.DateTimeField(help_text="Close of the session whose values are shown")


class TopLimits(Form):
    max_limit = serializers.IntegerField()
    max_lookback_days = serializers.IntegerField()


class TopMeta(Form):
    as_of = serializers.DateTimeField()
    requested = TopRequested()
    applied = TopApplied()
    limits = TopLimits()
    rows_returned = serializers.IntegerField()
    truncated = serializers.BooleanField(help_text="There are more lots")
    schema_version = serializers.CharField()


class TopPositions(Form):
    meta = TopMeta()
    data = TopPosition(many=True)  # type: ignore[assignment]
    coverage_percent = serializers.FloatField(help_text="Share of gross value in the rows, percent")
    total_positions = serializers.IntegerField()
