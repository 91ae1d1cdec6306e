"""What the assistant remembers of the caller: /chat/memories, and /agent/memories with older forms of the same."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assistant.api.serializers import memories as forms
from assistant.models import Memory
from assistant.services import memories as service
from portfolios.api.callers import user_of
from sigmasight.core.api.idempotency import idempotent
from sigmasight.core.api.parameters import body, query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError

CHAT, AGENT = ["Memories"], ["Memories (agent)"]
REFUSALS: dict[Any, Any] = {401: ErrorDetail, 422: ValidationError, 503: ErrorDetail}
EXAMPLES = [
    OpenApiExample("of the person", value={"content": "Prefers short answers with a table."}, request_only=True),
    OpenApiExample(
        "of a portfolio",
        value={
            "content": "Pays for a house in 2028; no drawdown beyond 15 %.",
            "scope": "portfolio",
            "portfolio_id": "1d8ddd95-3b45-0ac5-35bf-cf81af94a5fe",
        },
        request_only=True,
    ),
]


def _memory(memory: Memory) -> dict[str, Any]:
    return {
        "id": memory.pk,
        "scope": memory.scope,
        "content": memory.content,
        "tags": service.labels(memory),
        "created_at": memory.created_at,
    }


def _listed(request: Request, asked: dict[str, Any]) -> dict[str, Any]:
    found = service.memories_of(user_of(request), **asked)
    return {"memories": [_memory(memory) for memory in found.memories], "total": found.total}


def _written(request: Request) -> Memory:
    given = body(request, forms.MemoryCreate)
    return service.write_down(
        user_of(request),
        given["content"],
        scope=given["scope"],
        portfolio_id=given.get("portfolio_id"),
        tags=given.get("tags"),
    )


class ChatMemoriesView(APIView):
    @extend_schema(
        operation_id="chat_list_memories",
        tags=CHAT,
        summary="List memories",
        parameters=[forms.ChatMemoryQuery],
        responses={200: forms.ChatMemoryList, 404: ErrorDetail, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        asked = query(request, forms.ChatMemoryQuery)
        return Response(_listed(request, asked) | {"limit": asked["limit"]})

    @extend_schema(
        operation_id="chat_create_memory",
        tags=CHAT,
        summary="Add a memory",
        description="Saying the same again gives the memory there is. The 51st takes the place of the oldest.",
        request=forms.MemoryCreate,
        responses={201: forms.Memory, 400: ErrorDetail, 404: ErrorDetail, **REFUSALS},
        examples=EXAMPLES,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        return Response(_memory(_written(request)), status=201)

    @extend_schema(
        operation_id="chat_delete_memories",
        tags=CHAT,
        summary="Forget everything",
        responses={200: forms.ChatMemoriesForgotten, **REFUSALS},
    )
    def delete(self, request: Request) -> Response:
        return Response({"deleted": service.forget_all(user_of(request).pk)})


class ChatMemoryCountView(APIView):
    @extend_schema(
        operation_id="chat_count_memories",
        tags=CHAT,
        summary="Count memories",
        responses={200: forms.ChatMemoryCount, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        count = service.count_memories(user_of(request).pk)
        return Response({"count": count, "max_allowed": service.MOST_MEMORIES})


class ChatMemoryView(APIView):
    @extend_schema(
        operation_id="chat_delete_memory",
        tags=CHAT,
        summary="Forget one memory",
        responses={200: forms.ChatMemoryForgotten, 404: ErrorDetail, **REFUSALS},
    )
    def delete(self, request: Request, memory_id: str) -> Response:
        known = uuid_of(memory_id, "memory_id")
        service.forget(user_of(request).pk, known)
        return Response({"deleted": True, "id": known})


class AgentMemoriesView(APIView):
    @extend_schema(
        operation_id="agent_list_memories",
        tags=AGENT,
        summary="List memories",
        description="Older twin of /chat/memories over the same table.",
        parameters=[forms.AgentMemoryQuery],
        responses={200: forms.AgentMemoryList, 404: ErrorDetail, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        return Response(_listed(request, query(request, forms.AgentMemoryQuery)))

    @extend_schema(
        operation_id="agent_create_memory",
        tags=AGENT,
        summary="Add a memory",
        request=forms.MemoryCreate,
        responses={200: forms.AgentMemoryStored, 400: ErrorDetail, 404: ErrorDetail, **REFUSALS},
        examples=EXAMPLES,
    )
    @idempotent
    def post(self, request: Request) -> Response:
        return Response({"id": _written(request).pk, "message": "Memory stored"})

    @extend_schema(
        operation_id="agent_delete_memories",
        tags=AGENT,
        summary="Forget everything",
        responses={200: forms.AgentDone, **REFUSALS},
    )
    def delete(self, request: Request) -> Response:
        deleted = service.forget_all(user_of(request).pk)
        return Response({"success": True, "message": f"{deleted} memories deleted"})


class AgentMemoryCountView(APIView):
    @extend_schema(
        operation_id="agent_count_memories",
        tags=AGENT,
        summary="Count memories",
        responses={200: forms.AgentMemoryCount, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        return Response({"count": service.count_memories(user_of(request).pk)})


class AgentMemoryView(APIView):
    @extend_schema(
        operation_id="agent_delete_memory",
        tags=AGENT,
        summary="Forget one memory",
        responses={200: forms.AgentDone, 404: ErrorDetail, **REFUSALS},
    )
    def delete(self, request: Request, memory_id: str) -> Response:
        service.forget(user_of(request).pk, uuid_of(memory_id, "memory_id"))
        return Response({"success": True, "message": "Memory deleted"})
