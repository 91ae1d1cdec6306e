"""SIGTERM ends a run after the shard at work; of two starts in the same instant one wins. Real processes."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest

from analytics.batch.runs import START_LOCK
from tests.analytics.batch.servers import ROOT, TARGET, CoreDatabase, create, drop

pytestmark = [pytest.mark.servers, pytest.mark.timeout(900)]
SHARD_AT_WORK = "SELECT EXISTS (SELECT 1 FROM batch_steps WHERE status = 'running' AND name = 'phase 2')"
HERE = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
WAITING = f"SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND {HERE})"
STORED = "SELECT count(DISTINCT portfolio_id) FROM portfolio_snapshots"
START_ON_WORKERS = f"""
import datetime as dt
from analytics.batch.canvas import start
from analytics.batch.night import Request
start(Request(source="simulated", executor="celery", session=dt.date.fromisoformat("{TARGET}")))
"""
LAST = "SELECT concat(status, ' ', error_summary) FROM batch_run_history ORDER BY created_at DESC LIMIT 1"


@pytest.fixture
def database(seeded: CoreDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[CoreDatabase]:
    monkeypatch.setenv("BATCH_SHARD_PORTFOLIOS", "1")
    database = create("stopping", seeded.name)
    yield database
    drop(database.name)


def inline(database: CoreDatabase) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "run_batch", "--inline", "--date", TARGET], cwd=ROOT, env=database.environment,
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.parametrize(("number", "code", "kept"), [(signal.SIGTERM, 143, 1), (signal.SIGINT, 130, 0)])
def test_an_inline_run_says_what_remains(
    database: CoreDatabase, undisturbed: str, number: signal.Signals, code: int, kept: int
) -> None:
    with database.writes_held_back("portfolio_snapshots"):
        process = inline(database)
        database.wait_for(SHARD_AT_WORK)
        database.wait_for(WAITING)
        process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == code
    assert database.one(STORED) == kept
    assert "5 of 5 portfolios have still to be computed up to 2025-07-15" in str(database.one(LAST))
    assert str(database.one(LAST)).startswith("failed")
    assert "completed" in database.manage("run_batch", "--inline", "--date", TARGET).stdout
    assert database.checksum() == undisturbed


def test_a_worker_finishes_its_shard_and_the_next_one_goes_on(database: CoreDatabase, undisturbed: str) -> None:
    first, second = database.worker(), None
    try:
        with database.writes_held_back("portfolio_snapshots"):
            database.manage("shell", "--no-imports", "-c", START_ON_WORKERS)
            database.wait_for(SHARD_AT_WORK, 120)
            database.wait_for(WAITING)
            first.send_signal(signal.SIGTERM)
        assert first.wait(60) == 0
        assert database.one("SELECT count(*) FROM batch_steps WHERE name = 'phase 2' AND settled_at IS NOT NULL") == 1
        assert database.one("SELECT count(*) FROM batch_log_entries WHERE message LIKE '%jobs remain%'") == 1
        assert str(database.one(LAST)).startswith("running")
        second = database.worker()
        database.wait_for("SELECT status = 'completed' FROM batch_run_history", 120)
        assert database.checksum() == undisturbed
        assert database.one("SELECT completed_jobs = total_jobs FROM batch_run_history")
    finally:
        for process in (first, second):
            if process is not None:
                process.kill()
                process.wait(20)


def test_of_two_starts_in_the_same_instant_one_wins(database: CoreDatabase, undisturbed: str) -> None:
    with psycopg.connect(database.url) as gate:
        gate.execute("SELECT pg_advisory_xact_lock(%s)", [START_LOCK])
        processes = [inline(database), inline(database)]
        database.wait_for(f"SELECT count(*) = 2 FROM pg_locks WHERE NOT granted AND locktype = 'advisory' AND {HERE}")
        gate.rollback()
    answers = [process.communicate(timeout=120) for process in processes]
    assert sorted(process.returncode for process in processes) == [0, 1]
    refused = next(err for process, (_, err) in zip(processes, answers, strict=True) if process.returncode)
    assert "is running since" in refused
    assert database.one("SELECT array_agg(status) FROM batch_run_history") == ["completed"]
    assert database.checksum() == undisturbed
