"""Servers, workers and a scheduler of their own, to be killed; and a reader who must never notice."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
from celery import Celery
from django.apps import apps

from analytics.services.checksum import statements
from sigmasight.embedded.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "chaos"
QUEUES = ",".join(f"{PREFIX}.{name}" for name in ("default", "marketdata", "batch", "assistant"))
ACTIVE = "('queued', 'running')"
# What a reader of a portfolio's published session expects to find complete.
PUBLISHED = (
    "portfolios.PortfolioSnapshot", "portfolios.PositionSnapshot", "analytics.FactorExposure", "analytics.MarketRiskScenario",
    "analytics.StressTestResult", "analytics.CorrelationCalculation", "analytics.PortfolioRisk", "analytics.EngineResult",
)  # fmt: skip


def _counts(day: str) -> str:
    """SQL: how many rows each result table has for portfolio p at a day."""
    parts = []
    for label in PUBLISHED:
        model = apps.get_model(label)
        column = "snapshot_date" if label.startswith("portfolios.") else "calculation_date"
        parts.append(
            f'(SELECT count(*) FROM "{model._meta.db_table}" t WHERE t.portfolio_id = p.id AND t.{column} = {day})'
        )
    return ", ".join(parts)


class World:
    """PostgreSQL, Valkey, one worker process with two children, and a scheduler that calls the sweeper every second."""

    def __init__(self) -> None:
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.stack = Stack(Path(tempfile.mkdtemp(prefix="sigmasight-chaos-", dir=memory)), throwaway=True).start()
        self.worker: subprocess.Popen[bytes] | None = None
        self._done = threading.Event()
        self.kills = 0

    def close(self) -> None:
        self._done.set()
        if self.worker is not None and self.worker.poll() is None:
            self.worker.kill()
            self.worker.wait(20)
        self.stack.stop()

    # -- commands

    def environment(self, database: str) -> dict[str, str]:
        return os.environ | self.stack.environment(database) | {
            "REDIS_KEY_PREFIX": PREFIX, "MARKETDATA_SOURCE": "simulated", "SIGMASIGHT_TESTING": "1", "LOG_LEVEL": "WARNING",
            "BATCH_SHARD_PORTFOLIOS": "1", "BATCH_HEARTBEAT_SECONDS": "0.5", "BATCH_STALE_SECONDS": "5", "OPENBLAS_NUM_THREADS": "1",
        }  # fmt: skip

    def start(self, database: str, *words: str, **more: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *words], cwd=ROOT, env=self.environment(database) | more, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )  # fmt: skip

    def manage(self, database: str, *words: str, code: int | None = 0, **more: str) -> str:
        process = self.start(database, "manage.py", *words, **more)
        out, err = process.communicate(timeout=300)
        assert code is None or process.returncode == code, (process.returncode, out, err)
        return out + err

    def start_worker(self, database: str, children: int = 2) -> None:
        log = (self.stack.state / "worker.log").open("ab")
        self.worker = subprocess.Popen(
            [
                sys.executable, "-m", "celery", "-A", "sigmasight", "worker", "--concurrency", str(children), "-Q", QUEUES,
                "-n", f"{time.monotonic_ns()}@chaos", "--without-gossip", "--without-mingle", "--loglevel", "WARNING",
            ],
            cwd=ROOT, env=self.environment(database), stdout=log, stderr=log,
        )  # fmt: skip

    # -- questions

    def ask(self, database: str, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.stack.database_url(database), autocommit=True, connect_timeout=5) as connection:
            return connection.execute(statement).fetchall()

    def one(self, database: str, statement: str) -> Any:
        rows = self.ask(database, statement)
        return rows[0][0] if rows else None

    def checksums(self, database: str) -> dict[str, tuple[Any, ...]]:
        return {label: self.ask(database, statement)[0] for label, statement in statements().items()}

    def wait_for(self, database: str, statement: str, seconds: float) -> Any:
        """What the statement tells as soon as that is true, else False; a server that is away meanwhile is waited for."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with (
                contextlib.suppress(psycopg.Error),
                psycopg.connect(self.stack.database_url(database), autocommit=True, connect_timeout=5) as connection,
            ):
                while time.monotonic() < deadline:
                    if (row := connection.execute(statement).fetchone()) and row[0]:
                        return row[0]
                    time.sleep(0.002)
            time.sleep(0.05)
        return False

    # -- faults

    def kill_in(self, database: str, phase: str, steps: str, whole: bool, delay: float, seconds: float = 60) -> bool:
        """SIGKILL for the process found at work on a step, or for the worker it belongs to; False if the run was past it."""
        working = (
            f"SELECT split_part(s.worker, ':', 2)::int FROM batch_steps s JOIN batch_run_history r ON r.id = s.run_id "
            f"WHERE r.status = 'running' AND s.status = 'running' AND s.phase = '{phase}' AND s.name LIKE '{steps}'"
        )
        past = (
            f"SELECT NOT EXISTS (SELECT 1 FROM batch_run_history WHERE status IN {ACTIVE}) OR EXISTS (SELECT 1 FROM batch_steps s "
            "JOIN batch_run_history r ON r.id = s.run_id "
            f"WHERE r.status = 'running' AND s.status <> 'pending' AND s.phase > '{phase}')"
        )
        # A step lasts milliseconds: whoever is seen in it is the one, and the blow falls then or a moment later.
        pid = self.wait_for(database, f"SELECT coalesce(({working} LIMIT 1), CASE WHEN ({past}) THEN -1 END)", seconds)
        if not pid or pid < 0:
            return False
        time.sleep(delay)
        victim = self.worker.pid if whole and self.worker is not None else pid
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
            self.kills += 1
            if whole and self.worker is not None:
                self.worker.wait(20)
                self.start_worker(database)
            return True
        return False

    def restart(self, server: str, number: signal.Signals) -> None:
        os.kill(self.stack.server_pid(server), number)
        self.stack.restart(server)

    # -- meanwhile

    def _in_background(self, work: Callable[[], None]) -> threading.Thread:
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        return thread

    def sweep_every_second(self) -> None:
        """What beat does every minute."""

        def work() -> None:
            app = Celery(broker=self.stack.redis_url(0))
            app.conf.broker_transport_options = {"socket_timeout": 2, "socket_connect_timeout": 2}
            while not self._done.wait(1):
                with contextlib.suppress(Exception):
                    app.send_task("analytics.tasks.sweep", queue=f"{PREFIX}.batch", expires=3, retry=False)

        self._in_background(work)

    @contextlib.contextmanager
    def watched(self, database: str, calm: str) -> Iterator[list[str]]:
        """Read the published sessions all the time; the list names those that lacked rows an undisturbed run has."""
        expected = {
            (row[0], row[1]): row[2:]
            for row in self.ask(
                calm,
                f"SELECT p.id, d.day, {_counts('d.day')} FROM portfolios p, "
                "(SELECT DISTINCT snapshot_date AS day FROM portfolio_snapshots) d",
            )
        }
        ended, halves, seen = threading.Event(), [], [0]
        question = f"SELECT p.id, p.results_as_of, {_counts('p.results_as_of')} FROM portfolios p WHERE results_as_of IS NOT NULL"

        def work() -> None:
            while not ended.is_set():
                with (
                    contextlib.suppress(psycopg.Error),
                    psycopg.connect(
                        self.stack.database_url(database), autocommit=True, connect_timeout=5
                    ) as connection,
                ):
                    while not ended.wait(0.02):
                        for portfolio, day, *counts in connection.execute(question).fetchall():
                            seen[0] += 1
                            if expected[portfolio, day] != tuple(counts):
                                halves.append(f"{portfolio} {day}: {counts} instead of {expected[portfolio, day]}")
                ended.wait(0.05)

        thread = self._in_background(work)
        try:
            yield halves
        finally:
            ended.set()
            thread.join(10)


def moment(rng: random.Random, longest: float) -> float:
    """A random moment after a step began, seconds."""
    return rng.random() * longest
