"""Staff judge the prices, and have them refreshed where that helps."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.api.serializers import batch_quality as forms
from analytics.api.serializers.batch_runs import PortfolioQuery
from analytics.api.staff import OperatorView
from analytics.services.price_quality import (
    HISTORY_NEEDED,
    PASSING_SCORE,
    PriceQuality,
    price_quality,
    refresh_if_needed,
)
from portfolios.api.callers import user_of
from portfolios.api.staff import StaffView
from sigmasight.core.api.parameters import body, query
from sigmasight.core.api.schema import ErrorDetail, ValidationError

REFUSALS = {401: ErrorDetail, 404: ErrorDetail, 422: ValidationError}
MOST_RECOMMENDED = 3


class BatchDataQualityView(StaffView):
    @extend_schema(
        operation_id="batch_data_quality",
        tags=["Admin batch"],
        summary="Price data health",
        description="Public symbols of open lots, judged in trading days at the last session that is complete.",
        parameters=[PortfolioQuery],
        responses={200: forms.BatchDataQuality, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        found = price_quality(query(request, PortfolioQuery).get("portfolio_id"))
        now = timezone.now()
        answer = {
            "status": found.status,
            "quality_score": found.score,
            "total_symbols": len(found.symbols),
            "validation_timestamp": now,
            "coverage_details": _coverage(found),
            "thresholds": {
                "minimum_coverage": PASSING_SCORE,
                "data_freshness_hours": found.fresh_hours,
                "minimum_historical_days": HISTORY_NEEDED,
            },
            "recommendations": found.recommendations,
            "requested_by": user_of(request).email,
            "request_timestamp": now,
        }
        return Response(answer if found.symbols else {**answer, "message": "No public symbol is held."})


class RefreshDataQualityView(OperatorView):
    @extend_schema(
        operation_id="batch_data_quality_refresh",
        tags=["Admin batch"],
        summary="Refresh prices if needed",
        parameters=[PortfolioQuery],
        request=None,
        responses={
            200: forms.BatchDataQualityRefresh,
            403: ErrorDetail,
            409: ErrorDetail,
            429: ErrorDetail,
            **REFUSALS,
        },
    )
    def post(self, request: Request) -> Response:
        found, run = refresh_if_needed(user_of(request), body(request, PortfolioQuery).get("portfolio_id"))
        return Response(
            {
                "status": "refresh_started" if run else "no_action_needed",
                "message": f"Run {run.id} refreshes the market data." if run else "Prices are current and complete.",
                "current_quality_score": found.score,
                "recommendations": found.recommendations[:MOST_RECOMMENDED],
                "requested_by": user_of(request).email,
                "timestamp": timezone.now(),
            }
        )


def _coverage(found: PriceQuality) -> dict[str, Any]:
    total = len(found.symbols)
    return {
        "current_prices": {
            "coverage_percentage": found.percent(found.current),
            "symbols_with_data": len(found.current),
            "total_symbols": total,
            "missing_symbols": found.outdated,
            "symbol_details": {
                one.symbol: {
                    "has_data": one.is_current,
                    "latest_date": one.latest,
                    "price_count": one.newest_days,
                }
                for one in found.symbols
            },
        },
        "historical_data": {
            "coverage_percentage": found.percent(found.with_history),
            "symbols_with_sufficient_data": len(found.with_history),
            "total_symbols": total,
            "required_days": HISTORY_NEEDED,
            "insufficient_symbols": found.short,
            "symbol_details": {
                one.symbol: {
                    "has_sufficient_data": one.has_history,
                    "historical_days": one.days,
                    "first_date": one.first,
                    "last_date": one.last,
                }
                for one in found.symbols
            },
        },
        "data_freshness": {
            "freshness_percentage": found.percent(found.fresh),
            "fresh_symbols": len(found.fresh),
            "total_symbols": total,
            "freshness_threshold_hours": found.fresh_hours,
            "stale_symbols": found.stale,
            "symbol_details": {
                one.symbol: {
                    "is_fresh": found.is_fresh(one),
                    "latest_date": one.latest,
                    "hours_old": one.hours_old,
                }
                for one in found.symbols
            },
        },
    }
