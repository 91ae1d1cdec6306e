"""Staff review verdicts and what was learned from them, and start the learning by hand."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils import timezone
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.api.staff import OperatorView
from assistant.api.serializers import feedback as forms
from assistant.services import feedback_review as review
from assistant.services.ai_database import unhurried
from assistant.services.learning import DAYS, Learned, learn, run_learning
from assistant.services.lessons import reprocess
from assistant.services.patterns import Pattern, patterns_of
from portfolios.api.staff import StaffView
from portfolios.services.access import require_account
from sigmasight.core.api.parameters import body, query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError

TAGS = ["Admin feedback learning"]
REFUSALS: dict[Any, Any] = {401: ErrorDetail, 422: ValidationError, 503: ErrorDetail}
STARTS = {**REFUSALS, 403: ErrorDetail, 429: ErrorDetail}
PREVIEW = "Nothing was stored: create_rules=true stores these rules as memories."


def _pattern(pattern: Pattern) -> dict[str, Any]:
    return {
        "type": pattern.kind,
        "content": pattern.content,
        "confidence": pattern.confidence,
        "source": pattern.source,
        "category": pattern.category,
        "evidence_count": pattern.evidence,
    }


def _run(learned: Learned) -> dict[str, Any]:
    return {
        "user_id": learned.user_id,
        "patterns_found": learned.found,
        "rules_created": learned.created,
        "details": [
            {"rule": memory.content, "confidence": pattern.confidence, "memory_id": memory.pk}
            for pattern, memory in learned.rules
        ],
    }


def summary(days: int, *, user_id: UUID | None = None) -> Response:
    """The verdicts of so many days, counted; two groups of the contract answer it."""
    found = review.verdicts(days=days, user_id=user_id)
    return Response(
        {
            "total_feedback": found.total,
            "positive": found.positive,
            "negative": found.negative,
            "positive_ratio": found.positive_ratio,
            "with_edits": found.with_edits,
            "with_comments": found.with_comments,
            "period_days": days,
            "generated_at": timezone.now(),
        }
    )


class SummaryView(StaffView):
    @extend_schema(
        operation_id="fb_summary", tags=TAGS, summary="Rating summary", parameters=[forms.SummaryQuery],
        responses={200: forms.Summary, **REFUSALS},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        asked = query(request, forms.SummaryQuery)
        return summary(asked["days"], user_id=asked.get("user_id"))


class StatsView(StaffView):
    @extend_schema(
        operation_id="fb_stats", tags=TAGS, summary="Learning figures", responses={200: forms.Stats, **REFUSALS}
    )
    def get(self, request: Request) -> Response:
        found = review.verdicts()
        return Response(
            {
                "total_feedback": found.total,
                "positive_feedback": found.positive,
                "negative_feedback": found.negative,
                "positive_ratio": found.positive_ratio,
                "feedback_with_edits": found.with_edits,
                "recent_feedback_7d": found.last_week,
                "generated_at": timezone.now(),
            }
        )


class PatternsView(StaffView):
    @extend_schema(
        operation_id="fb_patterns", tags=TAGS, summary="Patterns in one user's ratings",
        description="Computed on the spot; asks the small model where there are edits.",
        parameters=[forms.PatternsQuery], responses={200: forms.Patterns, **REFUSALS},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        asked = query(request, forms.PatternsQuery)
        with unhurried():
            found = patterns_of(asked["user_id"], days=DAYS, min_confidence=asked["min_confidence"])
        return Response(
            {
                "user_id": asked["user_id"],
                "patterns_found": len(found),
                "patterns": [_pattern(one) for one in found],
                "analyzed_at": timezone.now(),
            }
        )


class NegativeView(StaffView):
    @extend_schema(
        operation_id="fb_negative", tags=TAGS, summary="Bad ratings to review", parameters=[forms.NegativeQuery],
        responses={200: forms.Negative, **REFUSALS},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        asked = query(request, forms.NegativeQuery)
        found = review.complaints(**asked)
        items = [
            {
                "feedback_id": one.feedback.pk,
                "message_id": one.feedback.message_id,
                "user_id": one.feedback.user_id,
                "rating": one.feedback.rating,
                "original_text": one.original_text,
                "edited_text": one.feedback.edited_text or None,
                "comment": one.feedback.comment or None,
                "created_at": one.feedback.created_at,
            }
            for one in found
        ]
        told = {"total": len(items), "period_days": asked["days"], "with_edits_only": asked["with_edits_only"]}
        return Response({**told, "items": items})


class PreferencesView(StaffView):
    @extend_schema(
        operation_id="fb_preferences", tags=TAGS, summary="Rules learned from ratings",
        parameters=[forms.PreferencesQuery], responses={200: forms.Preferences, **REFUSALS},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        asked = query(request, forms.PreferencesQuery)
        rows = [
            {
                "memory_id": memory.pk,
                "user_id": memory.user_id,
                "content": memory.content,
                "category": memory.tags.get("category"),
                "source": memory.source,
                "confidence": memory.tags.get("confidence"),
                "created_at": memory.created_at,
            }
            for memory in review.learned_preferences(user_id=asked.get("user_id"), limit=asked["limit"])
        ]
        return Response({"total": len(rows), "preferences": rows})


class RunView(OperatorView):
    @extend_schema(
        operation_id="fb_run", tags=TAGS, summary="Run the learning job now", parameters=[forms.LearningQuery],
        request=None, responses={200: forms.LearningRun, **STARTS},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        asked = body(request, forms.LearningQuery)
        with unhurried():
            run = run_learning(days=asked["days"], min_confidence=asked["min_confidence"])
        ended = run.completed_at or timezone.now()
        failed = bool(run.failures) and not run.learned
        remarks = {} if run.learned or run.failures else {"message": "Nobody has three verdicts in these days."}
        if failed:
            remarks["error"] = "No person's verdicts could be analysed."
        return Response(
            {
                **remarks,
                "job_type": "feedback_learning_batch",
                "started_at": run.started_at,
                "users_processed": len(run.learned) + len(run.failures),
                "total_patterns_found": sum(one.found for one in run.learned),
                "total_rules_created": sum(one.created for one in run.learned),
                "user_results": [_run(one) for one in run.learned if one.created],
                "errors": [{"user_id": user_id, "error": text} for user_id, text in run.failures],
                "status": "failed" if failed else "completed",
                "duration_seconds": round((ended - run.started_at).total_seconds(), 3),
                "completed_at": ended,
            }
        )


class ReprocessView(OperatorView):
    @extend_schema(
        operation_id="fb_reprocess", tags=TAGS, summary="Process recent ratings again",
        description="Nothing is learned twice.", parameters=[forms.ReprocessQuery], request=None,
        responses={200: forms.ReprocessRun, **STARTS},
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        days = body(request, forms.ReprocessQuery)["days"]
        with unhurried():
            done = reprocess(days)
        failed = bool(done.errors) and len(done.errors) == done.processed
        return Response(
            {
                **({"error": "No verdict could be processed."} if failed else {}),
                "job_type": "feedback_reprocessing",
                "started_at": done.started_at,
                "feedback_processed": done.processed,
                "actions_taken": done.learned,
                "errors": [{"feedback_id": known, "error": text} for known, text in done.errors],
                "status": "failed" if failed else "completed",
                "completed_at": timezone.now(),
            }
        )


class AnalyzeView(OperatorView):
    @extend_schema(
        operation_id="fb_analyze", tags=TAGS, summary="Analyse one user", parameters=[forms.AnalyzeQuery], request=None,
        responses={
            200: PolymorphicProxySerializer("AnalyzedUser", [forms.PatternRun, forms.PatternPreview], None),
            **STARTS, 404: ErrorDetail,
        },
    )  # fmt: skip
    def post(self, request: Request, user_id: str) -> Response:
        known = uuid_of(user_id, "user_id")
        asked = body(request, forms.AnalyzeQuery)
        require_account(known)
        if asked["create_rules"]:
            with unhurried():
                learned = learn(known, min_confidence=asked["min_confidence"])
            return Response(_run(learned))
        with unhurried():
            found = patterns_of(known, days=DAYS, min_confidence=asked["min_confidence"])
        patterns = [_pattern(one) for one in found]
        told = {"user_id": known, "preview_mode": True, "patterns_found": len(found), "patterns": patterns}
        return Response({**told, "note": PREVIEW})
