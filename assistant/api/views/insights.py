"""Written findings about a portfolio: /insights."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assistant.api.faces import asynchronous
from assistant.api.serializers import insights as forms
from assistant.api.streams import KIND, AnswerResponse, at_once
from assistant.models import Insight
from assistant.services import insights as service
from assistant.services.answering import Answer, mode_changed
from assistant.services.insight_chat import talk_of
from assistant.services.insight_drafts import Assignment, Briefing
from assistant.services.sse import new_run_id
from assistant.services.threads import in_patient_thread
from assistant.services.turns import begin_turn, change_mode, mode_of_command
from portfolios.api.callers import user_of
from sigmasight.core.api.parameters import body, query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError
from sigmasight.core.api.throttles import ScopeThrottle

TAGS = ["Insights"]
REFUSALS: dict[Any, Any] = {401: ErrorDetail, 404: ErrorDetail, 422: ValidationError}


def _insight(insight: Insight, *, reused: bool = False) -> dict[str, Any]:
    return {
        "id": insight.pk,
        "portfolio_id": insight.portfolio_id,
        "insight_type": insight.insight_type,
        "title": insight.title,
        "severity": insight.severity,
        "summary": insight.summary,
        "key_findings": insight.key_findings,
        "recommendations": insight.recommendations,
        "full_analysis": insight.full_analysis or "",
        "data_limitations": insight.data_limitations or "",
        "focus_area": insight.focus_area,
        "user_question": insight.user_question,
        "created_at": insight.created_at,
        "viewed": insight.viewed,
        "dismissed": insight.dismissed,
        "user_rating": insight.user_rating,
        "user_feedback": insight.user_feedback,
        "performance": {
            "cost_usd": insight.cost_usd or 0.0,
            "generation_time_ms": round(insight.generation_time_ms or 0),
            "token_count": (insight.token_count_input or 0) + (insight.token_count_output or 0),
        },
        "model_used": insight.model_used,
        "cache_hit": reused,
    }


class GenerateInsightView(APIView):
    throttle_classes = (ScopeThrottle,)
    throttle_scope = "insights"

    @extend_schema(
        operation_id="insights_generate",
        tags=TAGS,
        summary="Write a new insight",
        description="The same wish over the same results within 24 hours gets the insight there is (200, `cache_hit`). Ten a day and "
        "portfolio are written. Without a language model, or where it fails, rules write it from the results of the engines.",
        request=forms.InsightGenerate,
        responses={201: forms.Insight, 200: forms.Insight, 429: ErrorDetail, **REFUSALS},
        examples=[
            OpenApiExample(
                "morning briefing",
                value={"portfolio_id": "1d8ddd95-3b45-0ac5-35bf-cf81af94a5fe", "insight_type": "morning_briefing"},
                request_only=True,
            )
        ],
    )
    def post(self, request: Request) -> Response:
        given = body(request, forms.InsightGenerate)
        wishes = given.get("customization")
        assignment = Assignment(
            given["insight_type"],
            focus_area=given.get("focus_area") or None,
            question=given.get("user_question") or None,
            briefing=Briefing(**(wishes | {"focus_areas": tuple(wishes.get("focus_areas") or ())}))
            if wishes
            else Briefing(),
        )
        written = service.generate(user_of(request), given["portfolio_id"], assignment)
        return Response(_insight(written.insight, reused=written.reused), status=200 if written.reused else 201)


generate = asynchronous(GenerateInsightView, within=in_patient_thread)


class InsightChatView(APIView):
    throttle_classes = (ScopeThrottle,)
    throttle_scope = "chat"

    @extend_schema(
        operation_id="insights_chat",
        tags=TAGS,
        summary="Legacy chat stream",
        description="The turn of `/chat/send` in the older form: start, message (`delta`), then exactly one of done and error, without "
        "envelope. Without `conversation_id` a conversation about all portfolios is opened.",
        request=forms.InsightMessage,
        responses={
            (200, KIND): OpenApiResponse(OpenApiTypes.STR, description="The events of the answer."),
            409: ErrorDetail, 429: ErrorDetail, **REFUSALS,
        },
        examples=[OpenApiExample("a question", value={"message": "How concentrated am I?"}, request_only=True)],
    )  # fmt: skip
    def post(self, request: Request) -> HttpResponseBase:
        given, user = body(request, forms.InsightMessage), user_of(request)
        talk = talk_of(user, given.get("conversation_id"))
        if (mode := mode_of_command(given["message"])) is not None:
            change_mode(talk, mode)
            return at_once(mode_changed(new_run_id(), talk.pk, mode, settings.OPENAI_MODEL), older=True)
        turn = begin_turn(user, talk, given["message"], {})
        return AnswerResponse(Answer(turn), older=True)


talk = asynchronous(InsightChatView, streams=True)


class PortfolioInsightsView(APIView):
    @extend_schema(
        operation_id="insights_list",
        tags=TAGS,
        summary="List a portfolio's insights",
        description="Newest first; dismissed ones are left out.",
        parameters=[forms.InsightQuery],
        responses={200: forms.InsightList, **REFUSALS},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        known, asked = uuid_of(portfolio_id, "portfolio_id"), query(request, forms.InsightQuery)
        page = service.list_insights(user_of(request), known, **asked)
        shown = [_insight(one) for one in page.insights]
        return Response({"insights": shown, "total": page.total, "has_more": page.has_more})


class InsightView(APIView):
    @extend_schema(
        operation_id="insights_get",
        tags=TAGS,
        summary="Read one insight",
        description="It counts as viewed from then on.",
        responses={200: forms.Insight, **REFUSALS},
    )
    def get(self, request: Request, insight_id: str) -> Response:
        return Response(_insight(service.read_insight(user_of(request), uuid_of(insight_id, "insight_id"))))

    @extend_schema(
        operation_id="insights_update",
        tags=TAGS,
        summary="Set viewed / dismissed",
        request=forms.InsightUpdate,
        responses={200: forms.Insight, **REFUSALS},
        examples=[OpenApiExample("dismiss", value={"dismissed": True}, request_only=True)],
    )
    def patch(self, request: Request, insight_id: str) -> Response:
        known, given = uuid_of(insight_id, "insight_id"), body(request, forms.InsightUpdate)
        return Response(_insight(service.mark(user_of(request), known, **given)))


class InsightFeedbackView(APIView):
    @extend_schema(
        operation_id="insights_feedback",
        tags=TAGS,
        summary="Rate an insight",
        request=forms.InsightFeedback,
        responses={200: forms.Done, **REFUSALS},
        examples=[OpenApiExample("five stars", value={"rating": 5}, request_only=True)],
    )
    def post(self, request: Request, insight_id: str) -> Response:
        known, given = uuid_of(insight_id, "insight_id"), body(request, forms.InsightFeedback)
        service.rate(user_of(request), known, given["rating"], given.get("feedback"))
        return Response({"message": "Thank you, your rating is kept."})
