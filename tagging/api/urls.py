"""Paths of this app below /api/v1; fixed ones stand before those with an id."""

from __future__ import annotations

from django.urls import URLPattern

from sigmasight.core.api.routes import endpoint
from tagging.api.views import duplicates, links, position_tags, sectors, tags

urlpatterns: list[URLPattern] = [
    *endpoint("tags", tags.TagsView, "tags"),
    *endpoint("tags/defaults", tags.DefaultTagsView, "default-tags"),
    *endpoint("tags/<str:tag_id>", tags.TagView, "tag"),
    *endpoint("tags/<str:tag_id>/archive", tags.ArchiveTagView, "archive-tag"),
    *endpoint("tags/<str:tag_id>/restore", tags.RestoreTagView, "restore-tag"),
    *endpoint("tags/<str:tag_id>/positions", links.TagPositionsView, "tag-positions"),
    *endpoint("position-tags", position_tags.PositionTagLinksView, "position-tag-links"),
    *endpoint("position-tags/bulk", position_tags.PositionTagBulkView, "position-tag-bulk"),
    *endpoint("position-tags/<str:position_tag_id>", position_tags.PositionTagLinkView, "position-tag-link"),
    *endpoint("positions/tags-for-symbol", links.TagsForSymbolView, "tags-for-symbol"),
    *endpoint("positions/check-duplicate", duplicates.DuplicateCheckView, "check-duplicate"),
    *endpoint("positions/<str:position_id>/tags", links.PositionTagsView, "position-tags"),
    *endpoint("positions/<str:position_id>/tags/remove", links.RemovePositionTagsView, "position-tags-remove"),
    *endpoint("data/positions/restore-sector-tags", sectors.RestoreSectorTagsView, "restore-sector-tags"),
]
