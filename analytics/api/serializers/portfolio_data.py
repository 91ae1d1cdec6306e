"""Queries and answers of /data/portfolio/{id}."""

from __future__ import annotations

from rest_framework import serializers

from portfolios.models import InvestmentClass, PositionType
from sigmasight.core.api.forms import Form


class CompleteQuery(Form):
    include_holdings = serializers.BooleanField(default=True)
    include_position_tags = serializers.BooleanField(default=True)
    include_timeseries = serializers.BooleanField(default=False)
    include_attrib = serializers.BooleanField(default=False)
    as_of_date = serializers.DateField(
        required=False, allow_null=True, help_text="Echoed; the newest computed session is always shown"
    )


class CompleteRequested(Form):
    portfolio_id = serializers.UUIDField()
    include_holdings = serializers.BooleanField()
    include_timeseries = serializers.BooleanField()
    include_attrib = serializers.BooleanField()
    as_of_date = serializers.DateField(allow_null=True)


class CompleteApplied(Form):
    include_holdings = serializers.BooleanField()
    include_timeseries = serializers.BooleanField()
    include_attrib = serializers.BooleanField()
    as_of_date = serializers.DateTimeField(help_text="Close of the session whose values are shown")


class CompleteLimits(Form):
    max_positions = serializers.IntegerField()
    max_days = serializers.IntegerField(help_text="Sessions of the time series")
    max_symbols = serializers.IntegerField(allow_null=True, help_text="Of each list of the attribution")


class CompleteMeta(Form):
    as_of = serializers.DateTimeField(help_text="Time of the request")
    requested = CompleteRequested()
    applied = CompleteApplied()
    limits = CompleteLimits()
    rows_returned = serializers.IntegerField()
    truncated = serializers.BooleanField()
    schema_version = serializers.CharField()


class CompletePortfolio(Form):
    id = serializers.UUIDField()
    name = serializers.CharField()
    net_asset_value = serializers.FloatField()
    total_value = serializers.FloatField(help_text="The same as net_asset_value")
    equity_balance = serializers.FloatField()
    position_count = serializers.IntegerField(help_text="Open lots")
    as_of = serializers.DateTimeField()


class CompletePositionsSummary(Form):
    long_count = serializers.IntegerField(help_text="LONG lots")
    short_count = serializers.IntegerField(help_text="SHORT lots")
    option_count = serializers.IntegerField(help_text="LC, LP, SC and SP lots")
    total_market_value = serializers.FloatField()


class CompleteTagChip(Form):
    id = serializers.UUIDField()
    name = serializers.CharField()
    color = serializers.CharField()


class CompleteHolding(Form):
    id = serializers.UUIDField()
    symbol = serializers.CharField()
    quantity = serializers.FloatField()
    position_type = serializers.ChoiceField(PositionType.choices)
    investment_class = serializers.ChoiceField(InvestmentClass.choices)
    market_value = serializers.FloatField(help_text="USD, negative for shorts")
    last_price = serializers.FloatField()
    current_price = serializers.FloatField(help_text="The same as last_price")
    has_complete_history = serializers.BooleanField(help_text="A usable price at each of the last 150 sessions")
    tags = CompleteTagChip(many=True, required=False)


class TimeSeries(Form):
    dates = serializers.ListField(child=serializers.DateField())
    values = serializers.ListField(child=serializers.FloatField())
    note = serializers.CharField()


class ContributionRow(Form):
    symbol = serializers.CharField()
    pnl = serializers.FloatField(help_text="USD")


class Attribution(Form):
    contributors = ContributionRow(many=True)
    detractors = ContributionRow(many=True)
    note = serializers.CharField()


class CompleteDataQuality(Form):
    complete_data_positions = serializers.IntegerField()
    partial_data_positions = serializers.IntegerField()
    as_of = serializers.DateTimeField()


class PortfolioComplete(Form):
    meta = CompleteMeta()
    portfolio = CompletePortfolio()
    positions_summary = CompletePositionsSummary()
    holdings = CompleteHolding(many=True, required=False)
    timeseries = TimeSeries(required=False)
    attribution = Attribution(required=False)
    data_quality = CompleteDataQuality()


class DataSnapshot(Form):
    portfolio_id = serializers.UUIDField()
    snapshot_date = serializers.DateField(allow_null=True)
    target_price_return_eoy = serializers.FloatField(allow_null=True, help_text="Percent")
    target_price_return_next_year = serializers.FloatField(allow_null=True, help_text="Percent")
    target_price_coverage_pct = serializers.FloatField(allow_null=True, help_text="Percent of lots with a target")
    target_price_positions_count = serializers.IntegerField()
    target_price_total_positions = serializers.IntegerField()
    target_price_last_updated = serializers.DateTimeField(allow_null=True)
    beta_calculated_90d = serializers.FloatField(allow_null=True)
    beta_provider_1y = serializers.FloatField(allow_null=True)
    daily_pnl = serializers.FloatField(allow_null=True, help_text="USD")
    daily_return = serializers.FloatField(allow_null=True, help_text="Fraction")


class DataQualityQuery(Form):
    check_factors = serializers.BooleanField(default=True, help_text="Adds factor_etf_coverage")
    check_correlations = serializers.BooleanField(default=True, help_text="Correlations are always judged")


class DataQualitySummary(Form):
    total_positions = serializers.IntegerField()
    complete_data = serializers.IntegerField()
    partial_data = serializers.IntegerField()
    insufficient_data = serializers.IntegerField()
    data_coverage_percent = serializers.FloatField(help_text="Percent of the lots that are complete")


class PartialHistory(Form):
    symbol = serializers.CharField()
    days_available = serializers.IntegerField()
    days_missing = serializers.IntegerField()


class InsufficientData(Form):
    symbol = serializers.CharField()
    days_available = serializers.IntegerField()
    reason = serializers.ChoiceField(("recent_listing", "incomplete_data"))


class PositionDataQuality(Form):
    complete_history = serializers.ListField(child=serializers.CharField(), help_text="One entry a lot")
    partial_history = PartialHistory(many=True)
    insufficient_data = InsufficientData(many=True)


class OverlapFeasibility(Form):
    feasible = serializers.BooleanField()
    positions_eligible = serializers.IntegerField()
    positions_excluded = serializers.IntegerField()
    min_days_overlap = serializers.IntegerField()


class DaysFeasibility(Form):
    feasible = serializers.BooleanField()
    positions_eligible = serializers.IntegerField()
    positions_excluded = serializers.IntegerField()
    min_days_required = serializers.IntegerField()


class CalculationFeasibility(Form):
    correlation_matrix = OverlapFeasibility()
    factor_regression = DaysFeasibility()
    volatility_analysis = DaysFeasibility()


class FactorEtfCoverage(Form):
    complete = serializers.ListField(child=serializers.CharField())
    partial = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]
    missing = serializers.ListField(child=serializers.CharField())


class PortfolioDataQuality(Form):
    portfolio_id = serializers.UUIDField()
    assessment_date = serializers.DateField()
    summary = DataQualitySummary()
    position_data_quality = PositionDataQuality()
    calculation_feasibility = CalculationFeasibility()
    factor_etf_coverage = FactorEtfCoverage(required=False)
    last_update = serializers.DateTimeField()
