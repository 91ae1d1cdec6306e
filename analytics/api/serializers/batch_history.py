"""Forms and answers of the batch's history, for staff."""

from __future__ import annotations

from rest_framework import serializers

from analytics.services.run_history import LISTED_STATUSES
from sigmasight.core.api.forms import Form


class PeriodQuery(Form):
    days = serializers.IntegerField(default=30, min_value=1, max_value=90, help_text="counted back from now")


class HistoryQuery(PeriodQuery):
    status = serializers.ChoiceField(choices=LISTED_STATUSES, required=False)
    limit = serializers.IntegerField(default=50, min_value=1, max_value=200)


class LogQuery(Form):
    format = serializers.ChoiceField(choices=["json", "txt"], default="json", help_text="json, or text to download")
    count_only = serializers.BooleanField(default=False, help_text="only batch_run_id and log_entry_count")


class RunBase(Form):
    batch_run_id = serializers.CharField()
    triggered_by = serializers.CharField(help_text="an address, or cron, manual, admin, owner")
    started_at = serializers.DateTimeField(allow_null=True)
    completed_at = serializers.DateTimeField(allow_null=True)
    status = serializers.ChoiceField(choices=LISTED_STATUSES)


class ListedRun(RunBase):
    id = serializers.UUIDField()
    total_jobs = serializers.IntegerField(help_text="portfolio-sessions, and one for every shared phase")
    completed_jobs = serializers.IntegerField()
    failed_jobs = serializers.IntegerField()
    duration_seconds = serializers.FloatField(allow_null=True)
    phase_durations = serializers.DictField(child=serializers.FloatField(), help_text="seconds")
    has_errors = serializers.BooleanField()


class BatchHistory(Form):
    success = serializers.BooleanField()
    total_count = serializers.IntegerField(help_text="rows returned")
    days = serializers.IntegerField()
    status_filter = serializers.CharField(allow_null=True)
    runs = ListedRun(many=True, help_text="latest start first")


class StatusBreakdown(Form):
    completed = serializers.IntegerField()
    failed = serializers.IntegerField(help_text="cancelled ones too")
    partial = serializers.IntegerField()  # type: ignore[assignment]
    running = serializers.IntegerField()


class LatestRun(Form):
    batch_run_id = serializers.CharField()
    status = serializers.ChoiceField(choices=LISTED_STATUSES)
    started_at = serializers.DateTimeField(allow_null=True)


class BatchHistorySummary(Form):
    period_days = serializers.IntegerField()
    total_runs = serializers.IntegerField()
    status_breakdown = StatusBreakdown()
    success_rate_percent = serializers.FloatField(help_text="100 without runs")
    avg_duration_seconds = serializers.FloatField(allow_null=True, help_text="of completed runs")
    most_recent = LatestRun(allow_null=True, help_text="of all time")


class RunJobs(Form):
    total = serializers.IntegerField()
    completed = serializers.IntegerField()
    failed = serializers.IntegerField()
    success_rate = serializers.FloatField(help_text="percent; 100 where there was nothing to do")


class ErrorSummary(Form):
    count = serializers.IntegerField()
    types = serializers.ListField(child=serializers.CharField(), help_text="at most 5")
    details = serializers.ListField(child=serializers.CharField(), help_text="the first 10")


class BatchRunDetail(RunBase):
    id = serializers.UUIDField()
    jobs = RunJobs()
    duration_seconds = serializers.FloatField(allow_null=True)
    phase_durations = serializers.DictField(child=serializers.FloatField(), help_text="seconds")
    error_summary = ErrorSummary(allow_null=True)
    created_at = serializers.DateTimeField(allow_null=True)


class LogLine(Form):
    timestamp = serializers.DateTimeField()
    message = serializers.CharField()
    level = serializers.ChoiceField(choices=["info", "warning", "error"])


class BatchRunLog(Form):
    """With count_only only the run and the number of lines."""

    batch_run_id = serializers.CharField()
    log_entry_count = serializers.IntegerField()
    triggered_by = serializers.CharField(required=False, help_text="an address, or cron, manual, admin, owner")
    started_at = serializers.DateTimeField(required=False, allow_null=True)
    completed_at = serializers.DateTimeField(required=False, allow_null=True)
    status = serializers.CharField(required=False)
    total_jobs = serializers.IntegerField(required=False)
    completed_jobs = serializers.IntegerField(required=False)
    failed_jobs = serializers.IntegerField(required=False)
    activity_log = LogLine(many=True, required=False)
