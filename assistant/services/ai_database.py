"""The AI database within its time: two seconds for what somebody waits for, and none at all right after it failed.

A server that is gone refuses at once, one that is busy is cut off by its own `statement_timeout`. One that hangs (a stopped
process, a dead network) says nothing at all: then the socket is shut from this side when the time is over.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar

from django import db
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from sigmasight.core.errors import DomainError

log = logging.getLogger(__name__)

AI = "ai"
BUDGET_SECONDS = 2.0
REST_SECONDS = 10.0


class Unavailable(DomainError):
    """The AI database cannot be reached or does not answer in time; the API says so with 503."""

    status = 503

    def __init__(self) -> None:
        super().__init__(
            "ai_database_unavailable",
            "What the assistant remembers cannot be reached at the moment. Everything else works; try again in a minute.",
        )


class Rest:
    """A time in which something that just failed is not tried again by this process."""

    def __init__(self, seconds: float = REST_SECONDS) -> None:
        self.seconds = seconds
        self._until = 0.0

    @property
    def lasts(self) -> bool:
        return time.monotonic() < self._until

    def begin(self) -> None:
        self._until = time.monotonic() + self.seconds

    def end(self) -> None:
        self._until = 0.0


rest = Rest()
# When the budget of everything that is read for one prompt ends, by the monotonic clock.
_deadline: ContextVar[float | None] = ContextVar("ai_database_deadline", default=None)


@contextlib.contextmanager
def one_budget(seconds: float = BUDGET_SECONDS) -> Iterator[None]:
    """What is read inside takes `seconds` at most all together: of a database that is slow but answers, not each two seconds anew."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


@contextlib.contextmanager
def within_budget(seconds: float = BUDGET_SECONDS, *, may_rest: bool = True) -> Iterator[None]:
    """Statements on the AI database that take `seconds` at most, connecting included.

    Parameters
    ----------
    may_rest : whether to give up at once for ten seconds after a failure, so that one turn does not wait several times.

    Raises
    ------
    Unavailable if it is away or busy beyond the time.
    """
    if may_rest and rest.lasts:
        raise Unavailable
    started = time.monotonic()
    deadline = _deadline.get()
    if deadline is not None:
        seconds = min(seconds, deadline - started)
        if seconds <= 0:
            raise Unavailable
    connection = connections[AI]
    try:
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()
        connection.ensure_connection()
        with _shut_after(connection, started + seconds - time.monotonic()):
            yield
    except (db.OperationalError, db.InterfaceError) as error:
        rest.begin()
        log.warning("AI database after %.1f s: %s", time.monotonic() - started, error)
        if not connection.in_atomic_block:
            connection.close()
        raise Unavailable from error
    rest.end()


@contextlib.contextmanager
def unhurried() -> Iterator[None]:
    """Work of minutes that reads and writes the AI database between questions to a model: no budget for the whole of it.

    Raises
    ------
    Unavailable if it is away before anything was begun, or fails meanwhile. Failures of the core stay what they are.
    """
    connection = connections[AI]
    with within_budget(may_rest=False), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    try:
        yield
    except (db.OperationalError, db.InterfaceError) as error:
        if not connection.errors_occurred:
            raise
        log.warning("AI database: %s", error)
        raise Unavailable from error


@contextlib.contextmanager
def _shut_after(connection: BaseDatabaseWrapper, seconds: float) -> Iterator[None]:
    lock, state = threading.Lock(), {"over": False}

    def shut() -> None:
        with lock, contextlib.suppress(OSError, db.Error):
            if not state["over"]:
                with socket.socket(fileno=os.dup(connection.connection.fileno())) as twin:
                    twin.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(seconds, 0.01), shut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        with lock:
            state["over"] = True
