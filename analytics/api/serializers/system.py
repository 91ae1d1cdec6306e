"""Forms and answers of the system routes: figures by day, retention, the state of both."""

from __future__ import annotations

import datetime as dt

from rest_framework import serializers

from analytics.services.daily_metrics import oldest_countable, yesterday
from sigmasight.core.api.forms import Form

INSTANT = serializers.DateTimeField


class CoverageQuery(Form):
    days = serializers.IntegerField(default=7, min_value=1, max_value=30, help_text="whole days, New York")


class MetricsQuery(Form):
    days = serializers.IntegerField(default=7, min_value=1, max_value=90, help_text="days before today, New York")
    metric_type = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=100,
        help_text="beginning of the name: user_activity, ai_requests, batch",
    )


class AggregateQuery(Form):
    target_date = serializers.DateField(required=False, help_text="a whole day, New York; default yesterday")
    days = serializers.IntegerField(
        default=1,
        min_value=1,
        max_value=7,
        help_text="so many days up to the target; those past retention are left out",
    )

    def validate_target_date(self, value: dt.date) -> dt.date:
        first, last = oldest_countable(), yesterday()
        if not first <= value <= last:
            raise serializers.ValidationError(
                f"Name a day from {first} to {last}: older events are deleted, today is not over."
            )
        return value


class ChoresQuery(Form):
    aggregate_days = serializers.IntegerField(default=1, min_value=1, max_value=7, help_text="whole days, New York")
    run_cleanup = serializers.BooleanField(default=True, help_text="also delete old rows")


class DatabaseState(Form):
    connected = serializers.BooleanField()
    tables = serializers.DictField(child=serializers.IntegerField(), help_text="rows by table")


class ActivityState(Form):
    events_24h = serializers.IntegerField(required=False)
    ai_requests_24h = serializers.IntegerField(required=False)
    batch_runs_24h = serializers.IntegerField(required=False)


class RetentionSummary(Form):
    retention_days = serializers.IntegerField(required=False)
    all_compliant = serializers.BooleanField(required=False)
    tables = serializers.DictField(child=serializers.BooleanField(), required=False, help_text="compliant, by table")


class AdminHealth(Form):
    status = serializers.ChoiceField(
        ["healthy", "degraded", "needs_cleanup", "unhealthy"],
        help_text="needs_cleanup: rows kept a day too long; degraded: days without figures",
    )
    timestamp = INSTANT()
    database = DatabaseState()
    activity = ActivityState()
    retention = RetentionSummary()
    error = serializers.CharField(required=False, help_text="only when unhealthy: the tables cannot be read")


class AggregationStatus(Form):
    total_metrics = serializers.IntegerField(help_text="figures of these days")
    days_checked = serializers.IntegerField()
    aggregated_dates = serializers.ListField(child=serializers.DateField())
    missing_dates = serializers.ListField(child=serializers.DateField())
    coverage_percent = serializers.FloatField()


class TableRetention(Form):
    """Of every table but the sessions the first five, of the sessions the other three and `compliant`."""

    oldest_record = INSTANT(allow_null=True, required=False)
    records_past_retention = serializers.IntegerField(required=False, help_text="what a cleanup would delete now")
    total_records = serializers.IntegerField(required=False)
    retention_days = serializers.IntegerField(required=False)
    compliant = serializers.BooleanField(help_text="nothing is kept a day too long")
    expired_sessions = serializers.IntegerField(required=False, help_text="past their retention")
    total_sessions = serializers.IntegerField(required=False)
    session_retention_days = serializers.IntegerField(required=False)


class RetentionStatus(Form):
    retention_days = serializers.IntegerField()
    cutoff_date = serializers.DateField()
    tables = serializers.DictField(child=TableRetention())
    all_compliant = serializers.BooleanField()


class CleanupCounts(Form):
    user_activity_events = serializers.IntegerField()
    ai_request_metrics = serializers.IntegerField()
    batch_run_history = serializers.IntegerField()
    admin_sessions = serializers.IntegerField()
    provider_requests = serializers.IntegerField()
    idempotency_records = serializers.IntegerField()
    revoked_tokens = serializers.IntegerField()


class CleanupResponse(Form):
    success = serializers.BooleanField()
    triggered_by = serializers.CharField()
    timestamp = INSTANT()
    deleted = CleanupCounts()
    total_deleted = serializers.IntegerField()


class CategoryCount(Form):
    metrics = serializers.IntegerField()
    saved = serializers.IntegerField()


class AggregationResult(Form):
    date = serializers.DateField()
    metrics_saved = serializers.IntegerField()
    categories = serializers.DictField(child=CategoryCount(), help_text="user_activity, ai_requests, batch")


class AggregateResponse(Form):
    success = serializers.BooleanField(help_text="false: some category could not be counted")
    triggered_by = serializers.CharField()
    timestamp = INSTANT()
    aggregations = AggregationResult(many=True)
    total_metrics_saved = serializers.IntegerField()


class AdminMetricsRun(Form):
    started_at = INSTANT()
    completed_at = INSTANT()
    success = serializers.BooleanField()
    aggregation = AggregationResult(many=True)
    cleanup = CleanupCounts(allow_null=True)
    errors = serializers.ListField(child=serializers.CharField())  # type: ignore[assignment]
    duration_seconds = serializers.FloatField()


class ChoresResponse(Form):
    success = serializers.BooleanField()
    triggered_by = serializers.CharField()
    result = AdminMetricsRun()


class DailyMetrics(Form):
    days = serializers.IntegerField()
    metric_type_filter = serializers.CharField(allow_null=True)
    dates_count = serializers.IntegerField()
    metrics_count = serializers.IntegerField()
    data = serializers.DictField(  # type: ignore[assignment]
        child=serializers.DictField(child=serializers.FloatField()),
        help_text="by date, newest first: category.name, or category.name:dimension, and its value",
    )
