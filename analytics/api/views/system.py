"""Figures by day and the retention of rows about operations, for staff."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from django.db import DatabaseError
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.api.serializers import system as forms
from analytics.services.admin_day import close_days
from analytics.services.admin_health import EVENTS, RUNS, admin_health
from analytics.services.daily_metrics import Counted, count_days, coverage, figures_by_day, yesterday
from analytics.services.retention import AI_REQUESTS, RETENTION_DAYS, Holding, clean_up, cutoff_date, holdings
from portfolios.api.callers import user_of
from portfolios.api.staff import StaffView, SuperAdminView
from portfolios.models import AdminSession
from sigmasight.core import clock
from sigmasight.core.api.parameters import body, query
from sigmasight.core.api.schema import ErrorDetail, ValidationError

log = logging.getLogger(__name__)
TAG = "Admin system"
SESSIONS = AdminSession._meta.db_table
REFUSALS = {401: ErrorDetail, 422: ValidationError}
WRITE_REFUSALS = {**REFUSALS, 403: ErrorDetail, 429: ErrorDetail}


class HealthView(StaffView):
    @extend_schema(
        operation_id="sys_health",
        tags=[TAG],
        summary="State of the tables of operations",
        responses={200: forms.AdminHealth, 401: ErrorDetail},
    )
    def get(self, request: Request) -> Response:
        try:
            state = admin_health()
        except DatabaseError:
            log.exception("the tables of operations cannot be read")
            return Response(_unreadable())
        recent = {name: state.tables[name].recent for name in (EVENTS, AI_REQUESTS, RUNS)}
        return Response(
            {
                "status": state.status,
                "timestamp": clock.now(),
                "database": {"connected": True, "tables": state.rows},
                "activity": {
                    "events_24h": recent[EVENTS],
                    "ai_requests_24h": recent[AI_REQUESTS],
                    "batch_runs_24h": recent[RUNS],
                },
                "retention": {
                    "retention_days": RETENTION_DAYS,
                    "all_compliant": state.compliant,
                    "tables": {name: holding.compliant for name, holding in state.tables.items()},
                },
            }
        )


def _unreadable() -> dict[str, Any]:
    return {
        "status": "unhealthy",
        "timestamp": clock.now(),
        "database": {"connected": False, "tables": {}},
        "activity": {},
        "retention": {},
        "error": "The tables of operations cannot be read; the server's log says why.",
    }


class AggregationStatusView(StaffView):
    @extend_schema(
        operation_id="sys_aggregation",
        tags=[TAG],
        summary="Which days have figures",
        description="Whole days in New York, up to yesterday.",
        parameters=[forms.CoverageQuery],
        responses={200: forms.AggregationStatus, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        found = coverage(query(request, forms.CoverageQuery)["days"])
        return Response(
            {
                "total_metrics": found.rows,
                "days_checked": len(found.days),
                "aggregated_dates": found.counted,
                "missing_dates": found.missing,
                "coverage_percent": found.percent,
            }
        )


class RetentionStatusView(StaffView):
    @extend_schema(
        operation_id="sys_retention",
        tags=[TAG],
        summary="Whether rows are deleted in time",
        responses={200: forms.RetentionStatus, 401: ErrorDetail},
    )
    def get(self, request: Request) -> Response:
        tables = holdings()
        return Response(
            {
                "retention_days": RETENTION_DAYS,
                "cutoff_date": cutoff_date(),
                "tables": {name: _retention_of(holding) for name, holding in tables.items()},
                "all_compliant": all(holding.compliant for holding in tables.values()),
            }
        )


def _retention_of(holding: Holding) -> dict[str, Any]:
    if holding.table == SESSIONS:
        return {
            "expired_sessions": holding.past,
            "total_sessions": holding.total,
            "session_retention_days": holding.days,
            "compliant": holding.compliant,
        }
    return {
        "oldest_record": holding.oldest,
        "records_past_retention": holding.past,
        "total_records": holding.total,
        "retention_days": holding.days,
        "compliant": holding.compliant,
    }


class CleanupView(SuperAdminView):
    @extend_schema(
        operation_id="sys_cleanup",
        tags=[TAG],
        summary="Delete old rows now",
        description="Activity, requests to providers and runs after 30 days; sessions 7 days after they expired; what expires "
        "by itself.",
        request=None,
        responses={200: forms.CleanupResponse, **WRITE_REFUSALS},
    )
    def post(self, request: Request) -> Response:
        deleted = clean_up()
        return Response(
            {
                "success": True,
                "triggered_by": user_of(request).email,
                "timestamp": clock.now(),
                "deleted": deleted,
                "total_deleted": sum(deleted.values()),
            }
        )


class AggregateView(SuperAdminView):
    @extend_schema(
        operation_id="sys_aggregate",
        tags=[TAG],
        summary="Count days now",
        description="Doing it again gives the same rows.",
        parameters=[forms.AggregateQuery],
        request=None,
        responses={200: forms.AggregateResponse, **WRITE_REFUSALS},
    )
    def post(self, request: Request) -> Response:
        given = body(request, forms.AggregateQuery)
        counted = count_days(given.get("target_date") or yesterday(), given["days"])
        return Response(
            {
                "success": not any(day.errors for day in counted),
                "triggered_by": user_of(request).email,
                "timestamp": clock.now(),
                "aggregations": _aggregations(counted),
                "total_metrics_saved": sum(day.saved for day in counted),
            }
        )


class ChoresView(SuperAdminView):
    @extend_schema(
        operation_id="sys_run_batch",
        tags=[TAG],
        summary="Count days and delete old rows now",
        parameters=[forms.ChoresQuery],
        request=None,
        responses={200: forms.ChoresResponse, **WRITE_REFUSALS},
    )
    def post(self, request: Request) -> Response:
        given = body(request, forms.ChoresQuery)
        done = close_days(given["aggregate_days"], cleanup=given["run_cleanup"])
        return Response(
            {
                "success": not done.errors,
                "triggered_by": user_of(request).email,
                "result": {
                    "started_at": done.started_at,
                    "completed_at": done.completed_at,
                    "success": not done.errors,
                    "aggregation": _aggregations(done.counted),
                    "cleanup": done.cleanup,
                    "errors": done.errors,
                    "duration_seconds": done.seconds,
                },
            }
        )


def _aggregations(counted: Iterable[Counted]) -> list[dict[str, Any]]:
    return [
        {
            "date": day.date,
            "metrics_saved": day.saved,
            "categories": {name: {"metrics": count, "saved": count} for name, count in day.categories.items()},
        }
        for day in counted
    ]


class DailyMetricsView(StaffView):
    @extend_schema(
        operation_id="sys_daily",
        tags=[TAG],
        summary="Figures by day",
        parameters=[forms.MetricsQuery],
        responses={200: forms.DailyMetrics, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        asked = query(request, forms.MetricsQuery)
        prefix = asked.get("metric_type", "")
        figures = figures_by_day(asked["days"], prefix)
        return Response(
            {
                "days": asked["days"],
                "metric_type_filter": prefix or None,
                "dates_count": len(figures),
                "metrics_count": sum(len(day) for day in figures.values()),
                "data": figures,
            }
        )
