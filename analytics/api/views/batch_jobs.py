"""Staff refresh what comes from outside, and repair what may be left behind."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.api.serializers import batch_jobs as forms
from analytics.api.serializers.batch_runs import PortfolioQuery
from analytics.api.staff import OperatorView
from analytics.batch.refresh import Collected, start_refresh
from analytics.models import BatchRun
from analytics.services.calculations import run_batch
from analytics.services.upkeep import drop_incomplete_snapshots, restore_tags_of, restore_tags_of_all
from portfolios.api.callers import user_of
from sigmasight.core.api.parameters import body
from sigmasight.core.api.schema import ErrorDetail, ValidationError

REFUSALS = {401: ErrorDetail, 403: ErrorDetail, 409: ErrorDetail, 422: ValidationError, 429: ErrorDetail}


class RefreshMarketDataView(OperatorView):
    @extend_schema(
        operation_id="batch_trigger_market_data",
        tags=["Admin batch"],
        summary="Refresh market data",
        description="Prices, yields, quotes, profiles and statements of everything held, on a worker; nothing is computed.",
        request=None,
        responses={200: forms.JobStarted, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        run = start_refresh(Collected.MARKET_DATA, requested_by=user_of(request))
        return Response(_started(request, run, "Market data of everything held is refreshed."))


class RecomputeCorrelationsView(OperatorView):
    @extend_schema(
        operation_id="batch_trigger_correlations",
        tags=["Admin batch"],
        summary="Recompute correlations",
        description="Correlations belong to the risk analytics of the batch: a run of one portfolio or all is started.",
        parameters=[PortfolioQuery],
        request=None,
        responses={200: forms.JobStarted, 404: ErrorDetail, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        portfolio_id = body(request, PortfolioQuery).get("portfolio_id")
        run = run_batch(user_of(request), portfolio_id=portfolio_id)
        whose = f"portfolio {portfolio_id}" if portfolio_id else "all portfolios"
        return Response(_started(request, run, f"Correlations of {whose} are computed with the batch."))


class RefreshProfilesView(OperatorView):
    @extend_schema(
        operation_id="batch_trigger_profiles",
        tags=["Admin batch"],
        summary="Sync company profiles",
        request=None,
        responses={200: forms.JobStarted, **REFUSALS},
        deprecated=True,
    )
    def post(self, request: Request) -> Response:
        run = start_refresh(Collected.PROFILES, requested_by=user_of(request))
        info = "Every batch run brings profiles that are missing or older than a day; this is needed between runs only."
        return Response(_started(request, run, "Profiles of everything held are refreshed.") | {"info": info})


class RestoreSectorTagsView(OperatorView):
    @extend_schema(
        operation_id="batch_restore_sector_tags",
        tags=["Admin batch"],
        summary="Rebuild sector tags",
        description="At once. Wrong sector tags go, missing ones come; tags that people made are left alone.",
        parameters=[PortfolioQuery],
        request=None,
        responses={
            200: PolymorphicProxySerializer("SectorTagsRestored", [forms.SectorTagsOne, forms.SectorTagsAll], None),
            404: ErrorDetail,
            **REFUSALS,
        },
    )
    def post(self, request: Request) -> Response:
        portfolio_id = body(request, PortfolioQuery).get("portfolio_id")
        if portfolio_id is None:
            every = restore_tags_of_all()
            tags = every.tags
            scope: dict[str, Any] = {"portfolios_processed": every.portfolios, "total_portfolios": every.portfolios}
        else:
            book, tags = restore_tags_of(portfolio_id)
            scope = {
                "portfolio_id": book.pk,
                "portfolio_name": book.name,
                "tags_applied": [
                    {"tag_name": name, "position_count": count} for name, count in tags.tags_applied.items()
                ],
            }
        return Response(
            {
                "status": "completed",
                **scope,
                "positions_tagged": tags.positions_tagged,
                "positions_skipped": tags.positions_skipped,
                "tags_created": tags.tags_created,
                **_signed(request),
            }
        )


class CleanupIncompleteView(OperatorView):
    @extend_schema(
        operation_id="batch_cleanup_incomplete",
        tags=["Admin batch"],
        summary="Drop snapshots that were never completed",
        description="The batch stores a session's snapshot in one piece, so that there is usually nothing to drop.",
        parameters=[forms.CleanupQuery],
        request=None,
        responses={200: forms.CleanupIncomplete, 404: ErrorDetail, **REFUSALS},
    )
    def post(self, request: Request) -> Response:
        given = body(request, forms.CleanupQuery)
        hours, portfolio_id = given["age_threshold_hours"], given.get("portfolio_id")
        dropped = drop_incomplete_snapshots(hours=hours, portfolio_id=portfolio_id)
        return Response(
            {
                "status": "completed",
                "incomplete_found": len(dropped),
                "incomplete_deleted": len(dropped),
                "deleted_ids": dropped,
                "age_threshold_hours": hours,
                "portfolio_id": portfolio_id or "all",
                **_signed(request),
            }
        )


def _started(request: Request, run: BatchRun, message: str) -> dict[str, Any]:
    return {"status": "started", "message": message, "batch_run_id": run.id, **_signed(request)}


def _signed(request: Request) -> dict[str, Any]:
    return {"triggered_by": user_of(request).email, "timestamp": timezone.now()}
