"""Example calls of tags and tags on positions."""

from __future__ import annotations

from tests.contract.examples.calls import Call, Example, plain

EXAMPLES: dict[str, tuple[Example, ...]] = {
    # -- tags on positions
    "listPositionTags": (lambda who: Call({"position_id": who.position}),),
    "assignTagsToPosition": (
        lambda who: Call({"position_id": who.fresh_position}, body={"tag_ids": [who.tag], "replace_existing": False}),
    ),
    "replacePositionTags": (lambda who: Call({"position_id": who.position}, body={"tag_ids": [who.tag]}),),
    "removeTagsFromPosition": (lambda who: Call({"position_id": who.position}, {"tag_ids": [who.tag]}),),
    "removeTagsFromPositionPost": (lambda who: Call({"position_id": who.position}, body={"tag_ids": [who.tag]}),),
    "listPositionTagsDocumented": (
        plain(),
        lambda who: Call(query={"position_id": who.position}),
        lambda who: Call(query={"tag_id": who.tag}),
    ),
    "createPositionTagDocumented": (
        lambda who: Call(body={"position_id": who.fresh_position, "tag_id": who.tag}),
    ),
    "deletePositionTagDocumented": (lambda who: Call({"position_tag_id": who.link}),),
    "bulkCreatePositionTagsDocumented": (
        lambda who: Call(body={"position_ids": [who.position, who.fresh_position], "tag_ids": [who.tag]}),
    ),
    "bulkDeletePositionTagsDocumented": (
        lambda who: Call(body={"position_ids": [who.position], "tag_ids": [who.tag]}),
    ),
    # -- tags
    "listTags": (plain(include_archived="false"), plain(include_archived="true", include_usage_stats="false")),
    "createTag": (plain({"name": "watch", "color": "#aa3300", "description": "to look at"}),),
    "createDefaultTags": (plain(),),
    "getTag": (
        lambda who: Call({"tag_id": who.tag}),
        lambda who: Call({"tag_id": who.tag}, {"include_positions": "true"}),
    ),
    "updateTag": (lambda who: Call({"tag_id": who.tag}, body={"name": "renamed", "color": "#00ff00"}),),
    "archiveTag": (lambda who: Call({"tag_id": who.tag}, body={}),),
    "restoreTag": (lambda who: Call({"tag_id": who.old_tag}, body={}),),
    "listPositionsByTag": (
        lambda who: Call({"tag_id": who.tag}),
        lambda who: Call({"tag_id": who.tag}, {"portfolio_id": who.portfolio}),
    ),
}  # fmt: skip
