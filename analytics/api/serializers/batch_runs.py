"""Forms and answers of starting and watching the batch, for staff."""

from __future__ import annotations

from rest_framework import serializers

from sigmasight.core.api.forms import Form


class PortfolioQuery(Form):
    portfolio_id = serializers.UUIDField(required=False, help_text="only this portfolio; all when left out")


class BatchRunQuery(PortfolioQuery):
    force = serializers.BooleanField(default=False, help_text="cancel active runs that are in the way")
    force_rerun = serializers.BooleanField(default=False, help_text="compute again from start_date on")
    start_date = serializers.DateField(required=False, help_text="only with force_rerun")
    end_date = serializers.DateField(
        required=False, help_text="only with force_rerun; not before the published session, default the latest"
    )


class BatchStarted(Form):
    status = serializers.ChoiceField(choices=["started"])
    batch_run_id = serializers.CharField()
    portfolio_id = serializers.CharField(help_text='UUID or "all"')
    triggered_by = serializers.CharField()
    timestamp = serializers.DateTimeField()
    poll_url = serializers.CharField()


class BatchIdle(Form):
    status = serializers.ChoiceField(choices=["idle"])
    batch_run_id = serializers.CharField(allow_null=True)
    message = serializers.CharField()


class JobCounts(Form):
    total = serializers.IntegerField(help_text="portfolio-sessions, and one for every shared phase")
    completed = serializers.IntegerField()
    failed = serializers.IntegerField()
    pending = serializers.IntegerField()


class BatchRunning(Form):
    status = serializers.ChoiceField(choices=["running"])
    batch_run_id = serializers.CharField()
    started_at = serializers.DateTimeField()
    elapsed_seconds = serializers.FloatField(help_text="one decimal")
    triggered_by = serializers.CharField(help_text="an address, or cron, manual, admin, owner")
    jobs = JobCounts()
    current_job = serializers.CharField(allow_null=True)
    current_portfolio = serializers.CharField(allow_null=True)
    progress_percent = serializers.FloatField(help_text="one decimal; 0 while the total is 0")
