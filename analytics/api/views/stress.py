"""What the stress scenarios do to one or several books."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api.quality import data_quality
from analytics.api.serializers import stress as forms
from analytics.api.serializers.selection import PortfolioIdsQuery
from analytics.services.missing import Missing
from analytics.services.published import published_book
from analytics.services.selection import select_portfolios
from analytics.services.stress import ScenarioEffect, aggregate_stress_test, stress_test_of
from portfolios.api.callers import user_of
from sigmasight.core.api.parameters import day, query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError


def _scenario(effect: ScenarioEffect) -> dict[str, Any]:
    return {
        "id": effect.scenario_id,
        "name": effect.name,
        "description": effect.description,
        "category": effect.category,
        "severity": effect.severity,
        "impact": {
            "dollar_impact": effect.dollars,
            "percentage_impact": effect.percent,
            "new_portfolio_value": effect.value_after,
        },
        "plausibility_scale": effect.plausibility_scale,
        "mahalanobis_length": effect.length,
        "unbounded_dollar_impact": effect.unbounded,
        "private_dollar_impact": effect.private,
        "direct_dollar_impact": effect.direct,
        "loss_exceeds_equity": effect.exceeds_value,
    }


class StressTestView(APIView):
    @extend_schema(
        operation_id="getStressTest",
        tags=["analytics-portfolio"],
        summary="What every stress scenario does to a portfolio",
        parameters=[forms.StressQuery],
        responses={200: forms.StressTest, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        text = query(request, forms.StressQuery).get("scenarios", "")
        wanted = [part.strip() for part in text.split(",") if part.strip()]
        book = published_book(user_of(request), uuid_of(portfolio_id, "portfolio_id"))
        found = stress_test_of(book.portfolio_id, book.as_of, only=wanted or None)
        requested = {"scenarios_requested": wanted} if wanted else {}
        if isinstance(found, Missing):
            return Response(
                {
                    "available": False,
                    "data": None,
                    "data_quality": data_quality(found),
                    "metadata": {"reason": found.reason, **requested},
                }
            )
        return Response(
            {
                "available": True,
                "data": {
                    "scenarios": [_scenario(effect) | {"impact_type": "correlated"} for effect in found.scenarios],
                    "portfolio_value": found.value,
                    "calculation_date": day(found.session),
                    "coverage": found.coverage,
                    "scenarios_skipped": found.skipped,
                    "uncovered_positions": [{"symbol": symbol, "reason": reason} for symbol, reason in found.uncovered],
                },
                "data_quality": None,
                "metadata": requested or None,
            }
        )


class AggregateStressTestView(APIView):
    @extend_schema(
        operation_id="getAggregateStressTest",
        tags=["analytics-aggregate"],
        summary="Effects of every stress scenario, added over portfolios",
        parameters=[PortfolioIdsQuery],
        responses={200: forms.AggregateStressTest, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request) -> Response:
        asked = query(request, PortfolioIdsQuery)
        selection = select_portfolios(user_of(request), asked.get("portfolio_ids"))
        count = len(selection.portfolios)
        if not count:
            return Response({"available": False, "message": "No portfolios found", "portfolios": []})
        if selection.total_value <= 0:
            return Response({"available": False, "message": "Total portfolio value is zero", "portfolio_count": count})
        found = aggregate_stress_test(selection)
        if found is None:
            text = "No stress test data available for any portfolio"
            return Response({"available": False, "message": text, "portfolio_count": count})
        return Response(
            {
                "available": True,
                "data": {
                    "scenarios": [
                        _scenario(effect) | {"portfolios_included": effect.books} for effect in found.scenarios
                    ],
                    "portfolio_value": selection.total_value,
                    "calculation_date": day(found.session),
                },
                "net_asset_value": selection.total_value,
                "portfolio_count": count,
                "portfolios_with_stress_data": found.books_with_results,
                "calculation_method": "weighted_aggregation",
                "formula": "sum of the dollar effects of the portfolios over their total value",
            }
        )
