"""Talks with the assistant and what its requests cost, in the core database."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from sigmasight.core.models import TimestampedModel, UUIDModel


class Mode(models.TextChoices):
    """The four styles an answer can be written in."""

    GREEN = "green", "Green: explains"
    BLUE = "blue", "Blue: brief and quantitative"
    INDIGO = "indigo", "Indigo: strategic"
    VIOLET = "violet", "Violet: cautious on risk"


class Conversation(UUIDModel, TimestampedModel):
    """A thread between a user and the assistant; `metadata` says which portfolios and page it is about."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="conversations", db_index=False
    )
    mode = models.CharField(max_length=50, choices=Mode, default=Mode.GREEN, db_default=Mode.GREEN)
    provider = models.CharField(max_length=32, default="openai", db_default="openai")
    provider_thread_id = models.CharField(max_length=255, null=True, blank=True)
    provider_run_id = models.CharField(max_length=255, null=True, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    busy_until = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="A turn is being answered; it ends by then at the latest"
    )

    class Meta:
        db_table = "agent_conversations"
        ordering = ["-created_at", "id"]
        constraints = [models.CheckConstraint(condition=Q(mode__in=Mode.values), name="conversation_mode_valid")]
        indexes = [models.Index(fields=["user", "created_at"], name="conversation_user")]

    def __str__(self) -> str:
        return str(self.id)


class MessageRole(models.TextChoices):
    USER = "user", "User"
    ASSISTANT = "assistant", "Assistant"
    SYSTEM = "system", "System"
    TOOL = "tool", "Tool"


class Message(UUIDModel):
    """One message of a conversation, with the tools it called and the tokens it took."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages", db_index=False)
    role = models.CharField(max_length=50, choices=MessageRole)
    content = models.TextField(null=True, blank=True)
    tool_calls = models.JSONField(default=list, blank=True)
    first_token_ms = models.IntegerField(null=True, blank=True)
    latency_ms = models.IntegerField(null=True, blank=True)
    prompt_tokens = models.IntegerField(null=True, blank=True)
    completion_tokens = models.IntegerField(null=True, blank=True)
    total_tokens = models.IntegerField(null=True, blank=True)
    provider_message_id = models.CharField(max_length=255, null=True, blank=True)
    error = models.JSONField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "agent_messages"
        ordering = ["conversation", "created_at", "id"]
        constraints = [models.CheckConstraint(condition=Q(role__in=MessageRole.values), name="message_role_valid")]
        indexes = [models.Index(fields=["conversation", "created_at", "id"], name="message_conversation")]

    def __str__(self) -> str:
        return f"{self.role}: {(self.content or '')[:60]}"


class UserPreference(UUIDModel, TimestampedModel):
    """How a user wants the assistant to work."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="assistant_preference")
    default_mode = models.CharField(max_length=50, choices=Mode, default=Mode.GREEN, db_default=Mode.GREEN)
    preferred_model = models.CharField(max_length=100, null=True, blank=True)
    code_interpreter_enabled = models.BooleanField(default=True, db_default=True)
    tool_calls_enabled = models.BooleanField(default=True, db_default=True)
    streaming_enabled = models.BooleanField(default=True, db_default=True)
    user_context = models.CharField(max_length=2000, null=True, blank=True)
    settings = models.JSONField(default=dict, blank=True)

    class Meta:
        db_table = "agent_user_preferences"
        constraints = [models.CheckConstraint(condition=Q(default_mode__in=Mode.values), name="preference_mode_valid")]

    def __str__(self) -> str:
        return str(self.user_id)


class AIRequestMetric(UUIDModel):
    """What one request to the language model cost in time and tokens. Kept 30 days."""

    conversation_id = models.UUIDField(null=True, blank=True, db_index=True)
    message_id = models.UUIDField(null=True, blank=True, db_index=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    model = models.CharField(max_length=100, db_index=True)
    input_tokens = models.IntegerField(null=True, blank=True)
    output_tokens = models.IntegerField(null=True, blank=True)
    total_tokens = models.IntegerField(null=True, blank=True)
    first_token_ms = models.IntegerField(null=True, blank=True)
    total_latency_ms = models.IntegerField(null=True, blank=True)
    tool_calls_count = models.IntegerField(default=0, db_default=0)
    tool_calls = models.JSONField(null=True, blank=True)
    error_type = models.CharField(max_length=100, null=True, blank=True, db_index=True)
    error_message = models.TextField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False, db_index=True)

    class Meta:
        db_table = "ai_request_metrics"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.model} {self.created_at:%Y-%m-%d %H:%M}"
