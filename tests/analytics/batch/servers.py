"""A core database of its own for tests that kill processes, on the servers of the test run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from analytics.services.checksum import joined, statements

TARGET = "2025-07-15"
ROOT = Path(__file__).resolve().parents[3]


def _admin_url() -> str:
    return os.environ["DATABASE_URL"].rsplit("/", 1)[0] + "/postgres"


@dataclass(frozen=True)
class CoreDatabase:
    """A database reached by commands in processes of their own."""

    name: str

    @property
    def url(self) -> str:
        return os.environ["DATABASE_URL"].rsplit("/", 1)[0] + f"/{self.name}"

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {
            "DATABASE_URL": self.url, "REDIS_KEY_PREFIX": self.name, "MARKETDATA_SOURCE": "simulated", "LOG_LEVEL": "WARNING",
            "SIGMASIGHT_TESTING": "1",
        }  # fmt: skip

    def manage(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "manage.py", *words], cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=400
        )  # fmt: skip
        assert done.returncode == 0 or not check, done.stderr
        return done

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, *words],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def worker(self, *, concurrency: int = 1) -> subprocess.Popen[bytes]:
        """A worker of all queues; whoever starts it ends it."""
        queues = ",".join(f"{self.name}.{queue}" for queue in ("default", "marketdata", "batch", "assistant"))
        return self.start(
            "-m", "celery", "-A", "sigmasight", "worker", "--concurrency", str(concurrency), "-Q", queues,
            "-n", f"{os.urandom(4).hex()}@test", "--without-gossip", "--without-mingle",
        )  # fmt: skip

    def one(self, statement: str) -> object:
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute(statement).fetchone()
        return None if row is None else row[0]

    def wait_for(self, statement: str, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.one(statement):
                return
            time.sleep(0.01)
        raise AssertionError(f"never true within {seconds:.0f} s: {statement}")

    @contextmanager
    def writes_held_back(self, table: str) -> Iterator[None]:
        """Whoever writes to the table waits until the block ends."""
        with psycopg.connect(self.url) as connection:
            connection.execute(f'LOCK TABLE "{table}" IN EXCLUSIVE MODE')
            yield
            connection.rollback()

    def checksum(self) -> str:
        """The fingerprint of all results, asked of this database directly."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            return joined({label: connection.execute(s).fetchone() for label, s in statements().items()})  # type: ignore[misc]


def create(name: str, template: str | None = None) -> CoreDatabase:
    """A new database, empty or a copy of another; one of that name is dropped first. Each worker of xdist has its own."""
    name = "_".join(filter(None, [name, os.environ.get("PYTEST_XDIST_WORKER")]))
    with psycopg.connect(_admin_url(), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else ""))
    return CoreDatabase(name)


@contextmanager
def with_worker(name: str, seeded: CoreDatabase, day: str = TARGET) -> Iterator[CoreDatabase]:
    """The demo before its first night, and a worker, on the evening of this day."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIGMASIGHT_NOW", f"{day}T21:30:00-04:00")
        database = create(name, seeded.name)
        worker = database.worker()
        try:
            yield database
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(30)
            drop(database.name)


def drop(name: str) -> None:
    with psycopg.connect(_admin_url(), autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
