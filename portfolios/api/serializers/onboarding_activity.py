"""Questions and answers of /admin/onboarding."""

from __future__ import annotations

from rest_framework import serializers

from sigmasight.core.api.forms import Form


class WindowQuery(Form):
    days = serializers.IntegerField(default=30, min_value=1, max_value=90, help_text="counted back from now")


class EventsQuery(Form):
    limit = serializers.IntegerField(default=50, min_value=1, max_value=200)
    event_type = serializers.CharField(required=False, allow_blank=True, max_length=100)
    error_only = serializers.BooleanField(default=False)


class DateRange(Form):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()


class FunnelStep(Form):
    step = serializers.CharField()
    event_type = serializers.CharField()
    count = serializers.IntegerField()
    conversion_rate = serializers.FloatField(help_text="percent of the first step")


class FunnelStage(Form):
    step = serializers.CharField()
    count = serializers.IntegerField()
    conversion_rate = serializers.FloatField(allow_null=True, help_text="percent of the step before")
    drop_off_rate = serializers.FloatField(allow_null=True, help_text="percent of the step before that is lost")


class OnboardingFunnel(Form):
    date_range = DateRange()
    period_days = serializers.IntegerField()
    total_register_starts = serializers.IntegerField()
    total_portfolio_completes = serializers.IntegerField()
    total_started = serializers.IntegerField(help_text="the same as total_register_starts")
    total_completed = serializers.IntegerField(help_text="the same as total_portfolio_completes")
    overall_conversion_rate = serializers.FloatField(help_text="percent")
    steps = FunnelStep(many=True)
    funnel_steps = FunnelStage(many=True)


class OnboardingErrorCount(Form):
    error_code = serializers.CharField()
    event_type = serializers.CharField()
    count = serializers.IntegerField()
    percentage = serializers.FloatField(help_text="of all errors")
    sample_messages = serializers.ListField(child=serializers.CharField())


class OnboardingErrors(Form):
    date_range = DateRange()
    total_errors = serializers.IntegerField()
    breakdown = OnboardingErrorCount(many=True)


class DailyCounts(Form):
    date = serializers.DateField()
    register_starts = serializers.IntegerField()
    register_completes = serializers.IntegerField()
    login_successes = serializers.IntegerField()
    login_errors = serializers.IntegerField()
    portfolio_starts = serializers.IntegerField()
    portfolio_completes = serializers.IntegerField()


class DailyTrend(Form):
    date = serializers.DateField()
    events = serializers.DictField(child=serializers.IntegerField(), help_text="number by kind of event")


class OnboardingDaily(Form):
    date_range = DateRange()
    period_days = serializers.IntegerField()
    metrics = DailyCounts(many=True)
    trends = DailyTrend(many=True)


class ActivityEvent(Form):
    id = serializers.UUIDField()
    user_id = serializers.UUIDField(allow_null=True)
    session_id = serializers.CharField(allow_null=True)
    event_type = serializers.CharField()
    event_category = serializers.CharField()
    event_data = serializers.DictField()
    error_code = serializers.CharField(allow_null=True)
    error_message = serializers.CharField(allow_null=True)
    ip_address = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()


class ActivityEvents(Form):
    total = serializers.IntegerField(help_text="events listed")
    total_count = serializers.IntegerField(help_text="the same as total")
    events = ActivityEvent(many=True)
