"""Telling an error of the work from a server that is away for a moment."""

from __future__ import annotations

import django.db
import kombu.exceptions
import psycopg
import redis.exceptions

DATABASE = (django.db.OperationalError, django.db.InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
BROKER = (kombu.exceptions.OperationalError, redis.exceptions.ConnectionError, redis.exceptions.TimeoutError)
# SQLSTATE classes of a lost connection, and of a server that shuts down or is not up yet.
GONE = ("08", "57P")


def is_outage(error: BaseException | None) -> bool:
    """Whether the error says that PostgreSQL or the broker went away: the same work can be tried again as it is.

    What the database refuses while it is there (a deadlock, a full disk, a value out of range) is no outage.
    """
    if isinstance(error, BROKER):
        return True
    if not isinstance(error, DATABASE):
        return False
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    state = getattr(cause, "sqlstate", None)
    return state is None or state.startswith(GONE)
