"""The web server as production runs it, at an address of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def web_server(**environment: str) -> Iterator[str]:
    """Its address, once it answers; `environment` comes on top of that of the tests."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "sigmasight.asgi:application", "--port", str(port), "--lifespan", "off",
         "--log-level", "warning"],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "sigmasight.settings"} | environment,
    )  # fmt: skip
    try:
        _wait(f"http://127.0.0.1:{port}/health/live")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _wait(address: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"{address} does not answer")
