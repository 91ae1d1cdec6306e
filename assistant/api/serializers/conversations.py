"""Forms and answers of /chat/conversations."""

from __future__ import annotations

import json
from typing import Any

from rest_framework import serializers

from assistant.models import Mode
from sigmasight.core.api.forms import Form

MOST_PORTFOLIOS = 100
LONGEST_SELECTION = 4_000


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


class ConversationQuery(Form):
    limit = serializers.IntegerField(default=10, min_value=1, max_value=100, help_text="conversations at most")
    offset = serializers.IntegerField(default=0, min_value=0, max_value=1_000_000, help_text="conversations to skip")


class ConversationDeleted(Form):
    deleted = serializers.BooleanField()
    id = serializers.UUIDField()


class ModeChange(Form):
    mode = serializers.ChoiceField(choices=Mode.values, help_text="style of the answers from now on")


class ModeChangeResult(Form):
    id = serializers.UUIDField()
    previous_mode = serializers.CharField()
    new_mode = serializers.CharField()
    changed_at = serializers.DateTimeField()


class MessageQuery(Form):
    limit = serializers.IntegerField(default=50, min_value=1, max_value=100, help_text="messages at most")
    cursor = serializers.CharField(
        required=False, max_length=200, help_text="next_cursor of the page before, for older messages"
    )


class Message(Form):
    id = serializers.UUIDField()
    role = serializers.CharField()
    content = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    tool_calls_count = serializers.IntegerField()
    error_type = serializers.CharField(allow_null=True, help_text="why an answer is not whole")


class MessagePage(Form):
    messages = Message(many=True, help_text="old to new")
    next_cursor = serializers.CharField(allow_null=True)


class UiContext(Form):
    page_hint = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, max_length=100, help_text="name of the screen"
    )
    route = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, max_length=500, help_text="path of the screen"
    )
    portfolio_id = serializers.UUIDField(required=False, allow_null=True, help_text="the portfolio in view")
    portfolio_ids = serializers.ListField(
        child=serializers.UUIDField(), required=False, allow_null=True, max_length=MOST_PORTFOLIOS,
        help_text="the portfolios in view",
    )  # fmt: skip
    selection = serializers.DictField(required=False, allow_null=True, help_text="what is selected, free in form")

    def validate_selection(self, value: Any) -> Any:
        if value is not None and len(json.dumps(value, default=str)) > LONGEST_SELECTION:
            raise serializers.ValidationError(f"At most {LONGEST_SELECTION} characters of JSON.")
        return value


class MessageSend(Form):
    conversation_id = serializers.UUIDField(help_text="the conversation to speak in")
    text = serializers.CharField(
        max_length=4000, help_text='the message; "/mode NAME" changes the style instead of asking'
    )
    ui_context = UiContext(required=False, allow_null=True, help_text="what the screen shows")
