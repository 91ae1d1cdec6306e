"""Talking over HTTP, and reading a stream as strictly as the frontend's parser does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import requests

BLOCK = re.compile(rb"event: ([a-z_]+)\ndata: (\{[^\r\n]*\})\Z")
FLAT = ("message_created", "message")
CONTENT = ("response_id", "token", "tool_call", "tool_result")


@dataclass(frozen=True)
class Event:
    name: str
    payload: dict[str, Any]

    @property
    def data(self) -> dict[str, Any]:
        return self.payload["data"]  # type: ignore[no-any-return]


class Stream(list[Event]):
    """The events of one answer."""

    def names(self) -> list[str]:
        return [event.name for event in self]

    def of(self, name: str) -> list[dict[str, Any]]:
        return [event.data for event in self if event.name == name]

    def text(self) -> str:
        return "".join(data["delta"] for data in self.of("token"))

    @property
    def end(self) -> Event:
        return self[-1]


class Person:
    """Somebody with a token and a conversation."""

    def __init__(self, base: str, headers: dict[str, str], context: dict[str, Any]) -> None:
        self.base, self.headers = base, headers
        opened = requests.post(
            f"{base}/chat/conversations", json={"mode": "green", **context}, headers=headers, timeout=20
        )
        assert opened.status_code == 201, opened.text
        self.conversation = opened.json()["id"]

    def post(self, text: str, *, conversation: str | None = None, **context: Any) -> requests.Response:
        body = {"conversation_id": conversation or self.conversation, "text": text, "ui_context": context or None}
        return requests.post(
            f"{self.base}/chat/send",
            json=body,
            stream=True,
            timeout=60,
            headers={**self.headers, "Accept": "text/event-stream", "Accept-Encoding": "gzip"},
        )

    def ask(self, text: str, **context: Any) -> Stream:
        """The whole stream, checked for its form."""
        answer = self.post(text, **context)
        assert answer.status_code == 200, answer.text
        assert answer.headers["Content-Type"] == "text/event-stream"
        stream = Stream(events_of(answer.iter_content(None)))
        check_form(stream)
        return stream

    def get(self, path: str) -> Any:
        return requests.get(f"{self.base}/{path}", headers=self.headers, timeout=20).json()


def events_of(chunks: Iterator[bytes]) -> Iterator[Event]:
    """Events as they come; every block must be whole and of the one form."""
    rest = b""
    for chunk in chunks:
        *blocks, rest = (rest + chunk).split(b"\n\n")
        for block in blocks:
            found = BLOCK.match(block)
            assert found, block
            yield Event(found[1].decode(), json.loads(found[2]))
    assert rest == b""


def check_form(stream: Stream) -> None:
    """Envelope, order and end, as the frontend needs them."""
    ends = [name for name in stream.names() if name in ("done", "error")]
    assert len(ends) == 1
    assert stream.end.name == ends[0]
    runs, content = set(), []
    for event in stream:
        if event.name in FLAT:
            continue
        assert set(event.payload) >= {"type", "run_id", "seq", "data", "timestamp"}
        assert event.payload["type"] == event.name
        assert re.fullmatch(r"run_[0-9a-f]{12}", event.payload["run_id"])
        runs.add(event.payload["run_id"])
        if event.name in CONTENT:
            content.append(event.payload["seq"])
        else:
            assert event.payload["seq"] == 0
    assert len(runs) == 1
    assert content == sorted(set(content))
    assert not content or content[0] >= 1
