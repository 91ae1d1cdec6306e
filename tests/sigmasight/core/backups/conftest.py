"""Two tiny databases on the servers of the test run, which tests fill, copy, damage and bring back."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import sql

from sigmasight.core.backups.making import back_up
from sigmasight.core.backups.places import Place, configured
from sigmasight.core.backups.restoring import django_at

ROWS = """
    CREATE TABLE prices (day date NOT NULL, close numeric NOT NULL, PRIMARY KEY (day)) PARTITION BY RANGE (day);
    CREATE TABLE prices_2026_01 PARTITION OF prices FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
    CREATE TABLE prices_2026_02 PARTITION OF prices FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
    INSERT INTO prices SELECT '2026-01-30'::date + n, 100 + n FROM generate_series(0, 4) AS n;
"""


def maintain(place: Place, statement: str, name: str) -> None:
    with place.named("postgres").connect(autocommit=True) as connection:
        connection.execute(sql.SQL(statement).format(sql.Identifier(name)))  # type: ignore[arg-type]


def closes(place: Place) -> list[int]:
    with place.connect() as connection:
        return [int(row[0]) for row in connection.execute("SELECT close FROM prices ORDER BY day")]


def databases(place: Place) -> set[str]:
    """All that begin with the name of this one."""
    with place.named("postgres").connect() as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [place.database])
        return {row[0] for row in rows}


@pytest.fixture(scope="module")
def copied(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, Place], Path]]:
    """Core with five prices over two months, ai with an empty table, and a backup of them."""
    places = {label: place.named(f"tiny_{place.database}") for label, place in configured().items()}
    for place in places.values():
        clear(place)
        maintain(place, "CREATE DATABASE {}", place.database)
        with place.connect() as connection:
            connection.execute(ROWS if place.label == "core" else "CREATE TABLE texts (id int)")
    with django_at(places):
        yield places, back_up(tmp_path_factory.mktemp("backups"))
    for place in places.values():
        clear(place)


@pytest.fixture
def tiny(copied: tuple[dict[str, Place], Path]) -> Iterator[dict[str, Place]]:
    """The configured databases of this test: the prices in core may have been changed by an earlier one."""
    places, _ = copied
    yield places
    for place in places.values():
        clear(place, but=place.database)


@pytest.fixture
def backup(copied: tuple[dict[str, Place], Path], tmp_path: Path) -> Path:
    """A backup of a test's own."""
    _, made = copied
    (tmp_path / "backups").mkdir(mode=0o700)
    return Path(shutil.copytree(made, tmp_path / "backups" / made.name))


def clear(place: Place, but: str = "") -> None:
    for name in databases(place) - {but}:
        maintain(place, "DROP DATABASE {} WITH (FORCE)", name)
