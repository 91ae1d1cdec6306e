"""Staff start the batch and watch it."""

from __future__ import annotations

from django.utils import timezone
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.api.serializers import batch_runs as forms
from analytics.api.staff import OperatorView
from analytics.services.calculations import run_batch
from analytics.services.run_states import current_run, elapsed_seconds, jobs_of, started_by
from portfolios.api.callers import user_of
from portfolios.api.staff import StaffView
from sigmasight.core.api.parameters import body
from sigmasight.core.api.schema import ErrorDetail, ValidationError
from sigmasight.core.errors import DomainError

POLL_URL = "/api/v1/admin/batch/run/current"
START_RESPONSES = {
    200: forms.BatchStarted, 400: ErrorDetail, 401: ErrorDetail, 403: ErrorDetail, 404: ErrorDetail, 409: ErrorDetail, 422: ValidationError,
    429: ErrorDetail,
}  # fmt: skip


class BatchRunView(OperatorView):
    @extend_schema(
        operation_id="batch_run",
        tags=["Admin batch"],
        summary="Start a batch run",
        description=(
            "Computes the latest session (again) and every session before it that is missing, on the workers; answers at once. "
            "409 names the run that is active; with force it is cancelled instead."
        ),
        parameters=[forms.BatchRunQuery],
        request=None,
        responses=START_RESPONSES,
    )
    def post(self, request: Request) -> Response:
        given = body(request, forms.BatchRunQuery)
        staff = user_of(request)
        dated = "start_date" in given or "end_date" in given
        if given["force_rerun"] and "start_date" not in given:
            raise DomainError(
                "start_date_missing", "force_rerun needs a start_date: the day from which to compute again."
            )
        if dated and not given["force_rerun"]:
            raise DomainError("force_rerun_missing", "start_date and end_date count only with force_rerun=true.")
        run = run_batch(
            staff,
            portfolio_id=given.get("portfolio_id"),
            force=given["force"],
            start_date=given.get("start_date"),
            end_date=given.get("end_date"),
        )
        return Response(
            {
                "status": "started",
                "batch_run_id": run.id,
                "portfolio_id": run.scope_portfolio_id or "all",
                "triggered_by": staff.email,
                "timestamp": timezone.now(),
                "poll_url": POLL_URL,
            }
        )


class BatchRunDocumentedPathView(BatchRunView):
    @extend_schema(
        operation_id="batch_run_documented_path",
        tags=["Admin batch"],
        summary="Documented spelling of /admin/batch/run",
        parameters=[forms.BatchRunQuery],
        request=None,
        responses=START_RESPONSES,
    )
    def post(self, request: Request) -> Response:
        return super().post(request)


class BatchCurrentView(StaffView):
    @extend_schema(
        operation_id="batch_current",
        tags=["Admin batch"],
        summary="What runs now",
        description="For polling every 2 to 5 s. Of several runs the one over all portfolios is told, then the latest.",
        responses={
            200: PolymorphicProxySerializer("BatchCurrent", [forms.BatchIdle, forms.BatchRunning], None),
            401: ErrorDetail,
        },
    )
    def get(self, request: Request) -> Response:
        run = current_run()
        if run is None:
            return Response({"status": "idle", "batch_run_id": None, "message": "No batch run is active."})
        jobs = jobs_of(run)
        return Response(
            {
                "status": "running",
                "batch_run_id": run.id,
                "started_at": run.started_at or run.created_at,
                "elapsed_seconds": round(elapsed_seconds(run), 1),
                "triggered_by": started_by(run),
                "jobs": {
                    "total": jobs.total, "completed": jobs.completed, "failed": jobs.failed, "pending": jobs.pending,
                },
                "current_job": run.current_job or None,
                "current_portfolio": run.current_portfolio or None,
                "progress_percent": jobs.progress,
            }
        )  # fmt: skip
