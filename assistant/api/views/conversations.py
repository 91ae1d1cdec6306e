"""Talks with the assistant: opening, listing, reading back, changing their style, deleting."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assistant.api.serializers import conversations as forms
from assistant.models import Conversation, Message
from assistant.services.conversations import (
    conversation_of,
    conversations_of,
    delete_conversation,
    messages_of,
    open_conversation,
)
from assistant.services.turns import change_mode
from portfolios.api.callers import caller_of, user_of
from portfolios.services.activity import record_activity
from sigmasight.core.api.idempotency import idempotent
from sigmasight.core.api.parameters import body, query, uuid_of
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
        operation_id="chat_list_conversations",
        tags=["Chat"],
        summary="List the caller's conversations",
        description="The one spoken in last comes first.",
        parameters=[forms.ConversationQuery],
        responses={200: forms.Conversation(many=True), 401: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request) -> Response:
        asked = query(request, forms.ConversationQuery)
        found = conversations_of(user_of(request), limit=asked["limit"], offset=asked["offset"])
        return Response([_conversation(talk) for talk in found])

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


class ConversationView(APIView):
    @extend_schema(
        operation_id="chat_get_conversation",
        tags=["Chat"],
        summary="Read one conversation",
        responses={200: forms.Conversation, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request, conversation_id: str) -> Response:
        return Response(_conversation(conversation_of(user_of(request), uuid_of(conversation_id, "conversation_id"))))

    @extend_schema(
        operation_id="chat_delete_conversation",
        tags=["Chat"],
        summary="Delete a conversation",
        responses={200: forms.ConversationDeleted, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def delete(self, request: Request, conversation_id: str) -> Response:
        known = uuid_of(conversation_id, "conversation_id")
        delete_conversation(user_of(request), known)
        return Response({"deleted": True, "id": known})


class ModeView(APIView):
    @extend_schema(
        operation_id="chat_change_mode",
        tags=["Chat"],
        summary="Change the mode",
        request=forms.ModeChange,
        responses={200: forms.ModeChangeResult, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def put(self, request: Request, conversation_id: str) -> Response:
        return self._change(request, conversation_id)

    @extend_schema(
        operation_id="chat_change_mode_patch",
        tags=["Chat"],
        summary="Change the mode (alias)",
        request=forms.ModeChange,
        responses={200: forms.ModeChangeResult, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def patch(self, request: Request, conversation_id: str) -> Response:
        return self._change(request, conversation_id)

    def _change(self, request: Request, conversation_id: str) -> Response:
        known = uuid_of(conversation_id, "conversation_id")
        wanted = body(request, forms.ModeChange)["mode"]
        talk = conversation_of(user_of(request), known)
        before, moment = change_mode(talk, wanted)
        return Response({"id": talk.pk, "previous_mode": before, "new_mode": wanted, "changed_at": moment})


class MessagesView(APIView):
    @extend_schema(
        operation_id="chat_list_messages",
        tags=["Chat"],
        summary="Read a conversation back",
        description="The newest messages, old to new; next_cursor asks for those before them.",
        parameters=[forms.MessageQuery],
        responses={
            200: forms.MessagePage, 400: ErrorDetail, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError,
        },
    )  # fmt: skip
    def get(self, request: Request, conversation_id: str) -> Response:
        known = uuid_of(conversation_id, "conversation_id")
        asked = query(request, forms.MessageQuery)
        page = messages_of(user_of(request), known, limit=asked["limit"], cursor=asked.get("cursor"))
        return Response({"messages": [_message(one) for one in page.messages], "next_cursor": page.next_cursor})


def _message(message: Message) -> dict[str, Any]:
    return {
        "id": message.pk,
        "role": message.role,
        "content": message.content,
        "created_at": message.created_at,
        "tool_calls_count": len(message.tool_calls or []),
        "error_type": (message.error or {}).get("type"),
    }
