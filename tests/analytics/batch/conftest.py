"""The demo after its first sessions, computed once, in a database of its own; what a test changes is rolled back after it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from analytics.batch.night import Outcome, Request, run_night
from analytics.services.demo import seed_demo
from tests.analytics.batch.servers import TARGET, CoreDatabase, create, drop
from tests.demo_fixtures import copy_of, working_in

LAST = dt.date(2025, 7, 3)


@contextmanager
def nights_in(database: str, request: Request) -> Iterator[tuple[str, Outcome]]:
    """A copy of the empty test database in which the demo was seeded and this night was run, all committed."""
    with copy_of(str(connection.settings_dict["NAME"]), database) as name:
        with working_in(name):
            seed_demo()
            outcome = run_night(request)
        yield name, outcome


@pytest.fixture(scope="session")
def nights(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[str, Outcome]]:
    request = Request(source="simulated", session=LAST)
    with django_db_blocker.unblock(), nights_in("nights", request) as computed, django_db_blocker.block():
        yield computed


@pytest.fixture(scope="module")
def first_nights(nights: tuple[str, Outcome], django_db_blocker: Any) -> Iterator[Outcome]:
    """The module's tests see the demo after its first sessions. A test asks for `db` as well to reach the database."""
    name, outcome = nights
    with django_db_blocker.unblock(), working_in(name), django_db_blocker.block():
        yield outcome


@pytest.fixture(scope="session")
def seeded() -> Iterator[CoreDatabase]:
    database = create("crash_seeded")
    database.manage("migrate", "--database", "default", "--verbosity", "0")
    database.manage("seed_demo")
    yield database
    drop(database.name)


@pytest.fixture(scope="session")
def undisturbed(seeded: CoreDatabase) -> Iterator[str]:
    database = create("crash_undisturbed", seeded.name)
    database.manage("run_batch", "--inline", "--date", TARGET)
    yield database.checksum()
    drop(database.name)
