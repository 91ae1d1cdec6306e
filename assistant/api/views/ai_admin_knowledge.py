"""Staff look at documents, memories and verdicts."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from assistant.api.serializers import ai_admin_knowledge as forms
from assistant.api.serializers.ai_admin_pages import DaysQuery
from assistant.api.serializers.feedback import Summary
from assistant.api.views.feedback_review import summary
from assistant.models import KnowledgeDocument
from assistant.services import ai_admin_knowledge as service
from assistant.services.memories import labels
from portfolios.api.staff import StaffView
from sigmasight.core.api.parameters import query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError

TAGS = ["Admin AI knowledge"]
REFUSALS: dict[Any, Any] = {401: ErrorDetail, 422: ValidationError, 503: ErrorDetail}
SHOWN = 500


def _document(document: KnowledgeDocument) -> dict[str, Any]:
    return {
        "id": document.pk,
        "scope": document.scope,
        "title": document.title,
        "content": document.content,
        "metadata": {**document.metadata, "slug": document.slug, "chunk_no": document.chunk_no},
        "has_embedding": document.embedded,  # type: ignore[attr-defined]
        "created_at": document.created_at,
        "updated_at": document.updated_at,
    }


def _row(document: KnowledgeDocument) -> dict[str, Any]:
    text = document.content
    shown = text if len(text) <= SHOWN else text[:SHOWN] + "..."
    return {**_document(document), "content": shown, "content_length": len(text)}


class DocumentsView(StaffView):
    @extend_schema(
        operation_id="kb_list", tags=TAGS, summary="List knowledge documents",
        description="The latest change first; a long text is several rows, one for each chunk.",
        parameters=[forms.DocumentsQuery], responses={200: forms.Documents, **REFUSALS},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        asked = query(request, forms.DocumentsQuery)
        limit, offset = asked["limit"], asked["offset"]
        page = service.documents(scope=asked.get("scope"), search=asked.get("search"), limit=limit, offset=offset)
        rows = [_row(one) for one in page.rows]
        return Response({"total": page.total, "limit": limit, "offset": offset, "documents": rows})


class DocumentStatsView(StaffView):
    @extend_schema(
        operation_id="kb_stats", tags=TAGS, summary="Document counts", responses={200: forms.DocumentStats, **REFUSALS}
    )
    def get(self, request: Request) -> Response:
        found = service.document_counts()
        told = {"total_documents": found.total, "by_scope": found.by_scope}
        return Response({**told, "generated_at": timezone.now()})


class DocumentView(StaffView):
    @extend_schema(
        operation_id="kb_get", tags=TAGS, summary="One document",
        responses={200: forms.Document, 404: ErrorDetail, **REFUSALS},
    )  # fmt: skip
    def get(self, request: Request, doc_id: str) -> Response:
        return Response(_document(service.document(uuid_of(doc_id, "doc_id"))))


class MemoriesView(StaffView):
    @extend_schema(
        operation_id="kb_memories", tags=TAGS, summary="List all users' memories", parameters=[forms.MemoriesQuery],
        responses={200: forms.Memories, **REFUSALS},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        asked = query(request, forms.MemoriesQuery)
        limit, offset = asked["limit"], asked["offset"]
        page = service.memories(
            scope=asked.get("scope"),
            user_id=asked.get("user_id"),
            search=asked.get("search"),
            limit=limit,
            offset=offset,
        )
        rows = [
            {
                "id": one.pk,
                "user_id": one.user_id,
                "tenant_id": None,
                "scope": one.scope,
                "content": one.content,
                "tags": labels(one),
                "created_at": one.created_at,
            }
            for one in page.rows
        ]
        return Response({"total": page.total, "limit": limit, "offset": offset, "memories": rows})


class MemoryStatsView(StaffView):
    @extend_schema(
        operation_id="kb_memory_stats",
        tags=TAGS,
        summary="Memory counts",
        responses={200: forms.MemoryStats, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        found = service.memory_counts()
        told = {"total_memories": found.total, "by_scope": found.by_scope, "unique_users_with_memories": found.people}
        return Response({**told, "generated_at": timezone.now()})


class FeedbackListView(StaffView):
    @extend_schema(
        operation_id="kb_feedback", tags=TAGS, summary="List ratings", parameters=[forms.VerdictsQuery],
        responses={200: forms.VerdictList, **REFUSALS},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        asked = query(request, forms.VerdictsQuery)
        page, said = service.feedback(
            rating=asked.get("rating"), days=asked["days"], with_context=asked["with_context"], limit=asked["limit"],
            offset=asked["offset"],
        )  # fmt: skip
        rows = []
        for one in page.rows:
            row = {
                "id": one.pk,
                "message_id": one.message_id,
                "rating": one.rating,
                "edited_text": one.edited_text or None,
                "comment": one.comment or None,
                "created_at": one.created_at,
            }
            if exchange := said.get(one.message_id):
                row |= {
                    "original_message": exchange.answer,
                    "conversation_id": exchange.conversation_id,
                    "user_id": exchange.user_id,
                }
            rows.append(row)
        told = {"total": page.total, "limit": asked["limit"], "offset": asked["offset"], "period_days": asked["days"]}
        return Response({**told, "feedback": rows})


class FeedbackStatsView(StaffView):
    @extend_schema(
        operation_id="kb_feedback_stats", tags=TAGS, summary="Rating figures", parameters=[DaysQuery],
        responses={200: Summary, **REFUSALS},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        return summary(query(request, DaysQuery)["days"])
