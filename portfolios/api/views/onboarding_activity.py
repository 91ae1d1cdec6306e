"""The way of people from registering to a first portfolio, for staff."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from portfolios.api.serializers import onboarding_activity as forms
from portfolios.api.staff import StaffView
from portfolios.models import UserActivityEvent
from portfolios.services.onboarding_activity import (
    Window,
    errors,
    events_by_day,
    funnel,
    latest_events,
    percent,
)
from sigmasight.core.api.parameters import query
from sigmasight.core.api.schema import ErrorDetail, ValidationError

TAG = "Admin onboarding analytics"
# Columns of the daily table and the events they count.
DAILY = {
    "register_starts": "onboarding.register_start",
    "register_completes": "onboarding.register_complete",
    "login_successes": "onboarding.login_success",
    "login_errors": "onboarding.login_error",
    "portfolio_starts": "onboarding.portfolio_start",
    "portfolio_completes": "onboarding.portfolio_complete",
}


def _window(request: Request) -> tuple[int, Window]:
    days = query(request, forms.WindowQuery)["days"]
    return days, Window.of_days(days)


def _range(window: Window) -> dict[str, Any]:
    return {"start": window.start, "end": window.end}


class FunnelView(StaffView):
    @extend_schema(
        operation_id="ob_funnel",
        tags=[TAG],
        summary="Registration funnel",
        parameters=[forms.WindowQuery],
        responses={200: forms.OnboardingFunnel, 401: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request) -> Response:
        days, window = _window(request)
        steps = funnel(window)
        started, completed = steps[0].count, steps[-1].count
        return Response(
            {
                "date_range": _range(window),
                "period_days": days,
                "total_register_starts": started,
                "total_portfolio_completes": completed,
                "total_started": started,
                "total_completed": completed,
                "overall_conversion_rate": percent(completed, started),
                "steps": [
                    {
                        "step": step.name,
                        "event_type": step.event_type,
                        "count": step.count,
                        "conversion_rate": step.of_first,
                    }
                    for step in steps
                ],
                "funnel_steps": [
                    {
                        "step": step.name,
                        "count": step.count,
                        "conversion_rate": step.of_previous,
                        "drop_off_rate": step.lost,
                    }
                    for step in steps
                ],
            }
        )


class ErrorsView(StaffView):
    @extend_schema(
        operation_id="ob_errors",
        tags=[TAG],
        summary="Errors by code",
        parameters=[forms.WindowQuery],
        responses={200: forms.OnboardingErrors, 401: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request) -> Response:
        _, window = _window(request)
        found = errors(window)
        return Response(
            {
                "date_range": _range(window),
                "total_errors": sum(one.count for one in found),
                "breakdown": [
                    {
                        "error_code": one.error_code,
                        "event_type": one.event_type,
                        "count": one.count,
                        "percentage": one.share,
                        "sample_messages": one.messages,
                    }
                    for one in found
                ],
            }
        )


class DailyView(StaffView):
    @extend_schema(
        operation_id="ob_daily",
        tags=[TAG],
        summary="Counts per day",
        description="Every day (UTC) of the window, ascending.",
        parameters=[forms.WindowQuery],
        responses={200: forms.OnboardingDaily, 401: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request) -> Response:
        days, window = _window(request)
        counted = events_by_day(window)
        return Response(
            {
                "date_range": _range(window),
                "period_days": days,
                "metrics": [
                    {"date": day, **{name: counts.get(event_type, 0) for name, event_type in DAILY.items()}}
                    for day, counts in counted.items()
                ],
                "trends": [{"date": day, "events": counts} for day, counts in counted.items()],
            }
        )


class EventsView(StaffView):
    @extend_schema(
        operation_id="ob_events",
        tags=[TAG],
        summary="Recent activity events",
        description="Newest first, all categories.",
        parameters=[forms.EventsQuery],
        responses={200: forms.ActivityEvents, 401: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request) -> Response:
        asked = query(request, forms.EventsQuery)
        found = latest_events(asked["limit"], event_type=asked.get("event_type", ""), error_only=asked["error_only"])
        events = [_event(event) for event in found]
        return Response({"total": len(events), "total_count": len(events), "events": events})


def _event(event: UserActivityEvent) -> dict[str, Any]:
    return {
        "id": event.pk,
        "user_id": event.user_id,
        "session_id": event.session_id or None,
        "event_type": event.event_type,
        "event_category": event.event_category,
        "event_data": event.event_data,
        "error_code": event.error_code or None,
        "error_message": event.error_message or None,
        "ip_address": event.ip_address,
        "created_at": event.created_at,
    }
