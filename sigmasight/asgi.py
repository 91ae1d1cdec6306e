"""The web application. Two ways through it:

* Answers that are computed run in a few threads of each process, which keep their database connections. Django's own way from ASGI
  to synchronous views takes a new thread, and so a new connection, for every request: four times the work.
* Answers that are streamed, or wait for a model (`STREAMED`), run as asynchronous views: an open stream occupies no thread, and
  whoever waits for a model occupies none of those the others need.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from urllib.parse import unquote_to_bytes

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sigmasight.settings")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.handlers.wsgi import WSGIHandler
from django.urls import resolve

from assistant.llm import client
from marketdata import calendar

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]

STREAMED = ("/api/v1/chat/send", "/api/v1/insights/chat", "/api/v1/insights/generate")
KEPT_IN_MEMORY = 1 << 20

streaming = get_asgi_application()
computing = WSGIHandler()
threads = ThreadPoolExecutor(settings.WEB_THREADS, thread_name_prefix="web")
# Seconds that the first callers would wait for.
calendar.session_array()
resolve("/health/live")
# The same for the first question to the assistant; aside, since the server is ready without.
threading.Thread(target=client.load, name="assistant", daemon=True).start()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Entry point of the web server."""
    if scope["type"] != "http" or scope["path"].startswith(STREAMED):
        await streaming(scope, receive, send)
        return
    with await _body(scope, receive) as body:
        work = asyncio.get_running_loop().run_in_executor(threads, _answer, _environment(scope, body))
        status, headers, content = await work
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


async def _body(scope: Scope, receive: Receive) -> IO[bytes]:
    """What the request brings; nothing of a body whose size is not told or is beyond every limit, which Django then refuses."""
    told = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if not told.isdigit() or not 0 < int(told) <= settings.API_MAX_UPLOAD_BYTES:
        return BytesIO()
    body: IO[bytes] = BytesIO() if int(told) <= KEPT_IN_MEMORY else SpooledTemporaryFile(KEPT_IN_MEMORY)  # noqa: SIM115
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        body.write(message.get("body", b""))
        more = message.get("more_body", False)
    body.seek(0)
    return body


def _environment(scope: Scope, body: IO[bytes]) -> dict[str, Any]:
    """The request as WSGI describes it (PEP 3333): text is bytes read as latin-1."""
    host, port = scope.get("server") or ("localhost", 80)
    environment = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": scope.get("root_path", ""),
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or 80),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        # An underscore would pass for a hyphen, and so for a header that a proxy sets or removes.
        if b"_" in name:
            continue
        key = name.decode("latin-1").upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        text = value.decode("latin-1")
        if key in environment:
            text = f"{environment[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{text}"
        environment[key] = text
    return environment


def _answer(environment: dict[str, Any]) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Status, headers and body of Django's answer, computed in this thread."""
    started: list[Any] = []

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None, /) -> Callable[[bytes], object]:
        started[:] = [status, headers]
        return lambda _: None

    response = computing(environment, start)
    try:
        body = b"".join(response)
    finally:
        response.close()
    status, headers = started
    return (
        int(status.partition(" ")[0]),
        [(name.lower().encode("latin-1"), value.strip().encode("latin-1")) for name, value in headers],
        body,
    )
