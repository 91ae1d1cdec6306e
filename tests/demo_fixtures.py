"""The demo's books after a hundred nights, in a database of their own that is computed once for a test session.

`demo_results` moves a module's tests onto that database and its evening; what a test changes is rolled back after it.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.cache import cache
from django.db import connection
from django.test import Client

from analytics.batch.night import Request, run_night
from analytics.services.demo import seed_demo
from portfolios.models import User
from portfolios.services.tokens import issue_admin_token, issue_user_token

LAST_SESSION = dt.date(2025, 11, 20)
EVENING = "2025-11-20T21:30:00-05:00"


@dataclass(frozen=True)
class DemoResults:
    """Where the demo stands: its database and its last session."""

    database: str
    session: dt.date

    @staticmethod
    def bearer(account: str = "demo_individual", *, admin: bool = False) -> dict[str, str]:
        """The Authorization header of a demo account, e.g. "demo_hnw"; `admin` for a token of the operations API."""
        user = User.objects.get(email=f"{account}@sigmasight.com")
        if admin:
            token = issue_admin_token(user, ip_address=None, user_agent="tests")
        else:
            token = issue_user_token(user)[0]
        return {"Authorization": f"Bearer {token}"}

    def client(self, account: str = "demo_individual", *, admin: bool = False) -> Client:
        """A client that sends the account's token with every request and reports failures as answers."""
        return Client(headers=self.bearer(account, admin=admin), raise_request_exception=False)


@pytest.fixture(scope="session")
def demo_database(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any
) -> Iterator[DemoResults]:
    """A copy of the empty test database in which the demo was seeded and the nights were run, all committed.

    With `--reuse-db`, on servers that outlive the run, it is kept for the next one.
    """
    empty = str(connection.settings_dict["NAME"])
    database, unfinished = f"{empty}_demo", f"{empty}_demo_unfinished"
    keep = request.config.getoption("reuse_db") and not request.config.getoption("create_db")
    with django_db_blocker.unblock():
        if not (keep and _exists(database)):
            _maintain(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
            _maintain(f'DROP DATABASE IF EXISTS "{unfinished}" WITH (FORCE)')
            _maintain(f'CREATE DATABASE "{unfinished}" TEMPLATE "{empty}"')
            with evening_in(unfinished):
                seed_demo()
                run_night(Request(source="simulated", session=LAST_SESSION))
            _maintain(f'ALTER DATABASE "{unfinished}" RENAME TO "{database}"')
    yield DemoResults(database, LAST_SESSION)
    if not request.config.getoption("reuse_db"):
        with django_db_blocker.unblock():
            _maintain(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')


@pytest.fixture(scope="module")
def demo_results(demo_database: DemoResults, django_db_blocker: Any) -> Iterator[DemoResults]:
    """The module's tests see the demo on its last evening. A test asks for `db` as well to reach the database."""
    with django_db_blocker.unblock():
        evening = evening_in(demo_database.database)
        evening.__enter__()
    yield demo_database
    with django_db_blocker.unblock():
        evening.__exit__(None, None, None)


def evening_in(database: str) -> AbstractContextManager[None]:
    """This process works in that database, on the demo's last evening."""
    return working_in(database, EVENING)


@contextmanager
def working_in(database: str, now: str | None = None) -> Iterator[None]:
    """This process works in that database, at that time or at the real one."""
    name, before = str(connection.settings_dict["NAME"]), os.environ.get("SIGMASIGHT_NOW")
    _move(database, now)
    try:
        yield
    finally:
        _move(name, before)


def _move(database: str, now: str | None) -> None:
    connection.close()
    # Rows of other databases have other numbers.
    ContentType.objects.clear_cache()
    connection.settings_dict["NAME"] = database
    cache.clear()
    if now is None:
        os.environ.pop("SIGMASIGHT_NOW", None)
    else:
        os.environ["SIGMASIGHT_NOW"] = now


@contextmanager
def copied_for(demo: DemoResults, purpose: str) -> Iterator[None]:
    """A copy of the demo's database that tests and threads of this process may write to; it is dropped at the end."""
    with copy_of(demo.database, purpose) as name, evening_in(name):
        yield


@contextmanager
def copy_of(database: str, purpose: str = "copy") -> Iterator[str]:
    """The name of a database that is like this one until somebody writes to it; dropped afterwards."""
    name = f"{database}_{purpose}"
    _maintain(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    # Threads that answered an earlier test's requests keep their connections; nobody may be in a database that is copied.
    _maintain(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'")
    _maintain(f'CREATE DATABASE "{name}" TEMPLATE "{database}"')
    try:
        yield name
    finally:
        _maintain(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _exists(database: str) -> bool:
    connection.close()
    with connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database])
        return cursor.fetchone() is not None


def _maintain(statement: str) -> None:
    connection.close()
    with connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute(statement)
