"""Forms and answers of /admin/ai on documents, memories and verdicts."""

from __future__ import annotations

from rest_framework import serializers

from assistant.api.serializers.ai_admin_pages import Page, PageQuery
from assistant.models import Rating
from sigmasight.core.api.forms import Form, days_back


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
    days = days_back(30, 365)
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
