"""One row for every turn that asked a model, whether it was answered or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from assistant.llm.events import Usage
from assistant.models import AIRequestMetric

LONGEST_MESSAGE = 1_000


def record_request(
    *,
    user_id: UUID,
    conversation_id: UUID | None,
    message_id: UUID | None,
    model: str,
    usage: Usage,
    first_token_ms: int | None,
    total_latency_ms: int | None,
    tools: Sequence[dict[str, Any]],
    error_type: str | None = None,
    error_message: str | None = None,
) -> AIRequestMetric:
    """Write it down. `tools` are {name, id, duration_ms, failed} in the order they were called."""
    return AIRequestMetric.objects.create(
        user_id=user_id,
        conversation_id=conversation_id,
        message_id=message_id,
        model=model,
        **usage.known(),
        first_token_ms=first_token_ms,
        total_latency_ms=total_latency_ms,
        tool_calls_count=len(tools),
        tool_calls={"tools": list(tools)} if tools else None,
        error_type=error_type,
        error_message=error_message[:LONGEST_MESSAGE] if error_message else None,
    )
