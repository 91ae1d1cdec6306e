"""Queries and answers of /equity-search."""

from __future__ import annotations

from rest_framework import serializers

from analytics.services.equity_search import PERIODS
from sigmasight.core.api.forms import Form

MOST_ROWS = 200


class EquitySearchQuery(Form):
    query = serializers.CharField(
        required=False, allow_null=True, min_length=1, max_length=100, help_text="Part of the symbol or company name"
    )
    sectors = serializers.CharField(required=False, allow_null=True, help_text="Comma-separated, exact")
    industries = serializers.CharField(required=False, allow_null=True, help_text="Comma-separated, exact")
    min_market_cap = serializers.FloatField(required=False, allow_null=True, min_value=0)
    max_market_cap = serializers.FloatField(required=False, allow_null=True, min_value=0)
    min_pe_ratio = serializers.FloatField(required=False, allow_null=True)
    max_pe_ratio = serializers.FloatField(required=False, allow_null=True)
    period = serializers.ChoiceField(PERIODS, default="ttm")
    sort_by = serializers.CharField(default="market_cap", help_text="A column of the answer")
    sort_order = serializers.ChoiceField(("asc", "desc"), default="desc")
    limit = serializers.IntegerField(default=50, min_value=1, max_value=MOST_ROWS)
    offset = serializers.IntegerField(default=0, min_value=0, max_value=10**9)


class EquityItem(Form):
    symbol = serializers.CharField()
    company_name = serializers.CharField(allow_null=True)
    sector = serializers.CharField(allow_null=True)
    industry = serializers.CharField(allow_null=True)
    market_cap = serializers.FloatField(allow_null=True, help_text="USD")
    enterprise_value = serializers.FloatField(
        allow_null=True, help_text="USD: market cap plus debt less cash of the newest balance sheet"
    )
    ps_ratio = serializers.FloatField(allow_null=True)
    pe_ratio = serializers.FloatField(allow_null=True)
    revenue = serializers.FloatField(allow_null=True, help_text="USD, of the chosen period")
    ebit = serializers.FloatField(allow_null=True, help_text="USD")
    fcf = serializers.FloatField(allow_null=True, help_text="USD")
    period_label = serializers.CharField(help_text="TTM, FY2024, FY2026E or Q3 2024")
    factor_value = serializers.FloatField(allow_null=True, help_text="Ridge factor beta, as all of them")
    factor_growth = serializers.FloatField(allow_null=True)
    factor_momentum = serializers.FloatField(allow_null=True)
    factor_quality = serializers.FloatField(allow_null=True)
    factor_size = serializers.FloatField(allow_null=True)
    factor_low_vol = serializers.FloatField(allow_null=True)


class EquitySearch(Form):
    items = EquityItem(many=True)
    total_count = serializers.IntegerField(help_text="Matches before paging")
    filters_applied = serializers.DictField(child=serializers.JSONField(), help_text="Only the filters given")
    period = serializers.CharField()
    sort_by = serializers.CharField()
    sort_order = serializers.CharField()
    metrics_date = serializers.DateField(allow_null=True)


class MarketCapRange(Form):
    label = serializers.CharField()  # type: ignore[assignment]
    min_value = serializers.FloatField(allow_null=True, help_text="USD, inclusive")
    max_value = serializers.FloatField(allow_null=True, help_text="USD, inclusive")


class EquityFilters(Form):
    sectors = serializers.ListField(child=serializers.CharField())
    industries = serializers.ListField(child=serializers.CharField())
    market_cap_ranges = MarketCapRange(many=True)
