"""Form and answer of rebuilding sector tags."""

from __future__ import annotations

from rest_framework import serializers

from sigmasight.core.api.forms import Form


class RestoreSectorTags(Form):
    portfolio_id = serializers.UUIDField(required=False, help_text="may be left out by who has one portfolio only")


class SectorTagUse(Form):
    tag_name = serializers.CharField()
    position_count = serializers.IntegerField()


class SectorTagRestore(Form):
    success = serializers.BooleanField(help_text="always true")
    portfolio_id = serializers.UUIDField()
    portfolio_name = serializers.CharField()
    positions_tagged = serializers.IntegerField(help_text="open lots that carry the tag of their company's sector")
    positions_skipped = serializers.IntegerField(
        help_text="open lots without a known sector: funds, options, private holdings"
    )
    tags_created = serializers.IntegerField()
    tags_applied = SectorTagUse(many=True, help_text="most used first")
