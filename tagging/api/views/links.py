"""Tags on lots, seen from the lot and from the tag."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portfolios.api.callers import user_of
from sigmasight.core.api.parameters import body, query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError
from tagging.api.serializers import links as forms
from tagging.services.links import (
    assign_tags,
    positions_with_tag,
    remove_tags,
    tags_for_symbol,
    tags_of_position,
)

EXAMPLE = OpenApiExample(
    "one tag", value={"tag_ids": ["6f9619ff-8b86-d011-b42d-00cf4fc964ff"], "replace_existing": False}, request_only=True
)


def _assigned(linked: Sequence[UUID]) -> Response:
    return Response(
        {"message": f"Assigned {len(linked)} tags to position", "assigned_count": len(linked), "tag_ids": linked}
    )


def _removed(count: int) -> Response:
    return Response({"message": f"Removed {count} tags from position", "removed_count": count})


class PositionTagsView(APIView):
    @extend_schema(
        operation_id="listPositionTags",
        tags=["Position tags"],
        summary="Tags of a lot, by display_order and name",
        responses={200: forms.TagSummary(many=True), 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request, position_id: str) -> Response:
        tags = tags_of_position(user_of(request), uuid_of(position_id, "position_id"))
        return Response(
            [
                {"id": tag.pk, "name": tag.name, "color": tag.color, "description": tag.description or None}
                for tag in tags
            ]
        )

    @extend_schema(
        operation_id="assignTagsToPosition",
        tags=["Position tags"],
        summary="Put tags on a lot",
        description="All or nothing: every tag must be the caller's. Archived tags and those the lot carries are passed over.",
        request=forms.AssignTags,
        responses={200: forms.AssignedTags, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
        examples=[EXAMPLE],
    )
    def post(self, request: Request, position_id: str) -> Response:
        lot = uuid_of(position_id, "position_id")
        given = body(request, forms.AssignTags)
        return _assigned(assign_tags(user_of(request), lot, given["tag_ids"], replace=given["replace_existing"]))

    @extend_schema(
        operation_id="replacePositionTags",
        tags=["Position tags"],
        summary="Set the tags of a lot",
        description="The lot carries these tags afterwards and no others; an empty list takes all off.",
        request=forms.AssignTags,
        responses={200: forms.AssignedTags, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
        examples=[EXAMPLE],
    )
    def patch(self, request: Request, position_id: str) -> Response:
        lot = uuid_of(position_id, "position_id")
        given = body(request, forms.AssignTags)
        return _assigned(assign_tags(user_of(request), lot, given["tag_ids"], replace=True))

    @extend_schema(
        operation_id="removeTagsFromPosition",
        tags=["Position tags"],
        summary="Take tags off a lot (repeat tag_ids, or send a body)",
        parameters=[forms.RemoveTags],
        request=None,
        responses={200: forms.RemovedTags, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def delete(self, request: Request, position_id: str) -> Response:
        lot = uuid_of(position_id, "position_id")
        given = body(request, forms.RemoveTags)
        return _removed(remove_tags(user_of(request), [lot], given["tag_ids"]))


class RemovePositionTagsView(APIView):
    @extend_schema(
        operation_id="removeTagsFromPositionPost",
        tags=["Position tags"],
        summary="Take tags off a lot",
        request=forms.RemoveTags,
        responses={200: forms.RemovedTags, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def post(self, request: Request, position_id: str) -> Response:
        lot = uuid_of(position_id, "position_id")
        given = body(request, forms.RemoveTags)
        return _removed(remove_tags(user_of(request), [lot], given["tag_ids"]))


class TagPositionsView(APIView):
    @extend_schema(
        operation_id="listPositionsByTag",
        tags=["Position tags"],
        summary="Lots that carry a tag, by symbol",
        parameters=[forms.PositionsByTagQuery],
        responses={200: forms.PositionsByTag, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request, tag_id: str) -> Response:
        wanted = uuid_of(tag_id, "tag_id")
        asked = query(request, forms.PositionsByTagQuery)
        tag, lots = positions_with_tag(user_of(request), wanted, asked.get("portfolio_id"))
        found = list(lots.values("id", "symbol", "position_type", "quantity", "portfolio_id", "investment_class"))
        return Response({"tag_id": tag.pk, "tag_name": tag.name, "positions": found, "total": len(found)})


class TagsForSymbolView(APIView):
    @extend_schema(
        operation_id="tagsForSymbol",
        tags=["Position tags"],
        summary="Ids of the tags on a portfolio's lots of a symbol",
        parameters=[forms.TagsForSymbolQuery],
        responses={
            200: {"type": "array", "items": {"type": "string", "format": "uuid"}},
            401: ErrorDetail,
            404: ErrorDetail,
            422: ValidationError,
        },
    )
    def get(self, request: Request) -> Response:
        asked = query(request, forms.TagsForSymbolQuery)
        return Response(tags_for_symbol(user_of(request), asked["portfolio_id"], asked["symbol"]))
