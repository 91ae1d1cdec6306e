"""Sector tags on demand."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portfolios.api.callers import user_of
from portfolios.models import Portfolio, User
from portfolios.services.access import owned_portfolio, owned_portfolios
from sigmasight.core.api.errors import Unprocessable, issue
from sigmasight.core.api.parameters import body
from sigmasight.core.api.schema import ErrorDetail, ValidationError
from tagging.api.serializers import sectors as forms
from tagging.services.sectors import restore_sector_tags


def _only_portfolio(user: User) -> Portfolio:
    books = owned_portfolios(user)
    if len(books) != 1:
        text = "portfolio_id is needed: you have none or several portfolios."
        raise Unprocessable([issue(("query", "portfolio_id"), text, kind="missing")])
    return books[0]


class RestoreSectorTagsView(APIView):
    @extend_schema(
        operation_id="dataRestoreSectorTags",
        tags=["Data"],
        summary="Rebuild the sector tags of a portfolio",
        description=(
            "Takes all sector tags off the open lots and puts on each the tag of its company's sector, as the nightly run does. "
            "Lots without a known sector (funds, options, private holdings) are left without one."
        ),
        request=forms.RestoreSectorTags,
        responses={200: forms.SectorTagRestore, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def post(self, request: Request) -> Response:
        given = body(request, forms.RestoreSectorTags)
        user = user_of(request)
        portfolio_id = given.get("portfolio_id")
        book = owned_portfolio(user, portfolio_id) if portfolio_id else _only_portfolio(user)
        restored = restore_sector_tags([book.pk])
        return Response(
            {
                "success": True,
                "portfolio_id": book.pk,
                "portfolio_name": book.name,
                "positions_tagged": restored.positions_tagged,
                "positions_skipped": restored.positions_skipped,
                "tags_created": restored.tags_created,
                "tags_applied": [
                    {"tag_name": name, "position_count": count} for name, count in restored.tags_applied.items()
                ],
            }
        )
