"""Forms and answers of /admin/ai."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from assistant.models import AnnotationSeverity, AnnotationStatus, AnnotationType, Rating

Form = serializers.Serializer[Any]


def _days(default: int, most: int) -> serializers.IntegerField:
    return serializers.IntegerField(default=default, min_value=1, max_value=most, help_text="days to look back")


def _number() -> serializers.FloatField:
    return serializers.FloatField(allow_null=True)


class PageQuery(Form):
    limit = serializers.IntegerField(default=50, min_value=1, max_value=200, help_text="page size")
    offset = serializers.IntegerField(default=0, min_value=0, max_value=1_000_000, help_text="rows to skip")


class Page(Form):
    total = serializers.IntegerField(help_text="matches before paging")
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()


# -- knowledge


class DocumentsQuery(PageQuery):
    scope = serializers.CharField(required=False, max_length=100, help_text="exact scope, e.g. global")
    search = serializers.CharField(required=False, max_length=200, help_text="part of title or text")


class Document(Form):
    id = serializers.UUIDField()
    scope = serializers.CharField()
    title = serializers.CharField()
    content = serializers.CharField()
    metadata = serializers.DictField()
    has_embedding = serializers.BooleanField()
    created_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.DateTimeField(allow_null=True)


class DocumentRow(Document):
    content_length = serializers.IntegerField(help_text="of the whole text")


class Documents(Page):
    documents = DocumentRow(many=True)


class DocumentStats(Form):
    total_documents = serializers.IntegerField()
    by_scope = serializers.DictField(child=serializers.IntegerField())
    generated_at = serializers.DateTimeField()


class MemoriesQuery(PageQuery):
    scope = serializers.CharField(required=False, max_length=20, help_text="user, portfolio or global")
    user_id = serializers.UUIDField(required=False, help_text="one person")
    search = serializers.CharField(required=False, max_length=200, help_text="part of the text")


class MemoryRow(Form):
    id = serializers.UUIDField()
    user_id = serializers.UUIDField(allow_null=True)
    tenant_id = serializers.UUIDField(allow_null=True, help_text="always null")
    scope = serializers.CharField()
    content = serializers.CharField()
    tags = serializers.DictField()
    created_at = serializers.DateTimeField(allow_null=True)


class Memories(Page):
    memories = MemoryRow(many=True)


class MemoryStats(Form):
    total_memories = serializers.IntegerField()
    by_scope = serializers.DictField(child=serializers.IntegerField())
    unique_users_with_memories = serializers.IntegerField()
    generated_at = serializers.DateTimeField()


class VerdictsQuery(PageQuery):
    rating = serializers.ChoiceField(choices=Rating.values, required=False, help_text="only these")
    days = _days(30, 365)
    with_context = serializers.BooleanField(default=False, help_text="with answer and person")


class VerdictRow(Form):
    id = serializers.UUIDField()
    message_id = serializers.UUIDField()
    rating = serializers.CharField()
    edited_text = serializers.CharField(allow_null=True)
    comment = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField(allow_null=True)
    original_message = serializers.CharField(required=False, allow_null=True)
    conversation_id = serializers.UUIDField(required=False)
    user_id = serializers.UUIDField(required=False)


class VerdictList(Page):
    period_days = serializers.IntegerField()
    feedback = VerdictRow(many=True)


class DaysQuery(Form):
    days = _days(30, 365)


class VerdictStats(Form):
    period_days = serializers.IntegerField()
    total_feedback = serializers.IntegerField()
    positive = serializers.IntegerField()
    negative = serializers.IntegerField()
    positive_ratio = serializers.FloatField(help_text="0 to 1; 0 without any")
    with_edits = serializers.IntegerField()
    with_comments = serializers.IntegerField()
    generated_at = serializers.DateTimeField()


# -- requests


class MetricsQuery(Form):
    days = _days(30, 90)


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
    avg_latency_ms = _number()
    avg_input_tokens = _number()
    avg_output_tokens = _number()
    total_input_tokens = serializers.IntegerField()
    total_output_tokens = serializers.IntegerField()
    total_tool_calls = serializers.IntegerField()


class LatencyFigures(Form):
    date_range = RequestRange()
    sample_count = serializers.IntegerField()
    p50_ms = _number()
    p75_ms = _number()
    p90_ms = _number()
    p95_ms = _number()
    p99_ms = _number()
    avg_ms = _number()
    min_ms = _number()
    max_ms = _number()
    avg_first_token_ms = _number()


class TokenDay(Form):
    date = serializers.DateField()
    total_input_tokens = serializers.IntegerField()
    total_output_tokens = serializers.IntegerField()
    total_tokens = serializers.IntegerField()
    request_count = serializers.IntegerField()
    avg_input_tokens = _number()
    avg_output_tokens = _number()


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
    avg_latency_ms = _number()
    avg_tokens = _number()


class ModelFigures(Form):
    date_range = RequestRange()
    models = ModelUse(many=True)


# -- tuning


class TalksQuery(PageQuery):
    user_id = serializers.UUIDField(required=False, help_text="one person")
    days = _days(30, 365)


class Talk(Form):
    id = serializers.UUIDField()
    user_id = serializers.UUIDField()
    title = serializers.CharField(allow_null=True, help_text="always null")
    created_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.DateTimeField(allow_null=True)


class TalkRow(Talk):
    message_count = serializers.IntegerField()


class Talks(Page):
    period_days = serializers.IntegerField()
    conversations = TalkRow(many=True)


class TalkMessage(Form):
    id = serializers.UUIDField()
    role = serializers.CharField()
    content = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField(allow_null=True)
    annotations_count = serializers.IntegerField()


class TalkWithMessages(Talk):
    messages = TalkMessage(many=True, help_text="oldest first")


class ContextQuery(Form):
    context_messages = serializers.IntegerField(default=5, min_value=0, max_value=20, help_text="on each side")


class TargetMessage(Form):
    id = serializers.UUIDField()
    conversation_id = serializers.UUIDField()
    role = serializers.CharField()
    content = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField(allow_null=True)


class ContextMessage(Form):
    id = serializers.UUIDField()
    role = serializers.CharField()
    content = serializers.CharField(allow_null=True)
    is_target = serializers.BooleanField()
    created_at = serializers.DateTimeField(allow_null=True)


class AnnotationRow(Form):
    id = serializers.UUIDField()
    message_id = serializers.UUIDField()
    admin_user_id = serializers.UUIDField()
    annotation_type = serializers.ChoiceField(choices=AnnotationType.values)
    content = serializers.CharField()
    suggested_response = serializers.CharField(allow_null=True)
    severity = serializers.ChoiceField(choices=AnnotationSeverity.values, allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    status = serializers.ChoiceField(choices=AnnotationStatus.values)
    created_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.DateTimeField(allow_null=True)


class MessageInContext(Form):
    message = TargetMessage()
    context = ContextMessage(many=True, help_text="oldest first, itself among them")  # type: ignore[assignment]
    annotations = AnnotationRow(many=True, help_text="newest first")


def _tags(**options: Any) -> serializers.ListField:
    return serializers.ListField(child=serializers.CharField(max_length=50), max_length=20, required=False, **options)


class AnnotationCreate(Form):
    message_id = serializers.UUIDField(help_text="an answer")
    annotation_type = serializers.ChoiceField(choices=AnnotationType.values)
    content = serializers.CharField(max_length=5_000, help_text="the remark")
    suggested_response = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, max_length=10_000, help_text="a better answer"
    )
    severity = serializers.ChoiceField(choices=AnnotationSeverity.values, required=False, allow_null=True)
    tags = _tags(help_text="labels, e.g. tone, accuracy")


class AnnotationUpdate(Form):
    annotation_type = serializers.ChoiceField(choices=AnnotationType.values, required=False, allow_null=True)
    content = serializers.CharField(required=False, allow_null=True, max_length=5_000)
    suggested_response = serializers.CharField(required=False, allow_null=True, allow_blank=True, max_length=10_000)
    severity = serializers.ChoiceField(choices=AnnotationSeverity.values, required=False, allow_null=True)
    tags = _tags(allow_null=True)
    status = serializers.ChoiceField(choices=AnnotationStatus.values, required=False, allow_null=True)


class AnnotationsQuery(PageQuery):
    status = serializers.ChoiceField(choices=AnnotationStatus.values, required=False)
    annotation_type = serializers.ChoiceField(choices=AnnotationType.values, required=False)
    severity = serializers.ChoiceField(choices=AnnotationSeverity.values, required=False)
    days = _days(30, 365)


class Annotations(Page):
    period_days = serializers.IntegerField()
    annotations = AnnotationRow(many=True)


class Confirmation(Form):
    message = serializers.CharField()


class TuningSummary(Form):
    period_days = serializers.IntegerField()
    total_annotations = serializers.IntegerField()
    by_type = serializers.DictField(child=serializers.IntegerField())
    by_severity = serializers.DictField(child=serializers.IntegerField())
    by_status = serializers.DictField(child=serializers.IntegerField())
    with_suggestions = serializers.IntegerField()
    generated_at = serializers.DateTimeField()


class ExportQuery(Form):
    status = serializers.ChoiceField(choices=AnnotationStatus.values, required=False)
    annotation_type = serializers.ChoiceField(choices=AnnotationType.values, required=False)
    days = _days(90, 365)
    format = serializers.ChoiceField(choices=["json", "jsonl"], default="json", help_text="only echoed")


class ExportFilters(Form):
    status = serializers.CharField(allow_null=True)
    annotation_type = serializers.CharField(allow_null=True)


class ExportedMessage(Form):
    id = serializers.UUIDField()
    role = serializers.CharField()
    content = serializers.CharField(allow_null=True)


class ExportedRow(Form):
    annotation_id = serializers.UUIDField()
    annotation_type = serializers.CharField()
    severity = serializers.CharField(allow_null=True)
    admin_comment = serializers.CharField()
    suggested_response = serializers.CharField(allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    status = serializers.CharField()
    created_at = serializers.DateTimeField(allow_null=True)
    original_message = ExportedMessage(allow_null=True)


class Export(Form):
    export_format = serializers.CharField()
    period_days = serializers.IntegerField()
    total_records = serializers.IntegerField()
    filters = ExportFilters()
    exported_at = serializers.DateTimeField()
    data = ExportedRow(many=True)  # type: ignore[assignment]
