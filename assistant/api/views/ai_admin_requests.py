"""Staff look at what the language models were asked: counts, times, tokens, failures, tools, models."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from assistant.api.serializers import ai_admin_requests as forms
from assistant.services import ai_admin_requests as service
from assistant.services.ai_admin_requests import QUANTILES, Window
from portfolios.api.staff import StaffView
from portfolios.services.onboarding_activity import percent
from sigmasight.core.api.parameters import query
from sigmasight.core.api.schema import ErrorDetail, ValidationError

TAGS = ["Admin AI metrics"]
REFUSALS: dict[Any, Any] = {401: ErrorDetail, 422: ValidationError}
PARAMETERS = [forms.MetricsQuery]


def _window(request: Request) -> Window:
    return Window.of_days(query(request, forms.MetricsQuery)["days"])


def _range(window: Window) -> dict[str, Any]:
    return {"start": window.start, "end": window.end}


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


class MetricsView(StaffView):
    @extend_schema(
        operation_id="ai_metrics", tags=TAGS, summary="Overview", parameters=PARAMETERS,
        responses={200: forms.Metrics, **REFUSALS},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        window = _window(request)
        found = service.overview(window)
        return Response(
            {
                "date_range": _range(window),
                "period_days": window.days,
                "total_requests": found.requests,
                "successful_requests": found.requests - found.failed,
                "failed_requests": found.failed,
                "error_rate": percent(found.failed, found.requests),
                "tool_usage_rate": percent(found.tool_requests, found.requests),
                "avg_latency_ms": _short(found.avg_latency_ms),
                "avg_input_tokens": _short(found.avg_input_tokens),
                "avg_output_tokens": _short(found.avg_output_tokens),
                "total_input_tokens": found.input_tokens,
                "total_output_tokens": found.output_tokens,
                "total_tool_calls": found.tool_calls,
            }
        )


class LatencyView(StaffView):
    @extend_schema(
        operation_id="ai_latency", tags=TAGS, summary="Latency percentiles of successful requests",
        parameters=PARAMETERS, responses={200: forms.LatencyFigures, **REFUSALS},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        window = _window(request)
        found = service.latency(window)
        quantiles = {
            f"p{round(100 * at)}_ms": _short(value) for at, value in zip(QUANTILES, found.quantiles, strict=True)
        }
        return Response(
            {
                "date_range": _range(window),
                "sample_count": found.samples,
                **quantiles,
                "avg_ms": _short(found.average),
                "min_ms": found.least,
                "max_ms": found.most,
                "avg_first_token_ms": _short(found.first_token),
            }
        )


class TokensView(StaffView):
    @extend_schema(
        operation_id="ai_tokens", tags=TAGS, summary="Token use per day", parameters=PARAMETERS,
        responses={200: forms.Tokens, **REFUSALS},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        window = _window(request)
        days = service.tokens_by_day(window)
        return Response(
            {
                "date_range": _range(window),
                "total_input_tokens": sum(day.input_tokens for day in days),
                "total_output_tokens": sum(day.output_tokens for day in days),
                "daily": [
                    {
                        "date": day.date,
                        "total_input_tokens": day.input_tokens,
                        "total_output_tokens": day.output_tokens,
                        "total_tokens": day.total_tokens,
                        "request_count": day.requests,
                        "avg_input_tokens": _short(day.avg_input_tokens),
                        "avg_output_tokens": _short(day.avg_output_tokens),
                    }
                    for day in days
                ],
            }
        )


class ErrorsView(StaffView):
    @extend_schema(
        operation_id="ai_errors", tags=TAGS, summary="Errors by type", parameters=PARAMETERS,
        responses={200: forms.RequestErrors, **REFUSALS},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        window = _window(request)
        requests, kinds = service.failures(window)
        failed = sum(kind.count for kind in kinds)
        return Response(
            {
                "date_range": _range(window),
                "total_errors": failed,
                "error_rate": percent(failed, requests),
                "breakdown": [
                    {
                        "error_type": kind.error_type,
                        "count": kind.count,
                        "percentage": percent(kind.count, failed),
                        "sample_messages": kind.samples,
                    }
                    for kind in kinds
                ],
            }
        )


class ToolsView(StaffView):
    @extend_schema(
        operation_id="ai_tools", tags=TAGS, summary="Tool use", parameters=PARAMETERS,
        responses={200: forms.ToolFigures, **REFUSALS},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        window = _window(request)
        found = service.tools_used(window)
        named = sum(count for _, count in found.by_name)
        return Response(
            {
                "date_range": _range(window),
                "total_tool_calls": found.calls,
                "requests_with_tools": found.requests,
                "avg_tools_per_request": round(found.calls / found.requests, 2) if found.requests else 0,
                "tools": [
                    {"tool_name": name, "call_count": count, "percentage": percent(count, named)}
                    for name, count in found.by_name
                ],
            }
        )


class ModelsView(StaffView):
    @extend_schema(
        operation_id="ai_models", tags=TAGS, summary="Requests by model", parameters=PARAMETERS,
        responses={200: forms.ModelFigures, **REFUSALS},
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        window = _window(request)
        models = service.models_used(window)
        requests = sum(model.requests for model in models)
        return Response(
            {
                "date_range": _range(window),
                "models": [
                    {
                        "model": model.name,
                        "request_count": model.requests,
                        "percentage": percent(model.requests, requests),
                        "avg_latency_ms": _short(model.avg_latency_ms),
                        "avg_tokens": _short(model.avg_tokens),
                    }
                    for model in models
                ],
            }
        )
