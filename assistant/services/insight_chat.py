"""The older form of a talk: the same turn as `/chat/send`, its events without envelope and fewer of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from assistant.models import Conversation
from assistant.services.conversations import conversation_of, open_conversation
from assistant.services.sse import Event
from portfolios.models import User

SAYS = "assistant"


def talk_of(user: User, conversation_id: UUID | None) -> Conversation:
    """The conversation to go on with, else a new one about all his portfolios.

    Raises
    ------
    NotFound if it is not his, or there is nothing to talk about.
    """
    return open_conversation(user) if conversation_id is None else conversation_of(user, conversation_id)


def flat(event: Event) -> Event | None:
    """An event in the older form: start, message, done, error, heartbeat; None for what the older form does not know."""
    payload = event.payload
    data: dict[str, Any] = payload.get("data") or {}
    common = {"run_id": payload.get("run_id"), "timestamp": payload.get("timestamp")}
    match event.name:
        case "start":
            told = {"conversation_id": data["conversation_id"], "provider": "openai", "model": data["model"]}
            return Event("start", {"type": "start", **told, **common})
        case "token":
            return Event("message", {"type": "message", "delta": data["delta"], "role": SAYS})
        case "message":
            return Event("message", {"type": "message", "delta": payload["delta"], "role": payload["role"]})
        case "heartbeat":
            return event
        case "done":
            ended = {
                "final_text": data["final_text"],
                "tool_calls_count": data["tool_calls_count"],
                # Null where the vendor told none, and for a command that asked nobody.
                "total_tokens": data.get("token_counts", {}).get("total_tokens"),
                "generation_time_ms": data.get("latency_ms") or 0,
            }
            return Event("done", {"type": "done", "data": ended, **common})
        case "error":
            return Event("error", {"type": "error", "error": data["error"], **common})
    return None
