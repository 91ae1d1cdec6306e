"""Opening a talk with the assistant."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assistant.api.serializers import conversations as forms
from assistant.models import Conversation
from assistant.services.conversations import open_conversation
from portfolios.api.callers import caller_of, user_of
from portfolios.services.activity import record_activity
from sigmasight.core.api.idempotency import idempotent
from sigmasight.core.api.parameters import body
from sigmasight.core.api.schema import ErrorDetail, ValidationError


def _conversation(talk: Conversation) -> dict[str, Any]:
    return {
        "id": talk.pk,
        "conversation_id": talk.pk,
        "mode": talk.mode,
        "created_at": talk.created_at,
        "provider": talk.provider,
        "provider_thread_id": talk.provider_thread_id,
    }


class ConversationsView(APIView):
    @extend_schema(
        operation_id="chat_create_conversation",
        tags=["Chat"],
        summary="Open a conversation",
        request=forms.ConversationCreate,
        responses={201: forms.Conversation, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
        examples=[OpenApiExample("at login", value={"mode": "green"}, request_only=True)],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = body(request, forms.ConversationCreate)
        user = user_of(request)
        talk = open_conversation(
            user,
            mode=given["mode"],
            portfolio_id=given.get("portfolio_id"),
            portfolio_ids=given.get("portfolio_ids") or (),
            page_hint=given.get("page_hint"),
            route=given.get("route"),
        )
        record_activity("chat.session_start", caller_of(request), user=user, facts={"conversation_id": str(talk.pk)})
        return Response(_conversation(talk), status=201)
