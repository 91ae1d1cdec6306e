"""What answers say about results that are missing or old."""

from __future__ import annotations

from rest_framework import serializers

from sigmasight.core.api.forms import Form

FLAGS = (
    "NO_CORRELATION_CALCULATION", "INSUFFICIENT_DATA", "INSUFFICIENT_SYMBOLS", "NO_ACTIVE_FACTORS", "NO_FACTOR_CALCULATIONS",
    "NO_POSITIONS", "NO_STRESS_TEST_RESULTS", "NO_SNAPSHOT", "ZERO_BASELINE", "NO_MATCHING_RESULTS",
)  # fmt: skip


class DataQuality(Form):
    """Why a calculation is missing."""

    flag = serializers.ChoiceField(FLAGS)
    message = serializers.CharField(help_text="for people")
    positions_analyzed = serializers.IntegerField()
    positions_total = serializers.IntegerField()
    positions_skipped = serializers.IntegerField(help_text="total minus analysed")
    data_days = serializers.IntegerField(help_text="sessions of the window asked for, 0 without one")


class _Reason(Form):
    """The same where results may be there."""

    flag = serializers.ChoiceField(FLAGS, required=False)
    message = serializers.CharField(required=False, help_text="for people")
    positions_analyzed = serializers.IntegerField(required=False)
    positions_total = serializers.IntegerField(required=False)
    positions_skipped = serializers.IntegerField(required=False, help_text="total minus analysed")
    data_days = serializers.IntegerField(required=False, help_text="sessions of the window asked for, 0 without one")


class SnapshotStaleness(_Reason):
    """How old the published results are; or, without results, why there are none."""

    snapshot_date = serializers.DateField(allow_null=True, required=False)
    age_hours = serializers.IntegerField(allow_null=True, required=False, help_text="whole days times 24")
    is_stale = serializers.BooleanField(required=False, help_text="older than 72 hours")
    is_current = serializers.BooleanField(required=False, help_text="of today, or at a weekend at most two days old")
    should_recalculate = serializers.BooleanField(required=False, help_text="false, where there is no snapshot at all")


class CalculationStaleness(_Reason):
    """How old the published results are; or, without results, why there are none."""

    calculation_date = serializers.DateField(required=False)
    age_hours = serializers.IntegerField(required=False, help_text="whole days times 24")
    is_stale = serializers.BooleanField(required=False, help_text="older than 72 hours")
    is_current = serializers.BooleanField(required=False, help_text="of today, or at a weekend at most two days old")
    should_recalculate = serializers.BooleanField(required=False, help_text="stale, and today is a weekday")


class UnavailableMetadata(Form):
    reason = serializers.CharField(required=False)


class AggregateAnswer(Form):
    """With `available` false only `message` and what explains it."""

    available = serializers.BooleanField()
    message = serializers.CharField(required=False, help_text="only where nothing is available")
    portfolios = serializers.ListField(child=serializers.JSONField(), required=False)
    symbols_found = serializers.IntegerField(required=False)
    portfolio_count = serializers.IntegerField(required=False)
    metadata = UnavailableMetadata(required=False)
