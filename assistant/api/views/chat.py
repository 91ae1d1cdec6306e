"""A question to the assistant and its answer as a stream.

The request is read, checked and stored in a thread, as everywhere; the answer is then written on the event loop, where an open stream
holds neither a thread nor a database connection.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from assistant.api.faces import asynchronous
from assistant.api.serializers import conversations as forms
from assistant.api.streams import KIND, AnswerResponse, at_once
from assistant.services.answering import Answer, mode_changed
from assistant.services.conversations import conversation_of
from assistant.services.sse import new_run_id
from assistant.services.turns import begin_turn, change_mode, mode_of_command
from portfolios.api.callers import user_of
from sigmasight.core.api.parameters import body
from sigmasight.core.api.schema import ErrorDetail, ValidationError
from sigmasight.core.api.throttles import ScopeThrottle

EVENTS = """\
One request is one turn; the answer is a `text/event-stream` body on the POST itself. Each event is `event: NAME`, `data: JSON` on one
line and an empty line, with line feeds only. Order: message_created, start, response_id, then token, tool_call, tool_result, heartbeat
and info as they come, then exactly one of done and error. `/mode NAME` changes the style of the conversation and asks nobody."""


class WhateverIsAccepted(DefaultContentNegotiation):
    """Errors are JSON even for a reader who asks for events alone."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class SendView(APIView):
    content_negotiation_class = WhateverIsAccepted
    throttle_classes = [ScopeThrottle]
    throttle_scope = "chat"

    @extend_schema(
        operation_id="chat_send",
        tags=["Chat"],
        summary="Send a message, stream the answer",
        description=EVENTS,
        request=forms.MessageSend,
        responses={
            (200, KIND): OpenApiResponse(OpenApiTypes.STR, description="The events of the answer."),
            401: ErrorDetail, 404: ErrorDetail, 409: ErrorDetail, 422: ValidationError, 429: ErrorDetail,
        },
        examples=[
            OpenApiExample(
                "a question",
                value={
                    "conversation_id": "8d0f7d52-6a36-4b55-9d0b-6a0d6f2d1c11",
                    "text": "How concentrated am I?",
                    "ui_context": {"page_hint": "portfolio", "route": "/portfolio"},
                },
                request_only=True,
            )
        ],
    )  # fmt: skip
    def post(self, request: Request) -> HttpResponseBase:
        given = body(request, forms.MessageSend)
        talk = conversation_of(user_of(request), given["conversation_id"])
        if (mode := mode_of_command(given["text"])) is not None:
            change_mode(talk, mode)
            return at_once(mode_changed(new_run_id(), talk.pk, mode, settings.OPENAI_MODEL))
        turn = begin_turn(user_of(request), talk, given["text"], given.get("ui_context") or {})
        return AnswerResponse(Answer(turn))


send = asynchronous(SendView, streams=True)
