"""Forms and answers of /chat/memories and /agent/memories."""

from __future__ import annotations

from typing import Any

import orjson
from rest_framework import serializers

from assistant.models import MemoryScope
from assistant.services.memories import LONGEST_MEMORY, MOST_MEMORIES
from sigmasight.core.api.forms import Form

LONGEST_TAGS = 2_000


class _Listing(Form):
    scope = serializers.ChoiceField(
        choices=MemoryScope.values, required=False, help_text="only memories of the person, or of portfolios"
    )
    portfolio_id = serializers.UUIDField(required=False, help_text="only memories of this portfolio")


class ChatMemoryQuery(_Listing):
    limit = serializers.IntegerField(min_value=1, max_value=100, default=50, help_text="rows at most")


class AgentMemoryQuery(_Listing):
    limit = serializers.IntegerField(min_value=1, max_value=50, default=20, help_text="rows at most")


class MemoryCreate(Form):
    content = serializers.CharField(max_length=LONGEST_MEMORY, trim_whitespace=False, help_text="the fact to remember")
    scope = serializers.ChoiceField(
        choices=[MemoryScope.USER.value, MemoryScope.PORTFOLIO.value],
        default=MemoryScope.USER.value,
        help_text="whether it holds for the person or for one portfolio",
    )
    portfolio_id = serializers.UUIDField(required=False, allow_null=True, help_text="needed where scope is portfolio")
    tags = serializers.DictField(required=False, allow_null=True, help_text="free labels")

    def validate_tags(self, tags: dict[str, Any] | None) -> dict[str, Any] | None:
        try:
            text = orjson.dumps(tags)
        except TypeError as error:
            raise serializers.ValidationError("The labels must be plain JSON.") from error
        if len(text) > LONGEST_TAGS:
            raise serializers.ValidationError(f"The labels must not be longer than {LONGEST_TAGS} bytes of JSON.")
        if b"\\u0000" in text:
            raise serializers.ValidationError("The labels must not contain null characters.")
        return tags


class Memory(Form):
    id = serializers.UUIDField()
    scope = serializers.CharField()
    content = serializers.CharField()
    tags = serializers.DictField(help_text="labels; source and portfolio_id among them where known")
    created_at = serializers.DateTimeField()


class AgentMemoryList(Form):
    memories = Memory(many=True, help_text="newest first")
    total = serializers.IntegerField(help_text="all memories of the person, filters ignored")


class ChatMemoryList(AgentMemoryList):
    limit = serializers.IntegerField()


class ChatMemoryCount(Form):
    count = serializers.IntegerField()
    max_allowed = serializers.IntegerField(help_text=f"{MOST_MEMORIES}")


class AgentMemoryCount(Form):
    count = serializers.IntegerField()


class ChatMemoriesForgotten(Form):
    deleted = serializers.IntegerField()


class ChatMemoryForgotten(Form):
    deleted = serializers.BooleanField()
    id = serializers.UUIDField()


class AgentMemoryStored(Form):
    id = serializers.UUIDField()
    message = serializers.CharField()


class AgentDone(Form):
    success = serializers.BooleanField()
    message = serializers.CharField()
