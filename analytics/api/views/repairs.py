"""Super admins repair what the batch computed; staff read back what was done."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.api.serializers import repairs as forms
from analytics.models import BatchRun
from analytics.services.clearing import Scope
from analytics.services.demo_book import expected_positions
from analytics.services.repairs import (
    Computed,
    RepairState,
    clear_calculations,
    compute_missing,
    fix_all,
    repair_state,
    seed_portfolios,
    total_portfolios,
)
from portfolios.api.callers import user_of
from portfolios.api.staff import StaffView, SuperAdminView
from sigmasight.core.api.parameters import body, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError

TAG = "Admin fix"
REFUSALS = {401: ErrorDetail, 403: ErrorDetail, 409: ErrorDetail, 422: ValidationError, 429: ErrorDetail}
WHOSE = (
    "The demo's results only; everybody's with all_portfolios and its confirmation. 409 names a run that is active. What is done "
    "is recorded and can be read back."
)


def _scope(given: dict[str, Any]) -> Scope:
    return Scope(given["all_portfolios"], given.get("start_date"))


def _status_url(run: BatchRun) -> str:
    return f"/api/v1/admin/fix/jobs/{run.id}"


class ClearCalculationsView(SuperAdminView):
    @extend_schema(
        operation_id="fix_clear",
        tags=[TAG],
        summary="Delete computed results",
        description=f"{WHOSE} Prices, profiles and books stay; no lot is purged.",
        parameters=[forms.ClearQuery],
        request=None,
        responses={200: forms.ClearResponse, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        given = body(request, forms.ClearQuery)
        found = clear_calculations(user_of(request), _scope(given), dry_run=given["dry_run"])
        what = f"{found.total} rows of {found.portfolios} portfolios"
        message = f"Nothing was changed: {what} would be deleted." if given["dry_run"] else f"{what} were deleted."
        return Response({"success": True, "message": message, "details": found.report()})


class SeedPortfoliosView(SuperAdminView):
    @extend_schema(
        operation_id="fix_seed",
        tags=[TAG],
        summary="Store what is missing of the demo",
        description="What is there stays. 403 where accounts with a published password are not allowed.",
        parameters=[forms.DryRunQuery],
        request=None,
        responses={200: forms.SeedResponse, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        dry_run = body(request, forms.DryRunQuery)["dry_run"]
        seeded = seed_portfolios(user_of(request), dry_run=dry_run)
        message = f"Nothing was changed; to be seeded: {seeded}." if dry_run else f"Demo seeded: {seeded}."
        details = {"total_portfolios": total_portfolios(), "expected_positions": expected_positions()}
        return Response({"success": True, "message": message, "details": details})


class FixRunBatchView(SuperAdminView):
    @extend_schema(
        operation_id="fix_run_batch",
        tags=[TAG],
        summary="Compute everything that is missing",
        description="On the workers; answers at once with where to read the end. 409 names a run that is active.",
        request=None,
        responses={200: forms.RunBatchResponse, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        run = compute_missing(user_of(request))
        message = f"Run {run.id} was handed to the workers."
        details = {
            "success": True, "message": message, "dates_processed": 0, "job_id": run.id, "status_url": _status_url(run),
        }  # fmt: skip
        return Response({"success": True, "message": message, "details": details})


class FixAllView(SuperAdminView):
    @extend_schema(
        operation_id="fix_all",
        tags=[TAG],
        summary="Delete results, seed the demo, compute everything that is missing",
        description=f"On the workers; answers at once. {WHOSE}",
        parameters=[forms.FixAllQuery],
        request=None,
        responses={200: forms.FixAllStarted, 400: ErrorDetail, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        given = body(request, forms.FixAllQuery)
        run = fix_all(user_of(request), _scope(given), last=given.get("end_date"))
        return Response(
            {
                "success": True,
                "job_id": run.id,
                "message": f"Repair {run.id} was handed to the workers.",
                "status_url": _status_url(run),
            }
        )


class FixJobView(StaffView):
    @extend_schema(
        operation_id="fix_job",
        tags=[TAG],
        summary="State of a repair",
        responses={200: forms.FixJob, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request, job_id: str) -> Response:
        state = repair_state(uuid_of(job_id, "job_id"))
        run = state.run
        return Response(
            {
                "job_id": run.id,
                "job_type": state.job_type,
                "status": state.status,
                "params": {"start_date": run.params.get("start_date"), "end_date": run.params.get("end_date")},
                "created_at": run.created_at,
                "started_at": None if state.status == "pending" else run.started_at,
                "completed_at": run.completed_at,
                "progress": state.progress,
                "result": _result(state) if state.status == "completed" else None,
                "error": state.error,
            }
        )


def _result(state: RepairState) -> dict[str, Any] | None:
    steps = {
        "step1_clear": state.cleared,
        "step2_seed": state.seeded,
        "step3_batch": None if state.computed is None else _batch(state.computed),
    }
    return steps if any(step is not None for step in steps.values()) else None


def _batch(computed: Computed) -> dict[str, Any]:
    done = {"success": computed.success, "dates_processed": computed.sessions, "duration_seconds": computed.seconds}
    return done if computed.sessions else done | {"message": "Everything was complete."}
