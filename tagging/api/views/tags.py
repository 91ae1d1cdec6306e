"""A person's tags."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portfolios.api.callers import user_of
from sigmasight.core.api.idempotency import idempotent
from sigmasight.core.api.parameters import body, query, uuid_of
from sigmasight.core.api.schema import ErrorDetail, ValidationError
from tagging.api.serializers import tags as forms
from tagging.models import Tag
from tagging.services.tags import (
    archive_tag,
    change_tag,
    create_default_tags,
    create_tag,
    list_tags,
    owned_tag,
    restore_tag,
)


def _tag(tag: Tag) -> dict[str, Any]:
    links = tag.links  # type: ignore[attr-defined]
    return {
        "id": tag.pk,
        "user_id": tag.user_id,
        "name": tag.name,
        "color": tag.color,
        "description": tag.description or None,
        "display_order": tag.display_order,
        "usage_count": links,
        "position_count": links,
        "strategy_count": 0,
        "is_archived": tag.is_archived,
        "archived_at": tag.archived_at,
        "archived_by": tag.archived_by_id,
        "created_at": tag.created_at,
        "updated_at": tag.updated_at,
    }


class TagsView(APIView):
    @extend_schema(
        operation_id="listTags",
        tags=["Tags"],
        summary="The caller's tags, by display_order and name",
        parameters=[forms.TagListQuery],
        responses={200: forms.TagList, 401: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request) -> Response:
        asked = query(request, forms.TagListQuery)
        tags = list_tags(user_of(request), include_archived=asked["include_archived"])
        archived = sum(tag.is_archived for tag in tags)
        return Response(
            {
                "tags": [_tag(tag) for tag in tags],
                "total": len(tags),
                "active_count": len(tags) - archived,
                "archived_count": archived,
            }
        )

    @extend_schema(
        operation_id="createTag",
        tags=["Tags"],
        summary="Create a tag",
        request=forms.TagCreate,
        responses={200: forms.Tag, 400: ErrorDetail, 401: ErrorDetail, 422: ValidationError},
        examples=[OpenApiExample("a tag", value={"name": "watch", "color": "#AA3300"}, request_only=True)],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        given = body(request, forms.TagCreate)
        tag = create_tag(
            user_of(request),
            given["name"],
            color=given["color"],
            description=given.get("description") or "",
            display_order=given.get("display_order"),
        )
        return Response(_tag(tag))


class DefaultTagsView(APIView):
    @extend_schema(
        operation_id="createDefaultTags",
        tags=["Tags"],
        summary="Give the caller the starter tags",
        description="Only a caller without unarchived tags gets them; others get their own tags back.",
        request=None,
        responses={200: forms.DefaultTags, 401: ErrorDetail, 422: ValidationError},
    )
    @idempotent
    def post(self, request: Request) -> Response:
        tags, fresh = create_default_tags(user_of(request))
        message = f"Created {fresh} default tags" if fresh else f"User has {len(tags)} existing tags"
        return Response({"message": message, "tags": [_tag(tag) for tag in tags]})


class TagView(APIView):
    @extend_schema(
        operation_id="getTag",
        tags=["Tags"],
        summary="One tag",
        parameters=[forms.TagQuery],
        responses={200: forms.Tag, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def get(self, request: Request, tag_id: str) -> Response:
        query(request, forms.TagQuery)
        return Response(_tag(owned_tag(user_of(request), uuid_of(tag_id, "tag_id"))))

    @extend_schema(
        operation_id="updateTag",
        tags=["Tags"],
        summary="Change a tag",
        request=forms.TagUpdate,
        responses={200: forms.Tag, 400: ErrorDetail, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
        examples=[OpenApiExample("another name", value={"name": "core holdings"}, request_only=True)],
    )
    def patch(self, request: Request, tag_id: str) -> Response:
        wanted = uuid_of(tag_id, "tag_id")
        return Response(_tag(change_tag(user_of(request), wanted, **body(request, forms.TagUpdate))))


class ArchiveTagView(APIView):
    @extend_schema(
        operation_id="archiveTag",
        tags=["Tags"],
        summary="Set a tag aside and take it off all lots",
        request=None,
        responses={200: forms.TagMessage, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def post(self, request: Request, tag_id: str) -> Response:
        archive_tag(user_of(request), uuid_of(tag_id, "tag_id"))
        return Response({"message": "Tag archived successfully"})


class RestoreTagView(APIView):
    @extend_schema(
        operation_id="restoreTag",
        tags=["Tags"],
        summary="Bring an archived tag back, without its lots",
        request=None,
        responses={200: forms.TagMessage, 400: ErrorDetail, 401: ErrorDetail, 404: ErrorDetail, 422: ValidationError},
    )
    def post(self, request: Request, tag_id: str) -> Response:
        restore_tag(user_of(request), uuid_of(tag_id, "tag_id"))
        return Response({"message": "Tag restored successfully"})
