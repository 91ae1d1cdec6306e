"""Forms and answers of /tags."""

from __future__ import annotations

from rest_framework import serializers

from sigmasight.core.api.forms import Form
from tagging.models import DEFAULT_TAG_COLOR

COLOR = r"^#[0-9A-Fa-f]{6}$"
LONGEST_DESCRIPTION = 2000
SMALLEST, LARGEST = -(2**31), 2**31 - 1


class TagCreate(Form):
    name = serializers.CharField(max_length=50, help_text="once per user among unarchived tags; case matters")
    color = serializers.RegexField(COLOR, default=DEFAULT_TAG_COLOR, help_text="#RRGGBB, stored in upper case")
    description = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, max_length=LONGEST_DESCRIPTION
    )
    display_order = serializers.IntegerField(
        required=False, allow_null=True, min_value=SMALLEST, max_value=LARGEST, help_text="left out: after all others"
    )


class TagUpdate(Form):
    """What is null or left out stays as it is; an empty description clears it."""

    name = serializers.CharField(required=False, allow_null=True, max_length=50)
    color = serializers.RegexField(COLOR, required=False, allow_null=True)
    description = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, max_length=LONGEST_DESCRIPTION
    )
    display_order = serializers.IntegerField(required=False, allow_null=True, min_value=SMALLEST, max_value=LARGEST)


class TagListQuery(Form):
    include_archived = serializers.BooleanField(default=False)
    include_usage_stats = serializers.BooleanField(
        default=True, help_text="without effect: counters are always counted, never stored"
    )


class TagQuery(Form):
    include_positions = serializers.BooleanField(
        default=False, help_text="without effect: counters are always counted, never stored"
    )


class Tag(Form):
    id = serializers.UUIDField()
    user_id = serializers.UUIDField()
    name = serializers.CharField()
    color = serializers.CharField(help_text="#RRGGBB")
    description = serializers.CharField(allow_null=True)
    display_order = serializers.IntegerField()
    usage_count = serializers.IntegerField(help_text="undeleted lots that carry the tag")
    position_count = serializers.IntegerField(help_text="the same as usage_count")
    strategy_count = serializers.IntegerField(help_text="always 0: there are no strategies")
    is_archived = serializers.BooleanField()
    archived_at = serializers.DateTimeField(allow_null=True)
    archived_by = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class TagList(Form):
    tags = Tag(many=True)
    total = serializers.IntegerField()
    active_count = serializers.IntegerField()
    archived_count = serializers.IntegerField(help_text="among the listed ones")


class DefaultTags(Form):
    message = serializers.CharField()
    tags = Tag(many=True)


class TagMessage(Form):
    message = serializers.CharField()
