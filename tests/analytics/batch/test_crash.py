"""A run killed in any phase and started again ends with the same rows; so does one on workers."""

from __future__ import annotations

import os
import signal

import pytest

from tests.analytics.batch.servers import TARGET, CoreDatabase, create, drop

pytestmark = [pytest.mark.servers, pytest.mark.timeout(900)]
RUNNING = (
    "SELECT EXISTS (SELECT 1 FROM batch_steps WHERE status = 'running' AND phase = '{phase}' AND name LIKE '{name}%')"
)


@pytest.mark.parametrize(
    ("phase", "name"),
    [("1", "symbol volatility"), ("3", "factor_analysis"), ("3", "phase 3")],
    ids=["market-data", "symbols", "books"],
)
def test_killed_and_started_again(seeded: CoreDatabase, undisturbed: str, phase: str, name: str) -> None:
    database = create("crash_victim", seeded.name)
    try:
        process = database.start("manage.py", "run_batch", "--inline", "--date", TARGET)
        database.wait_for(RUNNING.format(phase=phase, name=name))
        os.kill(process.pid, signal.SIGKILL)
        process.wait(20)
        assert database.one("SELECT count(*) FROM portfolios WHERE results_as_of IS NOT NULL") == 0
        again = database.manage("run_batch", "--inline", "--date", TARGET)
        assert "completed" in again.stdout
        assert database.checksum() == undisturbed
        assert database.one("SELECT count(*) FROM batch_run_history WHERE status IN ('queued', 'running')") == 0
        assert database.one("SELECT count(*) FROM batch_run_history WHERE status = 'failed'") == 1
    finally:
        drop(database.name)


@pytest.mark.parametrize(
    ("phase", "name", "table"),
    [("2", "phase 2", "portfolio_snapshots"), ("2.5", "phase 2.5", "position_tags")],
    ids=["ledger", "position-values"],
)
def test_killed_while_it_writes(seeded: CoreDatabase, undisturbed: str, phase: str, name: str, table: str) -> None:
    """These phases are short: a lock holds the run in the middle of one until it is killed."""
    database = create("crash_writer", seeded.name)
    try:
        with database.writes_held_back(table):
            process = database.start("manage.py", "run_batch", "--inline", "--date", TARGET)
            database.wait_for(RUNNING.format(phase=phase, name=name))
            database.wait_for("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")
            os.kill(process.pid, signal.SIGKILL)
            process.wait(20)
        again = database.manage("run_batch", "--inline", "--date", TARGET)
        assert "completed" in again.stdout
        assert database.checksum() == undisturbed
    finally:
        drop(database.name)


def test_four_workers_give_the_same_rows(
    seeded: CoreDatabase, undisturbed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two workers of two processes each on one broker, a book a shard: as from one process with all books in one shard."""
    monkeypatch.setenv("BATCH_SHARD_PORTFOLIOS", "1")
    database = create("crash_workers", seeded.name)
    workers = [database.worker(concurrency=2) for _ in range(2)]
    try:
        for _ in range(20):
            done = database.manage("run_batch", "--date", TARGET, check=False)
            if "No worker answers" not in done.stderr:
                break
        assert "completed" in done.stdout, done.stderr
        assert database.checksum() == undisturbed
        assert database.one(
            "SELECT count(*) = 15 AND bool_and(settled_at IS NOT NULL) FROM batch_steps WHERE name LIKE 'phase %'"
        )
    finally:
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        for worker in workers:
            worker.wait(30)
        drop(database.name)
