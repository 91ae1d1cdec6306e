"""The events of an answer, and their wire form: server-sent events as the frontend reads them."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any

import orjson
from django.core.serializers.json import DjangoJSONEncoder

# Events that carry content and advance the order; all others carry 0.
CONTENT = frozenset({"response_id", "token", "tool_call", "tool_result"})


def new_run_id() -> str:
    return f"run_{secrets.token_hex(6)}"


@dataclass(frozen=True)
class Event:
    """What a reader is told, before it is text."""

    name: str
    payload: dict[str, Any]


def frame(event: Event) -> bytes:
    """One event: two lines and an empty one, the JSON on one line, line feeds only."""
    return b"event: " + event.name.encode() + b"\ndata: " + orjson.dumps(event.payload, default=_plain) + b"\n\n"


class EventStream:
    """Numbers and wraps the events of one run. The order rises over the whole run, over repeated attempts too."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self._seq = 0

    def event(self, name: str, data: dict[str, Any]) -> Event:
        """An event in the envelope {type, run_id, seq, data, timestamp}; the time is in milliseconds since 1970."""
        if name in CONTENT:
            self._seq += 1
        envelope = {
            "type": name,
            "run_id": self.run_id,
            "seq": self._seq if name in CONTENT else 0,
            "data": data,
            "timestamp": time.time_ns() // 1_000_000,
        }
        return Event(name, envelope)


def _plain(value: Any) -> Any:
    return DjangoJSONEncoder().default(value)
