"""Forms and answers of /chat/conversations."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from assistant.models import Mode

Form = serializers.Serializer[Any]
MOST_PORTFOLIOS = 100


class ConversationCreate(Form):
    mode = serializers.ChoiceField(choices=Mode.values, default=Mode.GREEN.value, help_text="style of the answers")
    portfolio_id = serializers.UUIDField(
        required=False, allow_null=True, help_text="the portfolio it is about; left out: the only one, or all"
    )
    portfolio_ids = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        allow_null=True,
        max_length=MOST_PORTFOLIOS,
        help_text="several portfolios, for a view over all of them",
    )
    page_hint = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, max_length=100, help_text="name of the screen"
    )
    route = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, max_length=500, help_text="path of the screen"
    )


class Conversation(Form):
    id = serializers.UUIDField()
    conversation_id = serializers.UUIDField(help_text="the same as id")
    mode = serializers.CharField()
    created_at = serializers.DateTimeField()
    provider = serializers.CharField()
    provider_thread_id = serializers.CharField(allow_null=True)
