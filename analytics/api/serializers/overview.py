"""Answers of the overviews of one portfolio and of several."""

from __future__ import annotations

from rest_framework import serializers

from sigmasight.core.api.forms import Form


class Exposures(Form):
    long_exposure = serializers.FloatField(help_text="dollars")
    short_exposure = serializers.FloatField(help_text="dollars, negative or 0")
    gross_exposure = serializers.FloatField()
    net_exposure = serializers.FloatField()
    long_percentage = serializers.FloatField(help_text="percent of net asset value")
    short_percentage = serializers.FloatField(help_text="percent, positive")
    gross_percentage = serializers.FloatField()
    net_percentage = serializers.FloatField()


class Pnl(Form):
    total_pnl = serializers.FloatField(help_text="unrealized and realized, from the entry of each lot")
    unrealized_pnl = serializers.FloatField()
    realized_pnl = serializers.FloatField()
    cumulative_pnl = serializers.FloatField(help_text="since the books began, dividends and fees included")
    ytd_pnl = serializers.FloatField(help_text="since 1 January of the results' year")
    mtd_pnl = serializers.FloatField(help_text="since the first of the results' month")


class PositionCount(Form):
    total_positions = serializers.IntegerField()
    long_count = serializers.IntegerField(help_text="without options")
    short_count = serializers.IntegerField(help_text="without options")
    option_count = serializers.IntegerField()


class TargetReturns(Form):
    expected_return_eoy = serializers.FloatField(allow_null=True, help_text="percent")
    expected_return_next_year = serializers.FloatField(allow_null=True, help_text="percent")
    downside_return = serializers.FloatField(allow_null=True, help_text="percent")
    coverage_pct = serializers.FloatField(allow_null=True)
    positions_with_targets = serializers.IntegerField(allow_null=True)
    total_positions = serializers.IntegerField(allow_null=True)
    last_updated = serializers.DateTimeField(allow_null=True)


class PortfolioOverview(Form):
    portfolio_id = serializers.UUIDField()
    equity_balance = serializers.FloatField(allow_null=True)
    net_asset_value = serializers.FloatField()
    total_value = serializers.FloatField(help_text="the same")
    cash_balance = serializers.FloatField(help_text="negative for a margin debit")
    leverage = serializers.FloatField(help_text="gross exposure / equity")
    exposures = Exposures()
    pnl = Pnl()
    position_count = PositionCount()
    target_returns = TargetReturns(allow_null=True)
    calculation_date = serializers.DateField(allow_null=True, help_text="session of the results")
    last_updated = serializers.DateTimeField()


class AggregatePortfolio(Form):
    id = serializers.UUIDField()
    name = serializers.CharField()
    account_name = serializers.CharField()
    account_type = serializers.CharField()
    value = serializers.FloatField(help_text="net asset value, dollars")
    weight = serializers.FloatField(help_text="fraction of the total; equal if that is 0")
    calculation_date = serializers.DateField(allow_null=True)


class TopHolding(Form):
    symbol = serializers.CharField()
    weight = serializers.FloatField(help_text="fraction of all absolute values")
    value = serializers.FloatField(help_text="absolute dollars")
    net_value = serializers.FloatField(help_text="dollars, shorts negative")


class SectorPart(Form):
    sector = serializers.CharField()
    pct_of_total = serializers.FloatField(help_text="percent of net asset value, shorts with their absolute value")


class RiskSummary(Form):
    portfolio_beta = serializers.FloatField(allow_null=True)
    volatility = serializers.FloatField(
        allow_null=True, help_text="annual fraction, 21 sessions, correlations included"
    )
    sharpe_ratio = serializers.FloatField(allow_null=True)
    max_drawdown = serializers.FloatField(allow_null=True, help_text="fraction, 0 or negative")
    observations = serializers.IntegerField(help_text="sessions behind the last two")


class AggregateOverview(Form):
    net_asset_value = serializers.FloatField()
    total_value = serializers.FloatField(help_text="the same")
    portfolio_count = serializers.IntegerField()
    portfolios = AggregatePortfolio(many=True)
    aggregate_metrics = serializers.DictField(help_text="always empty: see risk_metrics")
    calculation_date = serializers.DateField(allow_null=True)
    cash_balance = serializers.FloatField()
    leverage = serializers.FloatField()
    exposures = Exposures()
    pnl = Pnl()
    position_count = PositionCount()
    total_positions = serializers.IntegerField()
    risk_metrics = RiskSummary()
    top_holdings = TopHolding(many=True)
    sector_allocation = SectorPart(many=True)


class PortfolioShare(AggregatePortfolio):
    weight_pct = serializers.FloatField()
    pct_of_total = serializers.FloatField(help_text="the same")
    contribution_dollars = serializers.FloatField()
    net_asset_value = serializers.FloatField()
    total_value = serializers.FloatField()
    position_count = serializers.IntegerField()
    unrealized_pnl = serializers.FloatField()
    realized_pnl = serializers.FloatField()


class BreakdownSummary(Form):
    total_weight = serializers.FloatField()
    average_value = serializers.FloatField()


class AggregateBreakdown(Form):
    net_asset_value = serializers.FloatField()
    total_value = serializers.FloatField()
    portfolio_count = serializers.IntegerField()
    portfolios = PortfolioShare(many=True)
    summary = BreakdownSummary()
    calculation_date = serializers.DateField(allow_null=True)
