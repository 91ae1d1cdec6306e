"""Staff look at past runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.api.serializers import batch_history as forms
from analytics.models import BatchLogEntry, BatchRun
from analytics.services.run_history import (
    history_figures,
    listed_status,
    past_run,
    past_runs,
    run_log,
    run_log_length,
    run_seconds,
)
from analytics.services.run_states import jobs_of, started_by
from portfolios.api.staff import StaffView
from sigmasight.core.api.parameters import query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError

REFUSALS = {401: ErrorDetail, 422: ValidationError}


class BatchHistoryView(StaffView):
    @extend_schema(
        operation_id="batch_history",
        tags=["Admin batch"],
        summary="Past runs",
        parameters=[forms.HistoryQuery],
        responses={200: forms.BatchHistory, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        given = query(request, forms.HistoryQuery)
        wanted = given.get("status")
        runs = past_runs(given["days"], status=wanted, most=given["limit"])
        return Response(
            {
                "success": True,
                "total_count": len(runs),
                "days": given["days"],
                "status_filter": wanted,
                "runs": [
                    _head(run)
                    | {
                        "id": run.id,
                        "total_jobs": run.total_jobs,
                        "completed_jobs": run.completed_jobs,
                        "failed_jobs": run.failed_jobs,
                        "duration_seconds": run_seconds(run),
                        "phase_durations": run.phase_durations,
                        "has_errors": run.error_summary is not None,
                    }
                    for run in runs
                ],
            }
        )


class BatchHistorySummaryView(StaffView):
    @extend_schema(
        operation_id="batch_history_summary",
        tags=["Admin batch"],
        summary="Figures over past runs",
        parameters=[forms.PeriodQuery],
        responses={200: forms.BatchHistorySummary, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        days = query(request, forms.PeriodQuery)["days"]
        found = history_figures(days)
        latest = found.latest
        return Response(
            {
                "period_days": days,
                "total_runs": found.total,
                "status_breakdown": found.by_status,
                "success_rate_percent": found.success_rate,
                "avg_duration_seconds": found.mean_seconds,
                "most_recent": None
                if latest is None
                else {
                    "batch_run_id": latest.id,
                    "status": listed_status(latest),
                    "started_at": latest.started_at,
                },
            }
        )


class BatchHistoryOneView(StaffView):
    @extend_schema(
        operation_id="batch_history_one",
        tags=["Admin batch"],
        summary="One past run",
        responses={200: forms.BatchRunDetail, 404: ErrorDetail, **REFUSALS},
    )
    def get(self, request: Request, batch_run_id: str) -> Response:
        run = past_run(uuid_of(batch_run_id, "batch_run_id"))
        jobs = jobs_of(run)
        return Response(
            _head(run)
            | {
                "id": run.id,
                "jobs": {
                    "total": jobs.total,
                    "completed": jobs.completed,
                    "failed": jobs.failed,
                    "success_rate": jobs.success_rate,
                },
                "duration_seconds": run_seconds(run),
                "phase_durations": run.phase_durations,
                "error_summary": run.error_summary,
                "created_at": run.created_at,
            }
        )


class BatchHistoryLogView(StaffView):
    @extend_schema(
        operation_id="batch_history_logs",
        tags=["Admin batch"],
        summary="Activity log of a run",
        description="With format=txt the answer is a text file to download.",
        parameters=[forms.LogQuery],
        responses={
            (200, "application/json"): forms.BatchRunLog,
            (200, "text/plain"): OpenApiResponse(OpenApiTypes.STR),
            404: ErrorDetail,
            **REFUSALS,
        },
    )
    def get(self, request: Request, batch_run_id: str) -> Response | HttpResponse:
        given = query(request, forms.LogQuery)
        run = past_run(uuid_of(batch_run_id, "batch_run_id"))
        if given["count_only"]:
            return Response({"batch_run_id": run.id, "log_entry_count": run_log_length(run)})
        lines = run_log(run)
        if given["format"] == "txt":
            name = f"batch-run-{run.id}.txt"
            headers = {"Content-Disposition": f'attachment; filename="{name}"'}
            return HttpResponse(_text(run, lines), content_type="text/plain; charset=utf-8", headers=headers)
        return Response(
            _head(run)
            | {
                "total_jobs": run.total_jobs,
                "completed_jobs": run.completed_jobs,
                "failed_jobs": run.failed_jobs,
                "log_entry_count": len(lines),
                "activity_log": [
                    {"timestamp": line.at, "message": line.message, "level": line.level} for line in lines
                ],
            }
        )


def _head(run: BatchRun) -> dict[str, Any]:
    return {
        "batch_run_id": run.id,
        "triggered_by": started_by(run),
        "started_at": run.started_at,
        "completed_at": run.completed_at,
        "status": listed_status(run),
    }


def _text(run: BatchRun, lines: Sequence[BatchLogEntry]) -> str:
    return "".join(
        [
            f"Run {run.id}, {listed_status(run)}, started by {started_by(run)}\n",
            f"{run.completed_jobs} of {run.total_jobs} jobs, {run.failed_jobs} failed\n\n",
            *(f"{line.at:%Y-%m-%d %H:%M:%S}Z {line.level.upper():<7} {line.message}\n" for line in lines),
        ]
    )
