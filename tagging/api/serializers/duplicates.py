"""The question and the answer of /positions/check-duplicate."""

from __future__ import annotations

from rest_framework import serializers

from portfolios.api.serializers.positions import Position
from portfolios.models import PositionType
from sigmasight.core.api.forms import Form


class DuplicateQuery(Form):
    portfolio_id = serializers.UUIDField()
    symbol = serializers.CharField(max_length=32)
    position_type = serializers.ChoiceField(
        PositionType.choices, required=False, allow_blank=True, help_text="only lots of this type"
    )


class DuplicateCheck(Form):
    has_duplicates = serializers.BooleanField()
    existing_positions = Position(many=True, help_text="open lots, the oldest first")
    total_count = serializers.IntegerField()
    tags_to_inherit = serializers.ListField(
        child=serializers.UUIDField(), help_text="tags on the portfolio's lots of the symbol"
    )
    message = serializers.CharField()
