"""What the assistant keeps: conversations, insights, use of models, knowledge, memories and what people think of answers."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from assistant.models import (
    AIRequestMetric,
    Annotation,
    Conversation,
    Feedback,
    Insight,
    KnowledgeDocument,
    Memory,
    Message,
    UserPreference,
)
from assistant.services.knowledge import delete_documents, store_document
from sigmasight.core.admin import ComputedAdmin, TableAdmin
from sigmasight.core.console.roles import Role
from sigmasight.core.errors import Conflict
from sigmasight.core.served_tables import ServedTable

# What people told the assistant, what it told them and what it keeps of them is read by those who mend it.
PRIVATE = Role.OPERATOR


@admin.register(Conversation)
class ConversationAdmin(ComputedAdmin):
    icon = "forum"
    readers = PRIVATE
    list_display = ["id", "user", "mode", "provider", "created_at", "updated_at"]
    list_select_related = ["user"]
    search_fields = ["id", "user__email"]
    list_filter = ["mode", "provider"]
    date_hierarchy = "created_at"


@admin.register(Message)
class MessageAdmin(ComputedAdmin):
    icon = "chat"
    readers = PRIVATE
    list_display = ["created_at", "conversation_id", "role", "first_token_ms", "latency_ms", "total_tokens"]
    search_fields = ["conversation__id", "content"]
    list_filter = ["role"]
    date_hierarchy = "created_at"


@admin.register(UserPreference)
class UserPreferenceAdmin(TableAdmin):
    icon = "settings_account_box"
    readers = PRIVATE
    list_display = ["user", "default_mode", "preferred_model", "tool_calls_enabled", "streaming_enabled"]
    list_select_related = ["user"]
    search_fields = ["user__email"]
    list_filter = ["default_mode"]
    autocomplete_fields = ["user"]


@admin.register(Insight)
class InsightAdmin(ComputedAdmin):
    icon = "lightbulb"
    readers = PRIVATE
    list_display = ["title", "portfolio", "insight_type", "severity", "model_used", "user_rating", "created_at"]
    list_select_related = ["portfolio"]
    search_fields = ["title", "portfolio__name"]
    list_filter = ["insight_type", "severity", "model_used"]
    date_hierarchy = "created_at"


@admin.register(AIRequestMetric)
class AIRequestMetricAdmin(ComputedAdmin):
    icon = "smart_toy"
    list_display = [
        "created_at",
        "model",
        "total_tokens",
        "first_token_ms",
        "total_latency_ms",
        "tool_calls_count",
        "error_type",
    ]
    search_fields = ["conversation_id", "error_message"]
    list_filter = ["model", "error_type"]
    date_hierarchy = "created_at"


@admin.register(KnowledgeDocument)
class KnowledgeDocumentAdmin(ServedTable):
    """Texts come and change whole: what is stored is cut into pieces and embedded."""

    icon = "menu_book"
    readers = PRIVATE
    list_display = ["title", "scope", "slug", "chunk_no", "embedding_model", "updated_at"]
    search_fields = ["title", "slug", "content"]
    list_filter = ["scope", "embedding_model"]
    date_hierarchy = "created_at"
    exclude = ["embedding", "search"]
    entered = ["scope", "slug", "title", "content", "metadata"]
    corrected = ["title", "content", "metadata"]

    def enter(self, request: HttpRequest, row: KnowledgeDocument, given: dict[str, Any]) -> KnowledgeDocument:
        if KnowledgeDocument.objects.filter(scope=given["scope"], slug=given["slug"]).exists():
            raise Conflict(
                "document_exists", "There is a text under this scope and slug. Correct it, or delete it first."
            )
        return KnowledgeDocument.objects.get(pk=store_document(**_whole(given)).id)

    def correct(self, request: HttpRequest, row: KnowledgeDocument, given: dict[str, Any]) -> None:
        pieces = KnowledgeDocument.objects.filter(scope=row.scope, slug=row.slug).count()
        if pieces > 1:
            raise Conflict(
                "document_in_pieces",
                f"This text is stored in {pieces} pieces, of which this is one. Delete it and add the whole text again.",
            )
        store_document(**_whole({name: getattr(row, name) for name in self.entered} | given))

    def remove(self, request: HttpRequest, row: KnowledgeDocument) -> None:
        delete_documents((row.scope, row.slug))


def _whole(given: dict[str, Any]) -> dict[str, Any]:
    return given | {"metadata": given.get("metadata") or {}}


@admin.register(Memory)
class MemoryAdmin(TableAdmin):
    icon = "psychology"
    readers = PRIVATE
    list_display = ["content", "scope", "user_id", "portfolio_id", "source", "created_at"]
    search_fields = ["content", "user_id"]
    list_filter = ["scope", "source"]
    date_hierarchy = "created_at"


@admin.register(Feedback)
class FeedbackAdmin(ComputedAdmin):
    icon = "thumbs_up_down"
    readers = PRIVATE
    list_display = ["message_id", "user_id", "rating", "comment", "created_at"]
    search_fields = ["message_id", "user_id", "comment"]
    list_filter = ["rating"]
    date_hierarchy = "created_at"


@admin.register(Annotation)
class AnnotationAdmin(TableAdmin):
    icon = "rate_review"
    readers = PRIVATE
    list_display = ["message_id", "annotation_type", "severity", "status", "admin_user_id", "created_at"]
    search_fields = ["message_id", "content"]
    list_filter = ["status", "annotation_type", "severity"]
    date_hierarchy = "created_at"
