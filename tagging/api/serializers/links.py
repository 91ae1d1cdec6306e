"""Forms and answers of tags on lots."""

from __future__ import annotations

from rest_framework import serializers

from portfolios.models import InvestmentClass, PositionType
from sigmasight.core.api.forms import Form

MOST_IDS = 1000


class PositionsByTagQuery(Form):
    portfolio_id = serializers.UUIDField(required=False, help_text="left out: lots of all the caller's portfolios")


class TaggedPosition(Form):
    id = serializers.UUIDField()
    symbol = serializers.CharField()
    position_type = serializers.ChoiceField(choices=PositionType.choices)
    quantity = serializers.FloatField(help_text="shares or contracts, negative for shorts")
    portfolio_id = serializers.UUIDField()
    investment_class = serializers.ChoiceField(choices=InvestmentClass.choices)


class PositionsByTag(Form):
    tag_id = serializers.UUIDField()
    tag_name = serializers.CharField()
    positions = TaggedPosition(many=True)
    total = serializers.IntegerField()


class TagSummary(Form):
    id = serializers.UUIDField()
    name = serializers.CharField()
    color = serializers.CharField(help_text="#RRGGBB")
    description = serializers.CharField(allow_null=True)


class AssignTags(Form):
    tag_ids = serializers.ListField(child=serializers.UUIDField(), max_length=MOST_IDS)
    replace_existing = serializers.BooleanField(default=False, help_text="take all other tags off; PATCH always does")


class AssignedTags(Form):
    message = serializers.CharField()
    assigned_count = serializers.IntegerField(help_text="links made")
    tag_ids = serializers.ListField(child=serializers.UUIDField(), help_text="tags that were linked")


class RemoveTags(Form):
    tag_ids = serializers.ListField(child=serializers.UUIDField(), max_length=MOST_IDS)


class RemovedTags(Form):
    message = serializers.CharField()
    removed_count = serializers.IntegerField(help_text="links removed")


class PositionTagQuery(Form):
    position_id = serializers.UUIDField(required=False)
    tag_id = serializers.UUIDField(required=False)


class PositionTagCreate(Form):
    position_id = serializers.UUIDField()
    tag_id = serializers.UUIDField()


class PositionTagBulk(Form):
    position_ids = serializers.ListField(child=serializers.UUIDField(), max_length=MOST_IDS)
    tag_ids = serializers.ListField(child=serializers.UUIDField(), max_length=MOST_IDS)


class PositionTag(Form):
    id = serializers.UUIDField()
    position_id = serializers.UUIDField()
    tag_id = serializers.UUIDField()
    assigned_at = serializers.DateTimeField()
    assigned_by = serializers.UUIDField(allow_null=True, help_text="null: the nightly run, for sector tags")


class TagsForSymbolQuery(Form):
    portfolio_id = serializers.UUIDField()
    symbol = serializers.CharField(max_length=32)
