"""The embedded servers really started, stopped, attached to and killed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from sigmasight.embedded import stack as stack_module
from sigmasight.embedded.stack import Stack, StackError

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.servers


@pytest.fixture
def folder() -> Iterator[Path]:
    # Not pytest's own: the account PostgreSQL runs under must be able to walk into it.
    path = Path(tempfile.mkdtemp(prefix="sigmasight-test-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@contextmanager
def core(stack: Stack) -> Iterator[psycopg.Connection]:
    with psycopg.connect(stack.database_url("core"), autocommit=True, connect_timeout=5) as connection:
        yield connection


def note(stack: Stack, words: str) -> None:
    stack.ensure_database("core")
    with core(stack) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS notes (words text)")
        connection.execute("INSERT INTO notes VALUES (%s)", [words])


def notes(stack: Stack) -> list[str]:
    with core(stack) as connection:
        return [row[0] for row in connection.execute("SELECT words FROM notes ORDER BY words")]


def refuses_connections(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_what_was_written_and_where_is_the_same_after_stop_and_start(folder: Path) -> None:
    with Stack(folder) as first:
        note(first, "kept")
        redis.Redis.from_url(first.redis_url()).set("task", "queued")
        before = first.environment("core")
        ports = [first.record["postgres"], first.record["valkey"]]
    assert all(refuses_connections(port) for port in ports)
    with Stack(folder) as second:
        assert second.environment("core") == before
        assert notes(second) == ["kept"]
        assert redis.Redis.from_url(second.redis_url()).get("task") == b"queued"


def test_a_second_process_attaches_and_leaves_the_servers_running(folder: Path) -> None:
    program = (
        "import sys, json; from pathlib import Path; from sigmasight.embedded.stack import Stack\n"
        "with Stack(Path(sys.argv[1])) as stack:\n"
        "    print(json.dumps([stack.owns_servers, stack.environment('core'), stack.psql('core', 'SELECT 40 + 2')]))"
    )
    with Stack(folder, throwaway=True) as owner:
        owner.ensure_database("core")
        other = subprocess.run(
            [sys.executable, "-c", program, str(folder)], cwd=ROOT, capture_output=True, text=True, timeout=60
        )
        assert other.returncode == 0, other.stderr
        assert json.loads(other.stdout) == [False, owner.environment("core"), "42\n"]
        assert owner.owns_servers
        note(owner, "still here")
        assert owner.stopped_servers() == []


def test_committed_rows_survive_a_killed_postgres(folder: Path) -> None:
    with Stack(folder) as stack:
        note(stack, "committed")
        with core(stack) as lost:
            os.kill(stack.server_pid("postgres"), signal.SIGKILL)
            with pytest.raises(psycopg.OperationalError):
                lost.execute("SELECT pg_sleep(30)")
        stack.restart("postgres")
        assert notes(stack) == ["committed"]
        note(stack, "written after")
        assert notes(stack) == ["committed", "written after"]


def test_a_killed_broker_comes_back_with_its_queue(folder: Path) -> None:
    with Stack(folder) as stack:
        client = redis.Redis.from_url(stack.redis_url())
        client.rpush("default", "task")
        # The append-only file is written with every command and flushed to disk every second.
        os.kill(stack.server_pid("valkey"), signal.SIGKILL)
        stack.restart("valkey")
        assert redis.Redis.from_url(stack.redis_url()).lrange("default", 0, -1) == [b"task"]


def test_the_next_process_recovers_what_a_killed_one_left(folder: Path) -> None:
    program = (
        "import sys, os, signal; from pathlib import Path; from sigmasight.embedded.stack import Stack\n"
        "stack = Stack(Path(sys.argv[1])).start(); stack.ensure_database('core')\n"
        "stack.psql('core', \"CREATE TABLE notes (words text); INSERT INTO notes VALUES ('by the killed one')\")\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(folder)], cwd=ROOT, timeout=60)
    assert killed.returncode == -signal.SIGKILL
    with Stack(folder) as successor:
        assert successor.owns_servers
        assert notes(successor) == ["by the killed one"]


def test_two_state_folders_run_side_by_side(folder: Path) -> None:
    with Stack(folder / "a") as one, Stack(folder / "b") as other:
        assert one.owns_servers
        assert other.owns_servers
        assert {one.record["postgres"], one.record["valkey"]}.isdisjoint(
            {other.record["postgres"], other.record["valkey"]}
        )
        note(one, "mine")
        note(other, "yours")
        assert (notes(one), notes(other)) == (["mine"], ["yours"])


@pytest.mark.parametrize("name", ["postgres", "valkey"])
def test_a_port_that_is_lost_between_probing_and_binding_is_replaced(
    folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        lost = other.getsockname()[1]
        free = stack_module.port_like
        answers = [lost if server == name else free(None, 0) for server in ("postgres", "valkey")]
        monkeypatch.setattr(stack_module, "port_like", lambda *wish: answers.pop(0) if answers else free(*wish))
        with Stack(folder, throwaway=True) as stack:
            assert stack.record[name] != lost
            assert stack.psql("ai", "SELECT 1") == "1\n"
            assert redis.Redis.from_url(stack.redis_url()).ping()


def test_databases_have_vectors_utf8_and_no_way_in_without_the_password(folder: Path) -> None:
    with Stack(folder, throwaway=True) as stack:
        stack.ensure_database("core")
        stack.ensure_database("core")
        assert stack.psql("core", "SELECT '[1,2]'::vector <-> '[1,3]'") == "1\n"
        assert stack.psql("ai", "SHOW server_encoding") == "UTF8\n"
        wrong = stack.database_url("core").replace(stack.record["password"], "guess")
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(wrong, connect_timeout=5)
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=stack.record["valkey"]).ping()
        assert stat.S_IMODE((stack.state / "stack.json").stat().st_mode) == 0o600
    assert not folder.exists()


def test_data_of_another_major_version_is_refused_with_advice(folder: Path) -> None:
    (folder / "pg").mkdir()
    (folder / "pg" / "PG_VERSION").write_text("9\n")
    with pytest.raises(StackError, match=r"was made by PostgreSQL 9, the installed one is \d+: dump and restore"):
        Stack(folder).start()
    assert (folder / "pg" / "PG_VERSION").exists()


def test_a_statement_that_fails_says_why(folder: Path) -> None:
    with Stack(folder, throwaway=True) as stack, pytest.raises(StackError, match='relation "nowhere" does not exist'):
        stack.psql("ai", "SELECT * FROM nowhere")
