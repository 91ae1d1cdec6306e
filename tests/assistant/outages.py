"""The AI database goes away, is busy, hangs or is silent, for real."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.db import connections

AI = connections["ai"]


@contextmanager
def locked(tables: str = "ai_kb_documents, ai_memories", using: str = "ai") -> Iterator[None]:
    """Somebody holds the tables, so that every read waits until the server ends it."""
    settings = connections[using].settings_dict
    with psycopg.connect(
        host=settings["HOST"], port=settings["PORT"], user=settings["USER"], password=settings["PASSWORD"],
        dbname=settings["NAME"],
    ) as other:  # fmt: skip
        other.execute(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE")
        yield
        other.rollback()


@contextmanager
def hanging() -> Iterator[None]:
    """The server's process behind our connection is stopped: it neither answers nor hangs up, and no timeout of its own acts."""
    with AI.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
        AI.close()


@contextmanager
def silent() -> Iterator[None]:
    """Something takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield from _elsewhere(server.getsockname()[1])


@contextmanager
def away() -> Iterator[None]:
    """Nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    yield from _elsewhere(port)


@contextmanager
def slow(seconds: float) -> Iterator[None]:
    """A network on which every answer of the server is late."""
    with socket.create_server(("127.0.0.1", 0)) as front:
        place = (AI.settings_dict["HOST"], int(AI.settings_dict["PORT"]))
        threading.Thread(target=_relay, args=(front, place, seconds), daemon=True).start()
        yield from _elsewhere(front.getsockname()[1])


def _relay(front: socket.socket, place: tuple[str, int], seconds: float) -> None:
    with contextlib.suppress(OSError):
        while True:
            near, _ = front.accept()
            far = socket.create_connection(place)
            for source, sink, wait in ((near, far, 0.0), (far, near, seconds)):
                threading.Thread(target=_carry, args=(source, sink, wait), daemon=True).start()


def _carry(source: socket.socket, sink: socket.socket, seconds: float) -> None:
    with contextlib.suppress(OSError), source, sink:
        while data := source.recv(65_536):
            time.sleep(seconds)
            sink.sendall(data)


def _elsewhere(port: int) -> Iterator[None]:
    before = AI.settings_dict["PORT"]
    AI.close()
    AI.settings_dict["PORT"] = str(port)
    try:
        yield
    finally:
        AI.close()
        AI.settings_dict["PORT"] = before
