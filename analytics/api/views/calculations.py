"""Owners start the calculations of a portfolio and poll them."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api.serializers import calculations as forms
from analytics.services.calculations import calculate_own_portfolio
from analytics.services.preparation import preparation
from analytics.services.run_states import RunState, own_run_state
from portfolios.api.callers import user_of
from sigmasight.core.api.parameters import body, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError
from sigmasight.core.api.throttles import ScopeThrottle

REFUSALS = {401: ErrorDetail, 404: ErrorDetail, 422: ValidationError}
START_REFUSALS = {**REFUSALS, 409: ErrorDetail, 429: ErrorDetail}
ONE_AT_A_TIME = (
    "Computes the latest session (again) and every session before it that is missing, on the workers; answers at once. "
    "409 names the run that is active."
)


class CalculateView(APIView):
    throttle_classes = (ScopeThrottle,)
    throttle_scope = "trigger"

    @extend_schema(
        operation_id="calculatePortfolio",
        tags=["Portfolios"],
        summary="Start batch calculations for own portfolio",
        description=ONE_AT_A_TIME,
        request=None,
        responses={200: forms.CalculationStart, **START_REFUSALS},
    )
    def post(self, request: Request, portfolio_id: str) -> Response:
        run = calculate_own_portfolio(user_of(request), uuid_of(portfolio_id, "portfolio_id"))
        return Response(
            {
                "portfolio_id": run.scope_portfolio_id,
                "batch_run_id": run.id,
                "status": "started",
                "message": f"Poll /api/v1/portfolios/{run.scope_portfolio_id}/batch-status/{run.id}",
            }
        )


class CalculationStatusView(APIView):
    @extend_schema(
        operation_id="portfolioBatchStatus",
        tags=["Portfolios"],
        summary="Poll a calculation run",
        description="Partly completed runs are completed, cancelled and dead ones failed.",
        responses={200: forms.BatchStatus, **REFUSALS},
    )
    def get(self, request: Request, portfolio_id: str, batch_run_id: str) -> Response:
        state = _state(request, portfolio_id, batch_run_id)
        return Response(_rendered(state) | {"elapsed_seconds": int(state.elapsed)})


class TriggerCalculationsView(APIView):
    throttle_classes = (ScopeThrottle,)
    throttle_scope = "trigger"

    @extend_schema(
        operation_id="triggerPortfolioCalculations",
        tags=["analytics-portfolio"],
        summary="Start the batch for one portfolio and see what its symbols have",
        description=f"{ONE_AT_A_TIME} With force a run of this portfolio is cancelled first; a run of all is waited for.",
        parameters=[forms.CalculateQuery],
        request=None,
        responses={202: forms.CalculateAccepted, **START_REFUSALS},
    )
    def post(self, request: Request, portfolio_id: str) -> Response:
        given = body(request, forms.CalculateQuery)
        run = calculate_own_portfolio(user_of(request), uuid_of(portfolio_id, "portfolio_id"), force=given["force"])
        before = preparation(run)
        return Response(
            {
                "status": "started",
                "batch_run_id": run.id,
                "portfolio_id": run.scope_portfolio_id,
                "preprocessing": {
                    "symbols_count": before.symbols,
                    "security_master_enriched": before.described,
                    "prices_bootstrapped": before.priced,
                    "price_coverage_percentage": before.coverage,
                    "ready_for_batch": before.is_ready,
                    "warnings": before.warnings,
                    "recommendations": before.recommendations,
                },
                "message": f"Calculations up to {run.target_to} started.",
                "poll_url": f"/api/v1/analytics/portfolio/{run.scope_portfolio_id}/batch-status/{run.id}",
            },
            status=status.HTTP_202_ACCEPTED,
        )


class AnalyticsBatchStatusView(APIView):
    @extend_schema(
        operation_id="getPortfolioBatchStatus",
        tags=["analytics-portfolio"],
        summary="Poll a batch run",
        description="Partly completed runs are completed, cancelled and dead ones failed.",
        responses={200: forms.PreciseBatchStatus, **REFUSALS},
    )
    def get(self, request: Request, portfolio_id: str, batch_run_id: str) -> Response:
        state = _state(request, portfolio_id, batch_run_id)
        return Response(_rendered(state) | {"elapsed_seconds": round(state.elapsed, 1)})


def _state(request: Request, portfolio_id: str, batch_run_id: str) -> RunState:
    return own_run_state(user_of(request), uuid_of(portfolio_id, "portfolio_id"), uuid_of(batch_run_id, "batch_run_id"))


def _rendered(state: RunState) -> dict[str, object]:
    return {
        "status": state.status,
        "batch_run_id": state.run_id,
        "portfolio_id": state.portfolio_id,
        "started_at": state.started_at,
        "triggered_by": state.triggered_by,
    }
