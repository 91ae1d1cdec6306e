"""`serve`: web, worker and beat come up together, and none of them outlives it, however it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.analytics.batch.servers import CoreDatabase, create, drop

ROOT = Path(__file__).resolve().parents[3]
PARTS = ("uvicorn", "celery -A sigmasight worker", "celery -A sigmasight beat", "tests.fake_ai")
pytestmark = [pytest.mark.servers, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def database() -> Iterator[CoreDatabase]:
    made = create("serve")
    made.manage("migrate_all", "--verbosity", "0")
    yield made
    drop(made.name)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(condition: Callable[[], bool], seconds: float = 40) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def fetched(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_nothing_outlives_it(database: CoreDatabase, number: signal.Signals) -> None:
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--port", str(port), "--workers", "1", "--fake-ai"], cwd=ROOT,
        env=database.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    family: list[psutil.Process] = []
    try:
        assert eventually(lambda: "password" in fetched(f"http://127.0.0.1:{port}/admin/login/"))
        assert json.loads(fetched(f"http://127.0.0.1:{port}/health/live")) == {"status": "alive"}
        assert eventually(lambda: len(psutil.Process(server.pid).children(recursive=True)) >= 5)
        family = psutil.Process(server.pid).children(recursive=True)
        commands = [" ".join(process.cmdline()) for process in family]
        assert all(any(part in command for command in commands) for part in PARTS)
        os.kill(server.pid, number)
        assert server.wait(40) == (-number if number is signal.SIGKILL else 0)
        _, alive = psutil.wait_procs(family, timeout=20)
        assert alive == []
    finally:
        for process in (*family, server):
            if process.poll() is None if isinstance(process, subprocess.Popen) else process.is_running():
                process.kill()
        server.wait(10)


def test_a_taken_port_is_told_before_anything_starts(database: CoreDatabase) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        asked = database.manage("serve", "--port", str(port), check=False)
    assert asked.returncode == 1
    assert f"make serve PORT={port + 1}" in asked.stderr
