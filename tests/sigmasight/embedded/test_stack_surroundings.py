"""The embedded servers where they are started in unusual ways: deep folders, another account, a starter that is killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sigmasight.embedded.stack import Stack

ROOT = Path(__file__).resolve().parents[3]
NOBODY = 65534
START = (
    "import json, sys, time; from pathlib import Path; from sigmasight.embedded.stack import Stack\n"
    "stack = Stack(Path(sys.argv[1])).start()\n"
    "answer = stack.psql('ai', 'SELECT 1'), stack.record['postgres'], stack.record['valkey']\n"
    "print(json.dumps(answer), flush=True)\n"
)
pytestmark = pytest.mark.servers


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="sigmasight-test-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_folder_too_deep_for_a_socket_path(folder: Path) -> None:
    deep = folder / ("clone-" * 15) / ("state-" * 15)
    assert len(str(deep)) > 180
    with Stack(deep, throwaway=True) as stack:
        assert stack.psql("ai", "SELECT 1") == "1\n"
        assert answers(stack.record["valkey"])


def test_a_killed_starter_takes_the_servers_with_it(folder: Path) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", START + "time.sleep(60)", str(folder)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    _, *ports = json.loads(starter.stdout.readline())
    assert all(answers(port) for port in ports)
    starter.send_signal(signal.SIGKILL)
    starter.communicate(timeout=10)
    deadline = time.monotonic() + 20
    while any(answers(port) for port in ports) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(answers(port) for port in ports)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="the whole run is an ordinary user's already"
)
def test_an_ordinary_user_needs_nothing_of_root(folder: Path) -> None:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("setpriv is not installed here")
    python = [setpriv, f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", sys.executable, "-c"]
    if subprocess.run([*python, "import sigmasight.embedded.stack"], cwd=ROOT, capture_output=True).returncode:
        pytest.skip("no other account can reach this Python and this clone")
    os.chown(folder, NOBODY, NOBODY)
    for _ in range(2):
        started = subprocess.run(
            [*python, START + "stack.stop()", str(folder)], cwd=ROOT, capture_output=True, text=True, timeout=90
        )
        assert started.returncode == 0, started.stderr
        assert json.loads(started.stdout)[0] == "1\n"
    assert {path.stat().st_uid for path in folder.rglob("*")} == {NOBODY}
