"""Lots of the same symbol."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portfolios.api.callers import user_of
from portfolios.api.serializers.positions import position_row
from sigmasight.core.api.parameters import query
from sigmasight.core.api.schema import ErrorDetail, ValidationError
from tagging.api.serializers import duplicates as forms
from tagging.services.duplicates import find_duplicates


class DuplicateCheckView(APIView):
    @extend_schema(
        operation_id="checkDuplicate",
        tags=["Positions"],
        summary="Lots with the same symbol",
        description="A hint only: several lots of one symbol are normal.",
        parameters=[forms.DuplicateQuery],
        responses={200: forms.DuplicateCheck, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request) -> Response:
        asked = query(request, forms.DuplicateQuery)
        found = find_duplicates(
            user_of(request), asked["portfolio_id"], asked["symbol"], asked.get("position_type") or None
        )
        count = len(found.lots)
        held = f"{count} open lot{'' if count == 1 else 's'}" if count else "no open lot"
        return Response(
            {
                "has_duplicates": bool(count),
                "existing_positions": [position_row(lot) for lot in found.lots],
                "total_count": count,
                "tags_to_inherit": found.tag_ids,
                "message": f"The portfolio has {held} of {asked['symbol'].upper()}",
            }
        )
