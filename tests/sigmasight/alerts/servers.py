"""A mail server and a receiver of webhooks on the loopback, which fail as they are told to."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Post:
    """A mail server. `letters` as they came; `refuses` : the answer to every recipient, None to take it."""

    port: int = 0
    letters: list[Message] = field(default_factory=list)
    refuses: bytes | None = None


@contextmanager
def mail_server() -> Iterator[Post]:
    post = Post()

    class Talk(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline():
                verb = line[:4].upper().strip()
                if verb == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    post.letters.append(message_from_bytes(b"".join(iter(self.rfile.readline, b".\r\n"))))
                if verb == b"RCPT" and post.refuses:
                    self.wfile.write(post.refuses + b"\r\n")
                else:
                    self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 fine\r\n")

    with _served(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Talk)) as port:
        post.port = port
        yield post


@dataclass
class Hook:
    """A receiver of webhooks. `answers` : statuses to give, in turn, then 204; 0 hangs until the end. `got` : (headers, JSON)."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    got: list[tuple[dict[str, str], Any]] = field(default_factory=list)


@contextmanager
def hook_server() -> Iterator[Hook]:
    hook, over = Hook(), threading.Event()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.bodies.append(body)
            hook.got.append((dict(self.headers), json.loads(body)))
            status = hook.answers.pop(0) if hook.answers else 204
            if status == 0:
                over.wait(30)
                return
            self.send_response(status)
            if status == 302:
                self.send_header("Location", hook.url)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with _served(ThreadingHTTPServer(("127.0.0.1", 0), Receiver)) as port:
        hook.url = f"http://127.0.0.1:{port}/hook?token=very-secret"
        try:
            yield hook
        finally:
            over.set()


@contextmanager
def _served(server: socketserver.ThreadingTCPServer) -> Iterator[int]:
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
