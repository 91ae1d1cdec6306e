"""Searching symbols."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.api.serializers import equity_search as forms
from analytics.services.equity_search import CONDITIONS, SearchedEquity, search_equities, search_filters
from sigmasight.core.api.parameters import query
from sigmasight.core.api.schema import ErrorDetail, ValidationError

ITEM_KEYS = tuple(field.name for field in fields(SearchedEquity))
BILLION = 1_000_000_000
MARKET_CAP_RANGES = (
    ("Mega cap (over $200B)", 200 * BILLION, None),
    ("Large cap ($10B to $200B)", 10 * BILLION, 200 * BILLION),
    ("Mid cap ($2B to $10B)", 2 * BILLION, 10 * BILLION),
    ("Small cap ($300M to $2B)", 3 * BILLION // 10, 2 * BILLION),
    ("Micro cap (under $300M)", None, 3 * BILLION // 10),
)


class EquitySearchView(APIView):
    @extend_schema(
        operation_id="equitySearch",
        tags=["Equity search"],
        summary="Search the symbol universe",
        description="Unknown values stand last in either direction, ties by symbol.",
        parameters=[forms.EquitySearchQuery],
        responses={200: forms.EquitySearch, 400: ErrorDetail, 401: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request) -> Response:
        given = query(request, forms.EquitySearchQuery)
        filters = _filters(given)
        page = search_equities(
            filters,
            period=given["period"],
            sort_by=given["sort_by"],
            descending=given["sort_order"] == "desc",
            limit=given["limit"],
            offset=given["offset"],
        )
        return Response(
            {
                "items": [{key: getattr(item, key) for key in ITEM_KEYS} for item in page.items],
                "total_count": page.total,
                "filters_applied": filters,
                "period": given["period"],
                "sort_by": given["sort_by"],
                "sort_order": given["sort_order"],
                "metrics_date": page.metrics_date,
            }
        )


def _filters(given: dict[str, Any]) -> dict[str, Any]:
    """Those that were given, lists taken apart."""
    filters = {name: given.get(name) for name in CONDITIONS}
    for name in ("sectors", "industries"):
        filters[name] = [part.strip() for part in (filters[name] or "").split(",") if part.strip()] or None
    return {name: value for name, value in filters.items() if value is not None}


class EquityFiltersView(APIView):
    @extend_schema(
        operation_id="equitySearchFilters",
        tags=["Equity search"],
        summary="Values for the filter boxes",
        responses={200: forms.EquityFilters, 401: ErrorDetail},
    )
    def get(self, request: Request) -> Response:
        found = search_filters()
        ranges = [{"label": name, "min_value": low, "max_value": high} for name, low, high in MARKET_CAP_RANGES]
        return Response({"sectors": found.sectors, "industries": found.industries, "market_cap_ranges": ranges})
