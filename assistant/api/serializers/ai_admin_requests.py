"""Forms and answers of /admin/ai on the requests to models."""

from __future__ import annotations

from rest_framework import serializers

from sigmasight.core.api.forms import Form, days_back, maybe_number


class MetricsQuery(Form):
    days = days_back(30, 90)


class RequestRange(Form):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()


class Metrics(Form):
    date_range = RequestRange()
    period_days = serializers.IntegerField()
    total_requests = serializers.IntegerField()
    successful_requests = serializers.IntegerField()
    failed_requests = serializers.IntegerField()
    error_rate = serializers.FloatField(help_text="percent")
    tool_usage_rate = serializers.FloatField(help_text="percent of requests with a tool")
    avg_latency_ms = maybe_number()
    avg_input_tokens = maybe_number()
    avg_output_tokens = maybe_number()
    total_input_tokens = serializers.IntegerField()
    total_output_tokens = serializers.IntegerField()
    total_tool_calls = serializers.IntegerField()


class LatencyFigures(Form):
    date_range = RequestRange()
    sample_count = serializers.IntegerField()
    p50_ms = maybe_number()
    p75_ms = maybe_number()
    p90_ms = maybe_number()
    p95_ms = maybe_number()
    p99_ms = maybe_number()
    avg_ms = maybe_number()
    min_ms = maybe_number()
    max_ms = maybe_number()
    avg_first_token_ms = maybe_number()


class TokenDay(Form):
    date = serializers.DateField()
    total_input_tokens = serializers.IntegerField()
    total_output_tokens = serializers.IntegerField()
    total_tokens = serializers.IntegerField()
    request_count = serializers.IntegerField()
    avg_input_tokens = maybe_number()
    avg_output_tokens = maybe_number()


class Tokens(Form):
    date_range = RequestRange()
    total_input_tokens = serializers.IntegerField()
    total_output_tokens = serializers.IntegerField()
    daily = TokenDay(many=True)


class ErrorKind(Form):
    error_type = serializers.CharField()
    count = serializers.IntegerField()
    percentage = serializers.FloatField(help_text="of all errors")
    sample_messages = serializers.ListField(child=serializers.CharField())


class RequestErrors(Form):
    date_range = RequestRange()
    total_errors = serializers.IntegerField()
    error_rate = serializers.FloatField(help_text="percent of all requests")
    breakdown = ErrorKind(many=True)


class ToolUse(Form):
    tool_name = serializers.CharField()
    call_count = serializers.IntegerField()
    percentage = serializers.FloatField()


class ToolFigures(Form):
    date_range = RequestRange()
    total_tool_calls = serializers.IntegerField()
    requests_with_tools = serializers.IntegerField()
    avg_tools_per_request = serializers.FloatField(help_text="over requests that used tools")
    tools = ToolUse(many=True)


class ModelUse(Form):
    model = serializers.CharField()
    request_count = serializers.IntegerField()
    percentage = serializers.FloatField()
    avg_latency_ms = maybe_number()
    avg_tokens = maybe_number()


class ModelFigures(Form):
    date_range = RequestRange()
    models = ModelUse(many=True)
