"""Forms and answers of /admin/ai on conversations and the remarks of staff."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from assistant.api.serializers.ai_admin_pages import Page, PageQuery
from assistant.models import AnnotationSeverity, AnnotationStatus, AnnotationType
from sigmasight.core.api.forms import Form, days_back


class TalksQuery(PageQuery):
    user_id = serializers.UUIDField(required=False, help_text="one person")
    days = days_back(30, 365)


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


class PlainMessage(Form):
    id = serializers.UUIDField()
    role = serializers.CharField()
    content = serializers.CharField(allow_null=True)


class DatedMessage(PlainMessage):
    created_at = serializers.DateTimeField(allow_null=True)


class TalkMessage(DatedMessage):
    annotations_count = serializers.IntegerField()


class TalkWithMessages(Talk):
    messages = TalkMessage(many=True, help_text="oldest first")


class ContextQuery(Form):
    context_messages = serializers.IntegerField(default=5, min_value=0, max_value=20, help_text="on each side")


class TargetMessage(DatedMessage):
    conversation_id = serializers.UUIDField()


class ContextMessage(DatedMessage):
    is_target = serializers.BooleanField()


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
    days = days_back(30, 365)


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
    days = days_back(90, 365)
    format = serializers.ChoiceField(choices=["json", "jsonl"], default="json", help_text="only echoed")


class ExportFilters(Form):
    status = serializers.CharField(allow_null=True)
    annotation_type = serializers.CharField(allow_null=True)


class ExportedRow(Form):
    annotation_id = serializers.UUIDField()
    annotation_type = serializers.CharField()
    severity = serializers.CharField(allow_null=True)
    admin_comment = serializers.CharField()
    suggested_response = serializers.CharField(allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())
    status = serializers.CharField()
    created_at = serializers.DateTimeField(allow_null=True)
    original_message = PlainMessage(allow_null=True)


class Export(Form):
    export_format = serializers.CharField()
    period_days = serializers.IntegerField()
    total_records = serializers.IntegerField()
    filters = ExportFilters()
    exported_at = serializers.DateTimeField()
    data = ExportedRow(many=True)  # type: ignore[assignment]
