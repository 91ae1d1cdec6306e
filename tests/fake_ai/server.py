"""The server: ASGI, so that hundreds of silent streams cost no thread; `running` serves it beside a test."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from tests.assistant.vendor import encoded
from tests.fake_ai import practice, wire
from tests.fake_ai.script import Answer, Fault

KEY = "practice-key"


class FakeAI:
    """Attributes: `requests` what came, oldest first: {path, body, headers}. `left` streams whose reader went away, `open` streams.
    `otherwise` what is answered unscripted; None: by the practice model."""

    def __init__(self, key: str = KEY) -> None:
        self.key = key
        self.requests: list[dict[str, Any]] = []
        self.left = 0
        self.open = 0
        self.url = ""
        self.otherwise: Answer | None = None
        self._script: deque[Answer | Fault] = deque()

    def script(self, *steps: Answer | Fault) -> None:
        """What the next requests for responses get, one each; after them it answers by itself again."""
        self._script.extend(steps)

    def forget(self) -> None:
        """Nothing scripted, nothing seen."""
        self._script.clear()
        self.requests.clear()
        self.left = 0

    def bodies(self) -> list[dict[str, Any]]:
        """Bodies of the requests for responses."""
        return [one["body"] for one in self.requests if one["path"].endswith("/responses")]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        raw, more = b"", True
        while more:
            message = await receive()
            raw, more = raw + message.get("body", b""), message.get("more_body", False)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        try:
            body = json.loads(raw or b"{}")
        except ValueError:
            await _json(send, 400, _error("Invalid JSON.", "invalid_request_error"))
            return
        self.requests.append({"path": scope["path"], "body": body, "headers": headers})
        if self.key and headers.get("authorization") != f"Bearer {self.key}":
            await _json(send, 401, _error("Incorrect API key provided.", "invalid_request_error", "invalid_api_key"))
        elif scope["path"].endswith("/embeddings"):
            await _json(send, 200, _embeddings(body))
        elif scope["path"].endswith("/responses"):
            await self._respond(body, receive, send)
        else:
            await _json(send, 404, _error("Not found.", "invalid_request_error"))

    async def _respond(self, body: dict[str, Any], receive: Any, send: Any) -> None:
        if why := wire.refusal_of(body):
            await _json(send, 400, _error(why, "invalid_request_error"))
            return
        step = self._script.popleft() if self._script else self.otherwise or practice.answer_to(body)
        if isinstance(step, Fault):
            await _json(send, step.status, _error(step.message, step.kind, step.code))
            return
        if step.before:
            await asyncio.sleep(step.before)
        if not body.get("stream"):
            await _json(send, 200, wire.Writer(body).whole(step))
            return
        self.open += 1
        reader = asyncio.ensure_future(_gone(receive))
        writing = asyncio.ensure_future(self._stream(step, body, send))
        try:
            await asyncio.wait({reader, writing}, return_when=asyncio.FIRST_COMPLETED)
            if not writing.done():
                self.left += 1
        finally:
            self.open -= 1
            reader.cancel()
            writing.cancel()
            failure = (await asyncio.gather(writing, return_exceptions=True))[0]
        if isinstance(failure, _Cut):
            # Ending without the last chunk: the server closes the connection, which the other side sees as broken.
            raise failure

    @staticmethod
    async def _stream(step: Answer, body: dict[str, Any], send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        for event in wire.Writer(body).events(step):
            piece = event.pop("piece", 0)
            if piece and step.pause:
                await asyncio.sleep(step.pause)
            if piece and step.cut_after is not None and piece > step.cut_after:
                raise _Cut
            if piece and step.hold_after is not None and piece > step.hold_after:
                await asyncio.sleep(3600)
            text = f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
            await send({"type": "http.response.body", "body": text, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


class _Cut(Exception):
    """The script wants the connection broken here."""


async def _gone(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _json(send: Any, status: int, value: Any) -> None:
    text = json.dumps(value).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})


def _error(message: str, kind: str, code: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _embeddings(body: dict[str, Any]) -> dict[str, Any]:
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
    rows = [
        {"object": "embedding", "index": number, "embedding": encoded(text, body)} for number, text in enumerate(texts)
    ]
    tokens = sum(len(text) // 4 for text in texts)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "model": body["model"], "data": rows, "usage": usage}


@contextmanager
def running(port: int = 0) -> Iterator[FakeAI]:
    """The server in a thread of its own, on a free port."""
    fake = FakeAI()
    server = uvicorn.Server(configuration(fake, port))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise RuntimeError("The loopback vendor did not start.")
        time.sleep(0.01)
    fake.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/v1"
    try:
        yield fake
    finally:
        server.should_exit = True
        thread.join(10)


def configuration(fake: FakeAI, port: int) -> uvicorn.Config:
    """Quiet, without what a plain application does not need."""
    return uvicorn.Config(
        fake,
        host="127.0.0.1",
        port=port,
        log_level="critical",
        lifespan="off",
        access_log=False,
        timeout_keep_alive=30,
        loop="asyncio",
        timeout_graceful_shutdown=2,
    )
