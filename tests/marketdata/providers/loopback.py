"""A small HTTP server on 127.0.0.1 that stands for Yahoo, FMP, Polygon or FRED, with faults on demand."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

PROJECT = Path(__file__).resolve().parents[3]
CRUMB = "crumb.Of/Loopback"

Body = Any
Answer = Body | Callable[[dict[str, str]], Body]


@dataclass(frozen=True)
class Request:
    """What a client asked for."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass
class Fault:
    """How the server misbehaves on paths beginning with `path`, `times` times (None: always)."""

    path: str
    status: int = 500
    body: str = "broken"
    headers: dict[str, str] = field(default_factory=dict)
    hang: float = 0.0
    cut: bool = False
    times: int | None = None


class Loopback:
    """The server. `requests` holds every request in order, `about` those on one path."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._routes: dict[str, Answer] = {}
        self._statuses: dict[str, int] = {}
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self._closing = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer._handle(self)

            def do_POST(self) -> None:
                outer._handle(self)

            def log_message(self, *arguments: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that went away early is part of the tests."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def serve(self, path: str, answer: Answer, status: int = 200) -> None:
        """Answer on exactly `path`: a JSON value, a text, or a function of the query that returns one."""
        self._routes[path] = answer
        self._statuses[path] = status

    def fault(self, path: str, **how: Any) -> None:
        self._faults.append(Fault(path, **how))

    def about(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def _handle(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        query = dict(parse_qsl(parts.query))
        with self._lock:
            self.requests.append(Request(handler.command, parts.path, query, dict(handler.headers)))
            fault = self._next_fault(parts.path)
        if fault is None:
            self._answer(handler, parts.path, query)
        elif fault.hang:
            self._closing.wait(fault.hang)
        elif fault.cut:
            handler.wfile.write(b'HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n{"chart":')
            handler.wfile.flush()
            handler.connection.shutdown(socket.SHUT_RDWR)
        else:
            self._send(handler, fault.status, fault.body.encode(), fault.headers)

    def _next_fault(self, path: str) -> Fault | None:
        for fault in self._faults:
            if path.startswith(fault.path) and fault.times != 0:
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return None

    def _answer(self, handler: BaseHTTPRequestHandler, path: str, query: dict[str, str]) -> None:
        answer = self._routes.get(path)
        if answer is not None:
            body = answer(query) if callable(answer) else answer
            text = body if isinstance(body, str) else json.dumps(body)
            self._send(handler, self._statuses[path], text.encode(), {})
        elif path == "/":  # Yahoo's cookie
            self._send(handler, 404, b"", {"Set-Cookie": "A3=loopback; Path=/; Max-Age=3600"})
        elif path == "/v1/test/getcrumb":
            self._send(handler, 200, CRUMB.encode(), {})
        else:
            body = {"chart": {"result": None, "error": {"code": "Not Found", "description": "No data found"}}}
            self._send(handler, 404, json.dumps(body).encode(), {})

    def _send(self, handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: dict[str, str]) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.send_header("Content-Type", "application/json")
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)


def fixture(name: str) -> Any:
    """A recorded or shaped answer of a source; skips the test where the folder of such answers is not there.

    Yahoo's recordings are wrapped in an envelope, of which the body is returned.
    """
    shared = Path(os.environ.get("SIGMASIGHT_SHARED", PROJECT.parent / "shared"))
    path = shared / "data" / "provider_fixtures" / name
    if not path.exists():
        pytest.skip(f"needs provider_fixtures/{name} (set SIGMASIGHT_SHARED to the folder that holds data/)")
    content = json.loads(path.read_text())
    return content["body"] if name.startswith("yahoo_") else content
