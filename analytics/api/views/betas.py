"""Market betas: own fits, the provider's, both side by side, and of several portfolios as one."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api.answers import available, share, totals, unavailable
from analytics.api.serializers import betas as forms
from analytics.api.serializers.selection import PortfolioIdsQuery
from analytics.services.betas import aggregate_betas, beta_comparison, portfolio_betas, provider_beta
from portfolios.api.callers import user_of
from sigmasight.core.api.parameters import query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError

REFUSALS = {401: ErrorDetail, 404: ErrorDetail, 422: ValidationError}


class MarketBetaView(APIView):
    @extend_schema(
        operation_id="getMarketBeta",
        tags=["analytics-portfolio"],
        summary="Single-factor market beta (older spelling)",
        responses={200: forms.MarketBetaResponse, **REFUSALS},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        book = portfolio_betas(user_of(request), uuid_of(portfolio_id, "portfolio_id"))
        found = book.snapshot
        if found["beta_calculated_90d"] is None:
            return unavailable(book.portfolio_id, "No market beta data available", reason=book.engine.get("reason"))
        return available(
            book.portfolio_id,
            book.as_of,
            {
                "market_beta_weighted": found["beta_calculated_90d"],
                "market_beta_r_squared": found["beta_calculated_90d_r_squared"],
                "market_beta_observations": found["beta_calculated_90d_observations"],
                "market_beta_direct": found["beta_portfolio_regression"],
            },
            calculation_method="equity_weighted_average",
            model_type="single_factor_ols",
            coverage=found["beta_coverage"],
        )


class BetaCalculated90dView(APIView):
    @extend_schema(
        operation_id="getBetaCalculated90d",
        tags=["analytics-portfolio"],
        summary="Own 90-day beta",
        responses={200: forms.BetaCalculated90dResponse, **REFUSALS},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        book = portfolio_betas(user_of(request), uuid_of(portfolio_id, "portfolio_id"))
        found = book.snapshot
        if found["beta_calculated_90d"] is None:
            return unavailable(book.portfolio_id, "No calculated beta data available", reason=book.engine.get("reason"))
        return available(
            book.portfolio_id,
            book.as_of,
            {
                "beta_calculated_90d": found["beta_calculated_90d"],
                "beta_calculated_90d_r_squared": found["beta_calculated_90d_r_squared"],
                "beta_calculated_90d_observations": found["beta_calculated_90d_observations"],
            },
            calculation_method="equity_weighted_average_of_position_betas",
            model_type="single_factor_ols",
            window_days=90,
            coverage=found["beta_coverage"],
        )


class BetaProvider1yView(APIView):
    @extend_schema(
        operation_id="getBetaProvider1y",
        tags=["analytics-portfolio"],
        summary="Beta from company profiles",
        responses={200: forms.BetaProvider1yResponse, **REFUSALS},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        book, found = provider_beta(user_of(request), uuid_of(portfolio_id, "portfolio_id"))
        if found is None:
            return unavailable(book.portfolio_id, "No provider beta data available", reason=book.engine.get("reason"))
        return available(
            book.portfolio_id,
            book.as_of,
            found,
            calculation_method="equity_weighted_average_of_company_profile_betas",
            data_source="company_profile_table",
            typical_period="1_year",
        )


class BetaComparisonView(APIView):
    @extend_schema(
        operation_id="getBetaComparison",
        tags=["analytics-portfolio"],
        summary="Provider beta next to own beta, per position",
        responses={200: forms.BetaComparisonResponse, **REFUSALS},
    )
    def get(self, request: Request, portfolio_id: str) -> Response:
        book, lots = beta_comparison(user_of(request), uuid_of(portfolio_id, "portfolio_id"))
        if not lots:
            metadata = {"error": "No positions found for portfolio"}
            return Response(
                {"available": False, "portfolio_id": book.portfolio_id, "positions": None, "metadata": metadata}
            )
        return Response(
            {
                "available": True,
                "portfolio_id": book.portfolio_id,
                "positions": lots,
                "metadata": {
                    "total_positions": len(lots),
                    "positions_with_market_beta": sum(lot.market_beta is not None for lot in lots),
                    "positions_with_calculated_beta": sum(lot.calculated_beta is not None for lot in lots),
                },
            }
        )


class AggregateBetaView(APIView):
    @extend_schema(
        operation_id="getAggregateBeta",
        tags=["analytics-aggregate"],
        summary="Value-weighted beta",
        parameters=[PortfolioIdsQuery],
        responses={200: forms.AggregateBeta, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        given = query(request, PortfolioIdsQuery)
        found = aggregate_betas(user_of(request), given.get("portfolio_ids"))
        selection = found.selection
        answer = {
            "aggregate_beta": found.beta,
            "aggregate_beta_90d": found.beta_90d,
            "aggregate_beta_180d": found.beta_1y,
            "beta_of_covered": found.beta_of_covered,
            "coverage": found.coverage,
            **totals(selection),
            "portfolios": [
                {
                    **share(one),
                    "beta": own.beta,
                    "beta_90d": own.beta_90d,
                    "beta_180d": own.beta_1y,
                    "contribution": own.contribution,
                }
                for one, own in zip(selection.portfolios, found.members, strict=True)
            ],
            "calculation_method": "weighted_average",
            "formula": "sum of weight x beta; value without a beta (private holdings) counts as not moving, see coverage",
        }
        return Response(answer if selection.portfolios else {**answer, "message": "No portfolios found"})


class AggregateBetaDocumentedPathView(AggregateBetaView):
    @extend_schema(
        operation_id="getAggregateBetaDocumentedPath",
        tags=["analytics-aggregate"],
        summary="Older spelling of /analytics/aggregate/beta",
        parameters=[PortfolioIdsQuery],
        responses={200: forms.AggregateBeta, **REFUSALS},
    )
    def get(self, request: Request) -> Response:
        return super().get(request)
