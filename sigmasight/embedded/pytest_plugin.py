"""Early pytest plugin (`-p sigmasight.embedded.pytest_plugin`): one throw-away PostgreSQL and Valkey for a test run.

Early, because pytest-django reads the settings before any conftest.py. The workers of xdist inherit the URLs; pytest-django gives
each its own databases, this plugin its own logical databases of Valkey (three each: four workers fit into the usual sixteen).
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from sigmasight.embedded.stack import Stack

_stack: Stack | None = None
_ROOM_NEEDED = 2 << 30


def _memory_disk() -> str | None:
    """The RAM disk if it has room (containers often give it 64 MB only)."""
    try:
        if os.access("/dev/shm", os.W_OK) and shutil.disk_usage("/dev/shm").free > _ROOM_NEEDED:
            return "/dev/shm"
    except OSError:
        return None
    return None


if "DATABASE_URL" not in os.environ and "PYTEST_XDIST_WORKER" not in os.environ:
    # SIGTERM (a CI timeout, for instance) must run the shutdown, or the servers' files stay behind.
    signal.signal(signal.SIGTERM, lambda *_: (_ for _ in ()).throw(SystemExit(143)))
    _stack = Stack(Path(tempfile.mkdtemp(prefix="sigmasight-test-", dir=_memory_disk())), throwaway=True).start()
    _stack.ensure_database("core")
    os.environ.update(_stack.environment("core"))
    os.environ["SIGMASIGHT_TESTING"] = "1"
elif worker := os.environ.get("PYTEST_XDIST_WORKER"):
    # Set by xdist before plugins are loaded, "gw0" upwards.
    server, _, _ = os.environ["REDIS_URL"].rpartition("/")
    os.environ["REDIS_URL"] = f"{server}/{3 * (int(worker.removeprefix('gw')) + 1)}"


def pytest_unconfigure(config: pytest.Config) -> None:
    global _stack
    if _stack is not None:
        _stack.stop()
        _stack = None
