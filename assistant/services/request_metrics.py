"""One row for every turn that asked a model, whether it was answered or not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from assistant.llm.events import Usage
from assistant.llm.pricing import cost_usd
from assistant.models import AIRequestMetric
from sigmasight.core.observability.counters import counter, histogram

LONGEST_MESSAGE = 1_000
AI_REQUESTS = counter("sigmasight_ai_requests", "Turns that asked a model by how they ended", "model", "outcome")
AI_TOKENS = counter("sigmasight_ai_tokens", "Tokens of models, as far as the vendor told them", "model", "kind")
AI_USD = counter("sigmasight_ai_usd", "Dollars for models whose price is set", "model")
FIRST_TOKEN = histogram(
    "sigmasight_chat_first_token_seconds", "From the question to the first word of the answer",
    bounds=(0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 60.0),
)  # fmt: skip


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
    _count(model, usage, first_token_ms, error_type)
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


def _count(model: str, usage: Usage, first_token_ms: int | None, error_type: str | None) -> None:
    AI_REQUESTS.add(model, "failed" if error_type else "answered")
    if first_token_ms is not None:
        FIRST_TOKEN.observe(first_token_ms / 1000)
    if not usage.known():
        return
    taken, given = usage.input_tokens, usage.output_tokens
    AI_TOKENS.add(model, "input", by=taken)
    AI_TOKENS.add(model, "output", by=given)
    if (dollars := cost_usd(model, taken, given)) is not None:
        AI_USD.add(model, by=float(dollars))
