"""Links between lots and tags as things of their own."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portfolios.api.callers import user_of
from sigmasight.core.api.idempotency import idempotent
from sigmasight.core.api.parameters import body, query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError
from tagging.api.serializers import links as forms
from tagging.models import PositionTag
from tagging.services.links import link_tag, list_links, remove_link, remove_tags, tag_positions


def _link(link: PositionTag) -> dict[str, Any]:
    return {
        "id": link.pk,
        "position_id": link.position_id,
        "tag_id": link.tag_id,
        "assigned_at": link.created_at,
        "assigned_by": link.assigned_by_id,
    }


class PositionTagLinksView(APIView):
    @extend_schema(
        operation_id="listPositionTagsDocumented",
        tags=["Position tags"],
        summary="Links of the caller's lots, newest first",
        parameters=[forms.PositionTagQuery],
        responses={200: forms.PositionTag(many=True), 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request) -> Response:
        asked = query(request, forms.PositionTagQuery)
        return Response([_link(link) for link in list_links(user_of(request), **asked)])

    @extend_schema(
        operation_id="createPositionTagDocumented",
        tags=["Position tags"],
        summary="Put one tag on one lot",
        description="A link that is there already is answered again.",
        request=forms.PositionTagCreate,
        responses={
            201: forms.PositionTag, 401: ErrorDetail, 404: ErrorDetail, 409: ErrorDetail, 422: ValidationError,
        },
    )  # fmt: skip
    @idempotent
    def post(self, request: Request) -> Response:
        given = body(request, forms.PositionTagCreate)
        return Response(_link(link_tag(user_of(request), given["position_id"], given["tag_id"])), status=201)


class PositionTagLinkView(APIView):
    @extend_schema(
        operation_id="deletePositionTagDocumented",
        tags=["Position tags"],
        summary="Remove one link",
        request=None,
        responses={200: forms.RemovedTags, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def delete(self, request: Request, position_tag_id: str) -> Response:
        remove_link(user_of(request), uuid_of(position_tag_id, "position_tag_id"))
        return Response({"message": "Removed 1 tag from position", "removed_count": 1})


class PositionTagBulkView(APIView):
    @extend_schema(
        operation_id="bulkCreatePositionTagsDocumented",
        tags=["Position tags"],
        summary="Put every one of the tags on every one of the lots",
        request=forms.PositionTagBulk,
        responses={200: forms.AssignedTags, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = body(request, forms.PositionTagBulk)
        count, tag_ids = tag_positions(user_of(request), given["position_ids"], given["tag_ids"])
        lots = len(set(given["position_ids"]))
        return Response(
            {"message": f"Made {count} links on {lots} positions", "assigned_count": count, "tag_ids": tag_ids}
        )

    @extend_schema(
        operation_id="bulkDeletePositionTagsDocumented",
        tags=["Position tags"],
        summary="Take every one of the tags off every one of the lots",
        request=forms.PositionTagBulk,
        responses={200: forms.RemovedTags, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def delete(self, request: Request) -> Response:
        given = body(request, forms.PositionTagBulk)
        count = remove_tags(user_of(request), given["position_ids"], given["tag_ids"])
        lots = len(set(given["position_ids"]))
        return Response({"message": f"Removed {count} links from {lots} positions", "removed_count": count})
