"""The older form of a talk: which events it has and how they look."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from assistant.api.streams import framed
from assistant.models import Conversation
from assistant.services.sse import Event, EventStream
from tests.demo_fixtures import DemoResults

pytestmark = [pytest.mark.django_db(databases=["default", "ai"]), pytest.mark.usefixtures("demo_results")]


def flattened(events: list[Event]) -> list[bytes]:
    async def given() -> AsyncGenerator[Event]:
        for event in events:
            yield event

    async def collected() -> list[bytes]:
        return [part async for part in framed(given(), older=True)]

    return asyncio.run(collected())


def read(event: bytes) -> tuple[str, dict[str, Any]]:
    name, data = event.decode().removesuffix("\n\n").split("\n")
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def test_an_answer_has_start_messages_and_one_end() -> None:
    stream = EventStream("run_abcdef012345")
    events = flattened(
        [
            Event("message_created", {"user_message_id": "u", "assistant_message_id": "a"}),
            stream.event("start", {"conversation_id": "c", "model": "m", "mode": "green"}),
            stream.event("response_id", {"response_id": "r", "provider": "openai"}),
            stream.event("token", {"delta": "event: done\n\n"}),
            stream.event("tool_call", {"tool_name": "x"}),
            stream.event("heartbeat", {}),
            stream.event("token", {"delta": "Hello."}),
            stream.event("done", {"final_text": "Hello.", "tool_calls_count": 1, "latency_ms": 5, "token_counts": {"total_tokens": 7}}),
        ]
    )  # fmt: skip
    assert events.pop(2) == b": alive\n\n"
    names, told = zip(*map(read, events), strict=True)
    assert names == ("start", "message", "message", "done")
    assert {key: told[0][key] for key in ("type", "conversation_id", "provider", "model", "run_id")} == {
        "type": "start", "conversation_id": "c", "provider": "openai", "model": "m", "run_id": "run_abcdef012345",
    }  # fmt: skip
    assert told[1] == {"type": "message", "delta": "event: done\n\n", "role": "assistant"}
    assert told[3]["data"] == {
        "final_text": "Hello.", "tool_calls_count": 1, "total_tokens": 7, "generation_time_ms": 5,
    }  # fmt: skip


def test_a_failure_ends_it_in_words() -> None:
    failed = EventStream("run_1").event(
        "error", {"error": "The AI service is busy.", "error_type": "rate_limit_exceeded"}
    )
    name, told = read(*flattened([failed]))
    assert (name, told["type"], told["error"]) == ("error", "error", "The AI service is busy.")


def test_a_conversation_is_opened_where_none_is_named(demo_results: DemoResults) -> None:
    client = demo_results.client("demo_familyoffice")
    answer = client.post("/api/v1/insights/chat", '{"message": "/mode violet"}', content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/event-stream")
    events = [read(event + b"\n\n") for event in answer.content.split(b"\n\n")[:-1]]
    assert [name for name, _ in events] == ["start", "message", "done"]
    talk = Conversation.objects.get(pk=events[0][1]["conversation_id"])
    assert (talk.mode, len(talk.metadata["portfolio_ids"])) == ("violet", 2)
