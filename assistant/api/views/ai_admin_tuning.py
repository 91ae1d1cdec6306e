"""Staff read conversations and annotate answers."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from assistant.api.serializers import ai_admin_tuning as forms
from assistant.api.serializers.ai_admin_pages import DaysQuery
from assistant.models import Annotation, Conversation, Message
from assistant.services import ai_admin_tuning as service
from portfolios.api.callers import user_of
from portfolios.api.permissions import IsSuperAdmin
from portfolios.api.staff import StaffView
from sigmasight.core.api.idempotency import idempotent
from sigmasight.core.api.parameters import body, query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError

TAGS = ["Admin AI tuning"]
REFUSALS: dict[Any, Any] = {401: ErrorDetail, 422: ValidationError, 503: ErrorDetail}
FOUND = {404: ErrorDetail, **REFUSALS}


def _talk(talk: Conversation) -> dict[str, Any]:
    return {
        "id": talk.pk,
        "user_id": talk.user_id,
        "title": None,
        "created_at": talk.created_at,
        "updated_at": talk.updated_at,
    }


def _said(message: Message) -> dict[str, Any]:
    return {
        "id": message.pk, "role": message.role, "content": message.content, "created_at": message.created_at,
    }  # fmt: skip


def _annotation(note: Annotation) -> dict[str, Any]:
    return {
        "id": note.pk,
        "message_id": note.message_id,
        "admin_user_id": note.admin_user_id,
        "annotation_type": note.annotation_type,
        "content": note.content,
        "suggested_response": note.suggested_response or None,
        "severity": note.severity,
        "tags": note.tags,
        "status": note.status,
        "created_at": note.created_at,
        "updated_at": note.updated_at,
    }


class ConversationsView(StaffView):
    @extend_schema(
        operation_id="tuning_conversations", tags=TAGS, summary="Browse conversations", parameters=[forms.TalksQuery],
        responses={200: forms.Talks, **REFUSALS},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        asked = query(request, forms.TalksQuery)
        days, limit, offset = asked["days"], asked["limit"], asked["offset"]
        page = service.conversations(user_id=asked.get("user_id"), days=days, limit=limit, offset=offset)
        rows = [{**_talk(talk), "message_count": talk.message_count} for talk in page.rows]  # type: ignore[attr-defined]
        told = {"total": page.total, "limit": limit, "offset": offset, "period_days": days}
        return Response({**told, "conversations": rows})


class ConversationView(StaffView):
    @extend_schema(
        operation_id="tuning_conversation", tags=TAGS, summary="One conversation with messages",
        responses={200: forms.TalkWithMessages, **FOUND},
    )  # fmt: skip
    def get(self, request: Request, conversation_id: str) -> Response:
        found = service.conversation(uuid_of(conversation_id, "conversation_id"))
        messages = [{**_said(one), "annotations_count": found.notes.get(one.pk, 0)} for one in found.messages]
        return Response({**_talk(found.conversation), "messages": messages})


class MessageView(StaffView):
    @extend_schema(
        operation_id="tuning_message", tags=TAGS, summary="A message in context", parameters=[forms.ContextQuery],
        responses={200: forms.MessageInContext, **FOUND},
    )  # fmt: skip
    def get(self, request: Request, message_id: str) -> Response:
        known = uuid_of(message_id, "message_id")
        found = service.message_in_context(known, query(request, forms.ContextQuery)["context_messages"])
        return Response(
            {
                "message": {**_said(found.message), "conversation_id": found.message.conversation_id},
                "context": [{**_said(one), "is_target": one.pk == known} for one in found.context],
                "annotations": [_annotation(note) for note in found.annotations],
            }
        )


class AnnotationsView(StaffView):
    @extend_schema(
        operation_id="tuning_annotate", tags=TAGS, summary="Annotate an answer", request=forms.AnnotationCreate,
        responses={200: forms.AnnotationRow, 400: ErrorDetail, **FOUND},
        examples=[
            OpenApiExample(
                "a correction",
                value={
                    "message_id": "5a3a0e0a-1111-4c4c-8c8c-000000000002", "annotation_type": "correction",
                    "content": "The VaR is of one session, not of a month.", "severity": "moderate", "tags": ["accuracy"],
                },
                request_only=True,
            )
        ],
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        return Response(_annotation(service.annotate(user_of(request), body(request, forms.AnnotationCreate))))

    @extend_schema(
        operation_id="tuning_annotations", tags=TAGS, summary="List annotations", parameters=[forms.AnnotationsQuery],
        responses={200: forms.Annotations, **REFUSALS},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        asked = query(request, forms.AnnotationsQuery)
        days, limit, offset = asked["days"], asked["limit"], asked["offset"]
        page = service.annotation_page(
            status=asked.get("status"), annotation_type=asked.get("annotation_type"), severity=asked.get("severity"),
            days=days, limit=limit, offset=offset,
        )  # fmt: skip
        told = {"total": page.total, "limit": limit, "offset": offset, "period_days": days}
        return Response({**told, "annotations": [_annotation(note) for note in page.rows]})


class AnnotationView(StaffView):
    @extend_schema(
        operation_id="tuning_annotation", tags=TAGS, summary="One annotation",
        responses={200: forms.AnnotationRow, **FOUND},
    )  # fmt: skip
    def get(self, request: Request, annotation_id: str) -> Response:
        return Response(_annotation(service.annotation(uuid_of(annotation_id, "annotation_id"))))

    @extend_schema(
        operation_id="tuning_annotation_update", tags=TAGS, summary="Change an annotation",
        description="What is absent or null stays.", request=forms.AnnotationUpdate,
        responses={200: forms.AnnotationRow, **FOUND},
    )  # fmt: skip
    def put(self, request: Request, annotation_id: str) -> Response:
        known = uuid_of(annotation_id, "annotation_id")
        return Response(_annotation(service.change_annotation(known, body(request, forms.AnnotationUpdate))))

    @extend_schema(
        operation_id="tuning_annotation_delete", tags=TAGS, summary="Remove an annotation",
        responses={200: forms.Confirmation, **FOUND},
    )  # fmt: skip
    def delete(self, request: Request, annotation_id: str) -> Response:
        service.delete_annotation(uuid_of(annotation_id, "annotation_id"))
        return Response({"message": "Annotation deleted"})


class SummaryView(StaffView):
    @extend_schema(
        operation_id="tuning_summary", tags=TAGS, summary="Annotation figures", parameters=[DaysQuery],
        responses={200: forms.TuningSummary, **REFUSALS},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        days = query(request, DaysQuery)["days"]
        found = service.summary(days)
        return Response(
            {
                "period_days": days,
                "total_annotations": found.total,
                "by_type": found.by_type,
                "by_severity": found.by_severity,
                "by_status": found.by_status,
                "with_suggestions": found.with_suggestions,
                "generated_at": timezone.now(),
            }
        )


class ExportView(StaffView):
    permission_classes = (IsAuthenticated, IsSuperAdmin)

    @extend_schema(
        operation_id="tuning_export", tags=TAGS, summary="Export for training",
        description="Oldest first; more than ten thousand are refused.", parameters=[forms.ExportQuery],
        responses={200: forms.Export, 400: ErrorDetail, 403: ErrorDetail, **REFUSALS},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        asked = query(request, forms.ExportQuery)
        status, kind, days = asked.get("status"), asked.get("annotation_type"), asked["days"]
        data = [
            {
                "annotation_id": note.pk,
                "annotation_type": note.annotation_type,
                "severity": note.severity,
                "admin_comment": note.content,
                "suggested_response": note.suggested_response or None,
                "tags": note.tags,
                "status": note.status,
                "created_at": note.created_at,
                "original_message": {"id": message.pk, "role": message.role, "content": message.content}
                if message
                else None,
            }
            for note, message in service.export(status=status, annotation_type=kind, days=days)
        ]
        return Response(
            {
                "export_format": asked["format"],
                "period_days": days,
                "total_records": len(data),
                "filters": {"status": status, "annotation_type": kind},
                "exported_at": timezone.now(),
                "data": data,
            }
        )
