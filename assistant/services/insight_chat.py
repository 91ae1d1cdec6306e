"""The older form of a talk: the same turn as `/chat/send`, its events without envelope and fewer of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import Any
from uuid import UUID

import orjson

from assistant.models import Conversation
from assistant.services.conversations import conversation_of, open_conversation
from assistant.services.sse import frame
from portfolios.models import User

SAYS = "assistant"


def talk_of(user: User, conversation_id: UUID | None) -> Conversation:
    """The conversation to go on with, else a new one about all his portfolios.

    Raises
    ------
    NotFound if it is not his, or there is nothing to talk about.
    """
    return open_conversation(user) if conversation_id is None else conversation_of(user, conversation_id)


async def flat_stream(events: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The events of an answer in the older form."""
    async for event in events:
        if (told := flat(event)) is not None:
            yield told


def flat_events(events: Iterable[bytes]) -> list[bytes]:
    """The same of events that are all there."""
    return [told for event in events if (told := flat(event)) is not None]


def flat(event: bytes) -> bytes | None:
    """One of our own events in the older form: start, message, done, error; a comment line for what says that the stream lives; None
    for what the older form does not know."""
    head, _, rest = event.partition(b"\ndata: ")
    name, payload = head.removeprefix(b"event: ").decode(), orjson.loads(rest)
    data: dict[str, Any] = payload.get("data") or {}
    common = {"run_id": payload.get("run_id"), "timestamp": payload.get("timestamp")}
    match name:
        case "start":
            told = {"conversation_id": data["conversation_id"], "provider": "openai", "model": data["model"]}
            return frame("start", {"type": "start", **told, **common})
        case "token":
            return frame("message", {"type": "message", "delta": data["delta"], "role": SAYS})
        case "message":
            return frame("message", {"type": "message", "delta": payload["delta"], "role": payload["role"]})
        case "heartbeat":
            return b": alive\n\n"
        case "done":
            ended = {
                "final_text": data["final_text"],
                "tool_calls_count": data["tool_calls_count"],
                "total_tokens": (data.get("token_counts") or {}).get("total_tokens", 0),
                "generation_time_ms": data.get("latency_ms") or 0,
            }
            return frame("done", {"type": "done", "data": ended, **common})
        case "error":
            return frame("error", {"type": "error", "error": data["error"], **common})
    return None
