"""Errors reach a server that speaks Sentry's protocol: over real HTTP, with their ids, without secrets."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[4]
SECRET = "hunter2-of-this-test"
# A request whose view breaks, a shard of a run that fails, a task that raises.
PROGRAM = f"""
import django; django.setup()
import logging, sentry_sdk
from celery import shared_task
from django.core.handlers.wsgi import WSGIHandler
from django.test import RequestFactory
from sigmasight.core import health
from sigmasight.core.observability.context import note, observed

def broken(self, request):
    note(user_id="a-person")
    password = {SECRET!r}
    raise RuntimeError("no entry with password=" + password)

health.LiveView.get = broken
headers = {{"X-Request-ID": "request-of-the-test", "Authorization": "Bearer {SECRET}", "Cookie": "sessionid={SECRET}"}}
arrives = RequestFactory().get("/health/live?apikey={SECRET}", headers=headers).environ
WSGIHandler()(arrives, lambda status, headers, exc_info=None: None)
with observed(run_id="run-of-the-test", phase="3", shard=7):
    logging.getLogger("analytics.batch").error("The key %s is refused", "sk-proj-{SECRET}")

@shared_task(name="tests.breaks")
def breaks(password):
    raise LookupError("nothing here for " + repr({{"token": password}}))

breaks.apply([{SECRET!r}])
sentry_sdk.flush(10)
"""


def _brotli(body: bytes) -> bytes:
    import brotli  # type: ignore[import-not-found]

    unpacked: bytes = brotli.decompress(body)
    return unpacked


# The library takes brotli where another package has brought it.
UNPACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "br": _brotli, "": bytes}


@pytest.fixture(scope="module")
def reported() -> list[dict[str, Any]]:
    """The events that arrived, and with them every byte that did."""
    received: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(UNPACK[self.headers.get("Content-Encoding", "")](body))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    told = {"SENTRY_DSN": f"http://0123456789abcdef@127.0.0.1:{server.server_port}/7", "SENTRY_ENVIRONMENT": "staging"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "sigmasight.settings", "NO_PROXY": "127.0.0.1"} | told,
    )  # fmt: skip
    server.shutdown()
    server.server_close()
    assert done.returncode == 0, done.stderr
    assert received
    assert SECRET.encode() not in b"".join(received)
    assert SECRET not in done.stderr
    items = [line for body in received for line in body.splitlines()]
    return [event for event in map(json.loads, items) if "exception" in event or "logentry" in event]


def of(events: list[dict[str, Any]], **tags: str) -> list[dict[str, Any]]:
    return [event for event in events if tags.items() <= event.get("tags", {}).items()]


def test_a_request_that_breaks_arrives_once_with_its_id(reported: list[dict[str, Any]]) -> None:
    (event,) = of(reported, request_id="request-of-the-test")
    (exception,) = event["exception"]["values"]
    assert (exception["type"], exception["value"]) == ("RuntimeError", "no entry with password=***")
    assert event["request"]["url"] == "http://testserver/health/live"
    assert event["user"] == {"id": "a-person"}
    assert (event["environment"], event["release"]) == ("staging", "sigmasight@1.0.0")


def test_an_error_of_a_run_arrives_with_run_phase_and_shard(reported: list[dict[str, Any]]) -> None:
    (event,) = of(reported, run_id="run-of-the-test")
    assert (event["tags"]["phase"], event["tags"]["shard"]) == ("3", "7")
    assert event["level"] == "error"


def test_a_task_that_raises_arrives_with_its_name(reported: list[dict[str, Any]]) -> None:
    (event,) = of(reported, task="tests.breaks")
    assert event["exception"]["values"][-1]["type"] == "LookupError"


def test_local_variables_and_bodies_stay_at_home(reported: list[dict[str, Any]]) -> None:
    for event in reported:
        frames = [
            frame for one in event.get("exception", {}).get("values", []) for frame in one["stacktrace"]["frames"]
        ]
        assert not [frame for frame in frames if "vars" in frame]
        assert not {"data", "cookies", "query_string", "env"} & set(event.get("request", {}))
