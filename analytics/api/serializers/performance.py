"""Answers of performance. Returns are fractions, P&L dollars."""

from __future__ import annotations

from rest_framework import serializers

from sigmasight.core.api.forms import Form

SHORTEST, LONGEST = 20, 504


class PerformanceQuery(Form):
    sessions = serializers.IntegerField(
        min_value=SHORTEST, max_value=LONGEST, default=252, help_text="length of the window"
    )


class Day(Form):
    date = serializers.DateField()
    daily_return = serializers.FloatField()


class Fall(Form):
    depth = serializers.FloatField(help_text="0 or negative")
    peak = serializers.DateField()
    trough = serializers.DateField()
    recovered = serializers.DateField(allow_null=True)


class Benchmark(Form):
    symbol = serializers.CharField()
    total_return = serializers.FloatField(allow_null=True)
    beta = serializers.FloatField(allow_null=True)
    alpha = serializers.FloatField(allow_null=True, help_text="a year")
    correlation = serializers.FloatField(allow_null=True)
    tracking_error = serializers.FloatField(allow_null=True, help_text="a year")
    information_ratio = serializers.FloatField(allow_null=True)
    up_capture = serializers.FloatField(allow_null=True)
    down_capture = serializers.FloatField(allow_null=True)


class Period(Form):
    name = serializers.CharField(help_text="1d, 5d, 21d, 63d, 252d, mtd, ytd, since_start")
    since = serializers.DateField(help_text="the session after whose close it begins")
    pnl = serializers.FloatField()
    twr = serializers.FloatField(allow_null=True)
    benchmark = serializers.FloatField(allow_null=True)


class Earned(Form):
    symbol = serializers.CharField()
    sector = serializers.CharField(allow_blank=True)
    pnl = serializers.FloatField()


class SectorEffect(Form):
    sector = serializers.CharField(help_text="the benchmark's name; ETFs, Unclassified and Cash beside them")
    weight = serializers.FloatField(help_text="mean of the window, shorts negative")
    benchmark_weight = serializers.FloatField(allow_null=True)
    allocation = serializers.FloatField(help_text="by holding more or less of the sector")
    selection = serializers.FloatField(help_text="by what was held in it, interaction included")
    total = serializers.FloatField()


class SectorAttribution(Form):
    first = serializers.DateField(allow_null=True, help_text="the session after whose close it begins")
    last = serializers.DateField(allow_null=True)
    portfolio_return = serializers.FloatField(allow_null=True)
    benchmark_return = serializers.FloatField(
        allow_null=True, help_text="of the sector funds at the benchmark's weights"
    )
    weights_since = serializers.DateField(
        allow_null=True, help_text="the first set of the benchmark's weights in use; sessions before it take it too"
    )
    weights_as_of = serializers.DateField(allow_null=True)
    sectors = SectorEffect(many=True)
    reason = serializers.CharField(allow_null=True, help_text="why there is none")


class Value(Form):
    date = serializers.DateField()
    net_asset_value = serializers.FloatField()
    drawdown = serializers.FloatField(allow_null=True, help_text="from the highest point of the window, 0 or negative")


class Performance(Form):
    first = serializers.DateField(help_text="the session after whose close the window begins")
    last = serializers.DateField()
    sessions = serializers.IntegerField()
    pnl = serializers.FloatField()
    flows = serializers.FloatField(help_text="paid in less paid out")
    twr = serializers.FloatField(allow_null=True, help_text="time-weighted")
    mwr = serializers.FloatField(allow_null=True, help_text="money-weighted")
    annual_return = serializers.FloatField(allow_null=True, help_text="from a year of sessions on")
    volatility = serializers.FloatField(allow_null=True, help_text="a year")
    sharpe = serializers.FloatField(allow_null=True)
    sortino = serializers.FloatField(allow_null=True)
    days_up = serializers.FloatField(allow_null=True)
    best = Day(allow_null=True)
    worst = Day(allow_null=True)
    fall = Fall(allow_null=True)
    benchmark = Benchmark()
    periods = Period(many=True)
    attribution = Earned(many=True)
    sector_attribution = SectorAttribution()
    values = Value(many=True)
    reason = serializers.CharField(
        allow_null=True,
        help_text="why figures are null: invalid_equity (a session began without equity), insufficient_data",
    )


class PerformanceMetadata(Form):
    error = serializers.CharField(required=False)


class PerformanceResponse(Form):
    available = serializers.BooleanField()
    portfolio_id = serializers.UUIDField()
    calculation_date = serializers.DateField(allow_null=True)
    data = Performance(allow_null=True)  # type: ignore[assignment]
    metadata = PerformanceMetadata()
