"""One embedded PostgreSQL and one Valkey under one state folder: start, attach, stop."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from sigmasight.embedded.binaries import postgres_bin, postgres_major, valkey_server
from sigmasight.embedded.ports import is_taken, port_like
from sigmasight.embedded.privileges import RunAs, die_with_parent, give

SUPERUSER = "sigmasight"
AI_DATABASE = "ai"
PREFERRED_PORTS = {"postgres": 55432, "valkey": 56379}
PORT_ATTEMPTS = 3
SERVER_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "TZ": "UTC", "LC_ALL": "C"}


class StackError(RuntimeError):
    """An embedded server could not be started or reached."""


def _ended(server: subprocess.Popen[bytes], seconds: float = 5) -> bool:
    try:
        server.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


class Stack:
    """The embedded servers of one state folder.

    Parameters
    ----------
    state : folder for data, logs, the lock and `stack.json` (ports and the random password, mode 0600).
    throwaway : for tests: no fsync, any free port, and the folder is removed on `stop`.

    The first process to take the lock starts the servers and stops them; others attach.
    """

    def __init__(self, state: Path, *, throwaway: bool = False) -> None:
        self.state = Path(state).resolve()
        self.throwaway = throwaway
        self.record: dict[str, Any] = {}
        self._servers: dict[str, subprocess.Popen[bytes]] = {}
        self._lock: IO[str] | None = None

    def __enter__(self) -> Stack:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def owns_servers(self) -> bool:
        return self._lock is not None

    def start(self) -> Stack:
        """Start both servers, or attach to those another process of this clone runs.

        Raises
        ------
        StackError with the end of the server's log if one does not come up.
        """
        import fcntl

        self.state.mkdir(parents=True, exist_ok=True)
        self.state.chmod(0o711)
        lock = (self.state / "lock").open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            self.record = self._wait_for_record()
            return self
        self._lock = lock
        remembered = self.state / "stack.json"
        try:
            self.record = json.loads(remembered.read_text())
        except (OSError, ValueError):
            self.record = {"password": secrets.token_urlsafe(18)}
        self._wait_for_old_postmaster(self.state / "pg")
        for server, preferred in PREFERRED_PORTS.items():
            self.record[server] = port_like(self.record.get(server), 0 if self.throwaway else preferred)
        self.record |= {"pid": os.getpid(), "ready": False}
        self._write_record()
        try:
            self._on_aport_like("postgres", self._start_postgres)
            self._on_aport_like("valkey", self._start_valkey)
        except BaseException:
            self.stop()
            raise
        self.record["ready"] = True
        self._write_record()
        return self

    def _on_aport_like(self, name: str, start: Callable[[], None]) -> None:
        """Start a server; where somebody else took its port between probing and binding, once more on another."""
        for _ in range(PORT_ATTEMPTS):
            try:
                return start()
            except StackError:
                server = self._servers.get(name)
                if server is None or not is_taken(self.record[name]) or not _ended(server):
                    raise
                del self._servers[name]
                self.record[name] = port_like(None, 0)
        return start()

    def stop(self) -> None:
        """Stop what this process started, Valkey first; does nothing where it only attached."""
        for name, number in (("valkey", signal.SIGTERM), ("postgres", signal.SIGINT)):
            server = self._servers.pop(name, None)
            if server and server.poll() is None:
                server.send_signal(number)
                try:
                    server.wait(20)
                except subprocess.TimeoutExpired:
                    server.send_signal(signal.SIGQUIT)
                    server.wait(10)
        if self._lock is None:
            return
        if self.throwaway:
            shutil.rmtree(self.state, ignore_errors=True)
        else:
            self.record["ready"] = False
            self._write_record()
        shutil.rmtree(self._socket_directory(), ignore_errors=True)
        self._lock.close()
        self._lock = None

    def stopped_servers(self) -> list[str]:
        """Names of servers that ended by themselves (also reaps them)."""
        return [name for name, server in self._servers.items() if server.poll() is not None]

    def server_pid(self, name: str) -> int:
        """Process id of `postgres` or `valkey`, for tests that kill them. Only where this process started them."""
        return self._servers[name].pid

    def restart(self, name: str) -> None:
        """Start one server again after it ended."""
        self._servers.pop(name).wait(30)
        if name == "postgres":
            self._wait_for_old_postmaster(self.state / "pg")
            self._start_postgres()
        else:
            self._start_valkey()

    # -- addresses

    def database_url(self, name: str) -> str:
        return f"postgresql://{SUPERUSER}:{self.record['password']}@127.0.0.1:{self.record['postgres']}/{name}"

    def redis_url(self, number: int = 0) -> str:
        return f"redis://:{self.record['password']}@127.0.0.1:{self.record['valkey']}/{number}"

    def environment(self, core_database: str) -> dict[str, str]:
        """The three variables the settings read."""
        return {
            "DATABASE_URL": self.database_url(core_database),
            "AI_DATABASE_URL": self.database_url(AI_DATABASE),
            "REDIS_URL": self.redis_url(0),
        }

    def ensure_database(self, name: str) -> None:
        """Create the database unless it is there. `name` comes from this project, never from a user."""
        statement = f"SELECT 'CREATE DATABASE \"{name}\"' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname='{name}')\\gexec\n"
        self.psql("postgres", statement)

    def psql(self, database: str, statement: str) -> str:
        answer = subprocess.run(
            [str(postgres_bin() / "psql"), "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", self.database_url(database)],
            input=statement, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if answer.returncode:
            raise StackError(answer.stderr)
        return answer.stdout

    # -- PostgreSQL

    def _socket_directory(self) -> Path:
        # A unix socket path may have 107 bytes at most, whatever the clone's path is.
        digest = hashlib.sha256(str(self.state).encode()).hexdigest()[:10]
        return Path(tempfile.gettempdir()) / f"sigmasight-{os.geteuid()}-{digest}"

    def _start_postgres(self) -> None:
        programs, cluster = postgres_bin(), self.state / "pg"
        run_as = RunAs.detect(programs / "postgres", self.state)
        if os.geteuid() == 0 and cluster.exists():
            give(cluster, *(run_as.owner or (0, 0)))
        if (cluster / "PG_VERSION").exists():
            made_by, installed = (cluster / "PG_VERSION").read_text().strip(), postgres_major(programs)
            if made_by != installed:
                raise StackError(
                    f"{cluster} was made by PostgreSQL {made_by}, the installed one is {installed}: dump and restore it, or "
                    f"remove {self.state} and run `make demo` again."
                )
        else:
            self._initialise_cluster(programs, cluster, run_as)
        sockets = self._socket_directory()
        sockets.mkdir(mode=0o700, exist_ok=True)
        if sockets.lstat().st_uid not in (os.geteuid(), *(run_as.owner or ())[:1]):
            raise StackError(f"{sockets} belongs to somebody else; remove it, or set TMPDIR to a folder of your own.")
        if run_as.owner:
            os.chown(sockets, *run_as.owner)
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.record["postgres"],
            "unix_socket_directories": sockets,
            "timezone": "UTC",
            "log_timezone": "UTC",
            "max_connections": 100,
            # Whoever reads a table cut by month holds a lock on each month and its indexes.
            "max_locks_per_transaction": 256,
            "shared_buffers": "128MB",
            "maintenance_work_mem": "128MB",
            "max_wal_size": "2GB",
        }
        if self.throwaway:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        arguments = [argument for key, value in options.items() for argument in ("-c", f"{key}={value}")]
        with (self.state / "postgres.log").open("ab") as log:
            server = subprocess.Popen(
                [*run_as.prefix, str(programs / "postgres"), "-D", str(cluster), *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", env=SERVER_ENVIRONMENT, start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGINT), **run_as.popen,
            )  # fmt: skip
        self._servers["postgres"] = server
        self._wait_until(lambda: self._postgres_ready(programs), "postgres")
        # In the template, so that every database made later (the test databases too) has it.
        self.psql("template1", "CREATE EXTENSION IF NOT EXISTS vector")
        self.ensure_database(AI_DATABASE)

    def _initialise_cluster(self, programs: Path, cluster: Path, run_as: RunAs) -> None:
        shutil.rmtree(cluster, ignore_errors=True)
        cluster.mkdir(mode=0o700)
        # A file, because a pipe under /dev/fd cannot be reopened by another account.
        password = self.state / "initial-password"
        password.touch(mode=0o600)
        password.write_text(self.record["password"] + "\n")
        if run_as.owner:
            os.chown(cluster, *run_as.owner)
            os.chown(password, *run_as.owner)
        # Without an explicit locale initdb takes the machine's: SQL_ASCII where LANG is unset, failure where it is unknown.
        answer = subprocess.run(
            [*run_as.prefix, str(programs / "initdb"), "-D", str(cluster), "-U", SUPERUSER, "-A", "scram-sha-256",
             f"--pwfile={password}", "-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
             "--no-instructions", *(["--no-sync"] if self.throwaway else [])],
            capture_output=True, text=True, cwd="/", env=SERVER_ENVIRONMENT, check=False, **run_as.popen,
        )  # fmt: skip
        password.unlink()
        if answer.returncode:
            shutil.rmtree(cluster, ignore_errors=True)
            raise StackError(f"initdb failed:\n{answer.stdout}{answer.stderr}")

    @staticmethod
    def _wait_for_old_postmaster(cluster: Path, seconds: float = 20) -> None:
        """After a kill -9 the old server may still be shutting down, or be a zombie that PostgreSQL takes for a live one."""
        deadline, state = time.monotonic() + seconds, ""
        while time.monotonic() < deadline:
            try:
                pid = int((cluster / "postmaster.pid").read_text().split("\n")[0])
                state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
                if state != "Z" and str(cluster) not in Path(f"/proc/{pid}/cmdline").read_text():
                    return
            except (OSError, ValueError, IndexError):
                return
            time.sleep(0.1)
        if state == "Z":
            (cluster / "postmaster.pid").unlink(missing_ok=True)

    def _postgres_ready(self, programs: Path) -> bool:
        probe = [str(programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.record["postgres"])]
        return subprocess.run(probe, check=False).returncode == 0

    # -- Valkey

    def _start_valkey(self) -> None:
        directory = self.state / "valkey"
        directory.mkdir(mode=0o700, exist_ok=True)
        configuration = (
            f'bind 127.0.0.1\nport {self.record["valkey"]}\ndir "{directory}"\nrequirepass {self.record["password"]}\n'
            f'appendonly {"no" if self.throwaway else "yes"}\nappendfsync everysec\nsave ""\ndaemonize no\n'
            "maxmemory-policy noeviction\n"
        )
        with (self.state / "valkey.log").open("ab") as log:
            server = subprocess.Popen(
                [str(valkey_server()), "-"], stdin=subprocess.PIPE, stdout=log, stderr=log, cwd="/",
                start_new_session=True, preexec_fn=die_with_parent(signal.SIGTERM),
            )  # fmt: skip
        assert server.stdin is not None
        server.stdin.write(configuration.encode())
        server.stdin.close()
        self._servers["valkey"] = server
        self._wait_until(self._valkey_ready, "valkey")

    def _valkey_ready(self) -> bool:
        password = self.record["password"]
        question = f"*2\r\n$4\r\nAUTH\r\n${len(password)}\r\n{password}\r\n*1\r\n$4\r\nPING\r\n"
        try:
            with socket.create_connection(("127.0.0.1", self.record["valkey"]), 0.5) as connection:
                connection.sendall(question.encode())
                with connection.makefile("rb") as answer:
                    return answer.readline() == b"+OK\r\n" and answer.readline() == b"+PONG\r\n"
        except OSError:
            return False

    # -- shared

    def _wait_until(self, ready: Callable[[], bool], name: str, seconds: float = 60) -> None:
        deadline, log = time.monotonic() + seconds, self.state / f"{name}.log"
        while time.monotonic() < deadline:
            code = self._servers[name].poll()
            if code is not None:
                raise StackError(f"{name} stopped at once (exit {code}):\n{log.read_text(errors='replace')[-2000:]}")
            if ready():
                return
            time.sleep(0.03)
        raise StackError(f"{name} was not ready within {seconds:.0f} s:\n{log.read_text(errors='replace')[-2000:]}")

    def _wait_for_record(self, seconds: float = 60) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, ValueError):
                record: dict[str, Any] = json.loads((self.state / "stack.json").read_text())
                if record.get("ready"):
                    return record
            time.sleep(0.1)
        raise StackError(f"Another process holds {self.state / 'lock'} but its servers never became ready.")

    def _write_record(self) -> None:
        temporary = self.state / "stack.json.tmp"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(self.record, file)
        temporary.replace(self.state / "stack.json")
