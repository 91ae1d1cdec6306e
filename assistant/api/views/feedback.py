"""Thumbs on answers."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assistant.api.serializers import feedback as forms
from assistant.models import Feedback
from assistant.services import feedback as service
from portfolios.api.callers import caller_of, user_of
from portfolios.services.activity import record_activity
from sigmasight.core.api.parameters import body, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError

REFUSALS: dict[Any, Any] = {
    400: ErrorDetail, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError, 503: ErrorDetail,
}  # fmt: skip


def _feedback(feedback: Feedback) -> dict[str, Any]:
    return {
        "id": feedback.pk,
        "message_id": feedback.message_id,
        "rating": feedback.rating,
        "edited_text": feedback.edited_text or None,
        "comment": feedback.comment or None,
    }


class FeedbackView(APIView):
    @extend_schema(
        operation_id="chat_put_feedback",
        tags=["Feedback"],
        summary="Rate an assistant message",
        description="One rating a message: a second one takes the place of the first, and of what was learned from it.",
        request=forms.FeedbackCreate,
        responses={200: forms.Feedback, **REFUSALS},
        examples=[OpenApiExample("thumb up", value={"rating": "up"}, request_only=True)],
    )
    def post(self, request: Request, message_id: str) -> Response:
        known = uuid_of(message_id, "message_id")
        given = body(request, forms.FeedbackCreate)
        user = user_of(request)
        feedback = service.rate(
            user, known, rating=given["rating"], edited_text=given.get("edited_text"), comment=given.get("comment")
        )
        facts = {"message_id": str(known), "rating": feedback.rating}
        record_activity("chat.feedback_given", caller_of(request), user=user, facts=facts)
        return Response(_feedback(feedback))

    @extend_schema(
        operation_id="chat_get_feedback",
        tags=["Feedback"],
        summary="Read the rating",
        description="null where the message is not rated.",
        responses={200: forms.Feedback(allow_null=True), **REFUSALS},
    )
    def get(self, request: Request, message_id: str) -> HttpResponse | Response:
        found = service.rating_of(user_of(request), uuid_of(message_id, "message_id"))
        if found is None:
            # The framework would send an empty body, which is no JSON.
            return HttpResponse(b"null", content_type="application/json")
        return Response(_feedback(found))

    @extend_schema(
        operation_id="chat_delete_feedback",
        tags=["Feedback"],
        summary="Withdraw the rating",
        description="What was learned from it is forgotten too.",
        responses={200: forms.FeedbackWithdrawn, **REFUSALS},
    )
    def delete(self, request: Request, message_id: str) -> Response:
        known = service.withdraw(user_of(request), uuid_of(message_id, "message_id"))
        return Response({"deleted": True, "id": known})
