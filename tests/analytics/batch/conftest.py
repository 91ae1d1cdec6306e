"""The demo after its first sessions, computed once for a module; what a test changes is rolled back after it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from django.db import transaction

from analytics.batch.night import Outcome, Request, run_night
from analytics.services.demo import seed_demo
from tests.analytics.batch.servers import TARGET, CoreDatabase, create, drop

LAST = dt.date(2025, 7, 3)


@pytest.fixture(scope="module")
def first_nights(django_db_setup: None, django_db_blocker: pytest.FixtureRequest) -> Iterator[Outcome]:
    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        block = transaction.atomic()
        block.__enter__()
        try:
            seed_demo()
            yield run_night(Request(source="simulated", session=LAST))
        finally:
            transaction.set_rollback(True)
            block.__exit__(None, None, None)


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
