"""The demo's books after a hundred nights, in a database of their own that is computed once for a test session.

`demo_results` moves a module's tests onto that database and its evening; what a test changes is rolled back after it.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from analytics.batch.night import Outcome, Request, run_night
from analytics.services.demo import seed_demo
from portfolios.models import User
from portfolios.services.tokens import issue_admin_token, issue_user_token

LAST_SESSION = dt.date(2025, 11, 20)
EVENING = "2025-11-20T21:30:00-05:00"


@dataclass(frozen=True)
class DemoResults:
    """Where the demo stands: its database, its last session, how its run ended."""

    database: str
    session: dt.date
    outcome: Outcome

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
def demo_database(django_db_setup: None, django_db_blocker: Any) -> Iterator[DemoResults]:
    """A copy of the empty test database in which the demo was seeded and the nights were run, all committed."""
    empty = str(connection.settings_dict["NAME"])
    database = f"{empty}_demo"
    with django_db_blocker.unblock():
        _maintain(f'DROP DATABASE IF EXISTS "{database}"')
        _maintain(f'CREATE DATABASE "{database}" TEMPLATE "{empty}"')
        with _evening_in(database):
            seed_demo()
            outcome = run_night(Request(source="simulated", session=LAST_SESSION))
    yield DemoResults(database, LAST_SESSION, outcome)
    with django_db_blocker.unblock():
        _maintain(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')


@pytest.fixture(scope="module")
def demo_results(demo_database: DemoResults, django_db_blocker: Any) -> Iterator[DemoResults]:
    """The module's tests see the demo on its last evening. A test asks for `db` as well to reach the database."""
    with django_db_blocker.unblock():
        evening = _evening_in(demo_database.database)
        evening.__enter__()
    yield demo_database
    with django_db_blocker.unblock():
        evening.__exit__(None, None, None)


@contextmanager
def _evening_in(database: str) -> Iterator[None]:
    name, now = str(connection.settings_dict["NAME"]), os.environ.get("SIGMASIGHT_NOW")
    _move(database, EVENING)
    try:
        yield
    finally:
        _move(name, now)


def _move(database: str, now: str | None) -> None:
    connection.close()
    connection.settings_dict["NAME"] = database
    cache.clear()
    if now is None:
        os.environ.pop("SIGMASIGHT_NOW", None)
    else:
        os.environ["SIGMASIGHT_NOW"] = now


def _maintain(statement: str) -> None:
    connection.close()
    with connection._nodb_cursor() as cursor:  # type: ignore[attr-defined]
        cursor.execute(statement)
