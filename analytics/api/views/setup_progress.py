"""How far the computation of a portfolio is, and its log as a file."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api.serializers import setup_progress as forms
from analytics.services.setup_progress import UNIT, SetupProgress, setup_log, setup_progress
from portfolios.api.callers import user_of
from portfolios.models import Portfolio
from portfolios.services.access import owned_portfolio
from sigmasight.core import clock
from sigmasight.core.api.parameters import query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError


def _overall(progress: SetupProgress) -> dict[str, Any]:
    current = progress.current
    return {
        "current_phase": None if current is None else current.id,
        "current_phase_name": None if current is None else current.name,
        "phases_completed": progress.phases_completed,
        "phases_total": len(progress.phases),
        "percent_complete": progress.percent,
    }


def _phases(progress: SetupProgress) -> list[dict[str, Any]]:
    return [
        {
            "phase_id": phase.id,
            "phase_name": phase.name,
            "status": phase.status,
            "current": phase.current,
            "total": phase.total,
            "unit": UNIT,
            "duration_seconds": phase.seconds,
        }
        for phase in progress.phases
    ]


def _activity(progress: SetupProgress) -> list[dict[str, Any]]:
    return [{"timestamp": line.at, "message": line.message, "level": line.level} for line in progress.log]


class OnboardingStatusView(APIView):
    @extend_schema(
        operation_id="onboardingStatus",
        tags=["Onboarding"],
        summary="Progress of a portfolio's computation",
        description="Of the newest run that covers the portfolio; not_found before the first.",
        responses={200: forms.OnboardingStatus, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        book = owned_portfolio(user_of(request), uuid_of(portfolio_id, "portfolio_id"))
        progress = setup_progress(book)
        known, current = bool(progress.phases), progress.current
        at_work = None if current is None else {"current": current.current, "total": current.total, "unit": UNIT}
        return Response(
            {
                "portfolio_id": book.pk,
                "status": progress.status,
                "started_at": progress.started_at,
                "elapsed_seconds": progress.elapsed_seconds,
                "overall_progress": _overall(progress) if known else None,
                "current_phase_progress": at_work,
                "mode": progress.kind,
                "activity_log": _activity(progress),
                "phases": _phases(progress) if known else None,
            }
        )


class OnboardingLogView(APIView):
    @extend_schema(
        operation_id="onboardingStatusLogs",
        tags=["Onboarding"],
        summary="Log of a portfolio's computation as a file",
        parameters=[forms.SetupLogQuery],
        responses={
            (200, "application/json"): forms.SetupLog,
            (200, "text/plain"): OpenApiResponse(OpenApiTypes.STR),
            401: ErrorDetail,
            404: ErrorDetail,
            422: ValidationError,
        },
    )
    def get(self, request: Request, portfolio_id: str) -> Response | HttpResponse:
        given = query(request, forms.SetupLogQuery)
        book = owned_portfolio(user_of(request), uuid_of(portfolio_id, "portfolio_id"))
        progress = setup_log(book)
        as_json = given["format"].lower() == "json"
        name = f"portfolio_setup_log_{str(book.pk)[:8]}_{clock.now():%Y%m%d_%H%M%S}.{'json' if as_json else 'txt'}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        if as_json:
            return Response(_file(book, progress), headers=headers)
        return HttpResponse(_text(book, progress), content_type="text/plain; charset=utf-8", headers=headers)


def _file(book: Portfolio, progress: SetupProgress) -> dict[str, Any]:
    return {
        "portfolio_id": book.pk,
        "portfolio_name": book.name,
        "started_at": progress.started_at,
        "elapsed_seconds": progress.elapsed_seconds,
        "final_status": progress.status,
        "overall_progress": _overall(progress),
        "phases": _phases(progress),
        "activity_log": _activity(progress),
        "generated_at": clock.now(),
    }


def _text(book: Portfolio, progress: SetupProgress) -> str:
    lines = [
        f"Portfolio: {book.name} ({book.pk})",
        f"Status: {progress.status}, {progress.percent} %",
        f"Started: {progress.started_at:%Y-%m-%d %H:%M:%S} UTC, {progress.elapsed_seconds} s",
        "",
        *(
            f"{phase.name}: {phase.status}" + ("" if phase.seconds is None else f", {phase.seconds} s")
            for phase in progress.phases
        ),
        "",
        *(f"{line.at:%Y-%m-%d %H:%M:%S} {line.level.upper():<7} {line.message}" for line in progress.log),
    ]
    return "\n".join(lines) + "\n"
