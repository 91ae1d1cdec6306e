"""A loopback server that streams scripted answers as the vendor's Responses API does: each request gets the next of them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

USAGE = {
    "input_tokens": 1000, "output_tokens": 200, "total_tokens": 1200,
    "input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0},
}  # fmt: skip


def says(text: str) -> list[dict[str, Any]]:
    """An answer of text."""
    return [
        {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
         "content": [{"type": "output_text", "text": text, "annotations": []}]},
    ]  # fmt: skip


def calls(name: str, call_id: str = "call_1", **arguments: Any) -> list[dict[str, Any]]:
    """An answer that wants a tool."""
    return [
        {"type": "function_call", "id": f"fc_{call_id}", "call_id": call_id, "name": name,
         "arguments": json.dumps(arguments), "status": "completed"},
    ]  # fmt: skip


class Model(ThreadingHTTPServer):
    """`script`: items of each answer in turn, or a status to fail with; the last is repeated. `asked`: bodies. `slow`: seconds to wait."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: list[Any] = [says("{}")]
        self.asked: list[dict[str, Any]] = []
        self.slow = 0.0
        self.woken = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Model

    def do_POST(self) -> None:
        model = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        step = model.script[min(len(model.asked), len(model.script) - 1)]
        model.asked.append(body)
        if model.slow:
            model.woken.wait(model.slow)
        if isinstance(step, int):
            text = json.dumps({"error": {"message": "secret of the vendor", "type": "x", "code": None}}).encode()
            self.send_response(step)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for number, event in enumerate(_events(step, body["model"])):
            event["sequence_number"] = number
            self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())

    def log_message(self, format: str, *args: Any) -> None:
        return


def _events(items: list[dict[str, Any]], model: str) -> Iterator[dict[str, Any]]:
    response = {
        "id": "resp_1", "object": "response", "created_at": 0, "model": model, "status": "in_progress", "output": [],
        "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
    }  # fmt: skip
    yield {"type": "response.created", "response": response}
    for place, item in enumerate(items):
        if item["type"] == "message":
            yield {"type": "response.output_text.delta", "item_id": item["id"], "output_index": place, "content_index": 0,
                   "delta": item["content"][0]["text"], "logprobs": []}  # fmt: skip
        yield {"type": "response.output_item.done", "output_index": place, "item": item}
    yield {
        "type": "response.completed",
        "response": {**response, "status": "completed", "output": items, "usage": USAGE},
    }


@contextmanager
def running() -> Iterator[Model]:
    server = Model()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.woken.set()
        server.shutdown()
        server.server_close()
        thread.join()
