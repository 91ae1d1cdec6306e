"""A loopback server that answers embeddings and single JSON questions as the vendor does, without any model.

Texts become bags of words: every word has a direction of its own, words of one concept share it, the first line counts more.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import threading
from array import array
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

DIMENSIONS = 1536
EMPTY = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be by can do does for from how i in is it me my not of on one or that the this to what when which "
        "who why with you your",
    )
)
CONCEPTS = {
    "awful": "bad",
    "catastrophic": "bad",
    "worst": "bad",
    "wobbly": "volatil",
    "swing": "volatil",
    "wobble": "volatil",
}


class Vendor(ThreadingHTTPServer):
    """Attributes: `fails` status to answer with, `slow` seconds to wait, `facts` text of the next JSON answers, `asked` bodies."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.fails = 0
        self.slow = 0.0
        self.text = '{"facts": []}'
        self.status = "completed"
        self.asked: list[dict[str, Any]] = []
        self.woken = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def texts(self) -> list[str]:
        """Every text that was embedded."""
        return [
            text for body in self.asked if "dimensions" in body or body.get("encoding_format") for text in body["input"]
        ]


class _Handler(BaseHTTPRequestHandler):
    server: Vendor
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        if self.server.slow:
            self.server.woken.wait(self.server.slow)
        if self.server.fails:
            return self._answer({"error": {"message": "no", "type": "x", "code": None}}, self.server.fails)
        if self.path.endswith("/embeddings"):
            return self._answer(
                {
                    "object": "list",
                    "model": body["model"],
                    "data": [
                        {"object": "embedding", "index": number, "embedding": encoded(text, body)}
                        for number, text in enumerate(body["input"])
                    ],
                    "usage": {"prompt_tokens": 1, "total_tokens": 1},
                }
            )
        return self._answer(
            {
                "id": "resp_1", "object": "response", "created_at": 0, "model": body["model"], "status": self.server.status,
                "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
                "incomplete_details": {"reason": "max_output_tokens"} if self.server.status == "incomplete" else None,
                "output": [{
                    "type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
                    "content": [{"type": "output_text", "text": self.server.text, "annotations": []}],
                }],
                "usage": {
                    "input_tokens": 40, "output_tokens": 8, "total_tokens": 48,
                    "input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0},
                },
            }
        )  # fmt: skip

    def _answer(self, value: dict[str, Any], status: int = 200) -> None:
        text = json.dumps(value).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        return


def encoded(text: str, body: dict[str, Any]) -> Any:
    vector = vector_of(text)
    if body.get("encoding_format") == "base64":
        return base64.b64encode(array("f", vector).tobytes()).decode()
    return vector


def vector_of(text: str) -> list[float]:
    first, _, rest = text.partition("\n")
    counts = Counter(_words(rest))
    for word in _words(first):
        counts[word] += 30
    vector = [0.0] * DIMENSIONS
    for word, count in counts.items():
        digest = hashlib.sha256(word.encode()).digest()
        vector[int.from_bytes(digest[:4], "big") % DIMENSIONS] += (1 if digest[4] % 2 else -1) * count**0.5
    length = math.sqrt(sum(value * value for value in vector)) or 1.0
    return [value / length for value in vector]


def _words(text: str) -> Iterator[str]:
    for word in re.findall(r"[a-z]+", text.lower()):
        stem = CONCEPTS.get(word) or re.sub(r"(ities|ity|iles?|ed|ing|es|s|e)$", "", word) or word
        if word not in EMPTY:
            yield stem


@contextmanager
def running() -> Iterator[Vendor]:
    server = Vendor()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.woken.set()
        server.shutdown()
        server.server_close()
        thread.join()
