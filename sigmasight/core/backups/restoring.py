"""Bringing a backup back: examined first, restored beside what is there, counted, and only then put in its place by renaming."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
from django.db import connections
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone
from psycopg import sql

from sigmasight.core.backups import facts, manifest
from sigmasight.core.backups.making import Meter, reached, silent
from sigmasight.core.backups.manifest import Copied, Manifest, file_of
from sigmasight.core.backups.places import ALIASES, APPLICATION, Place, configured
from sigmasight.core.backups.programs import Program, program, run
from sigmasight.core.errors import Conflict, DomainError

MAINTENANCE = "postgres"
# PostgreSQL's names have 63 bytes; the rest is for what is put behind them.
LONGEST_NAME = 32
MOST_JOBS = 4
ATTEMPTS = 5
LOCALES = """
    SELECT pg_encoding_to_char(encoding), datlocprovider::text, datcollate, datctype,
      coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') FROM pg_database AS d WHERE datname = %s
"""


@dataclass(frozen=True)
class Restored:
    """Where a database is now; `replaced` is the name of the one that was there and is kept, if it held anything."""

    place: Place
    rows: int
    replaced: str = ""


@dataclass(frozen=True)
class Target:
    """A database to be filled. `state` is "missing", "empty" or "filled"."""

    place: Place
    state: str
    reader: Program

    @property
    def fresh(self) -> Place:
        """The database beside it that is filled first; always of this name, so that a cut restore leaves one at the most."""
        return self.place.named(beside(self.place, "restoring"))


def examine(folder: Path, meter: Meter = silent) -> Manifest:
    """The manifest of a backup whose files are what it says and whose migrations this code knows.

    Raises
    ------
    DomainError.
    """
    whole = manifest.read(folder)
    with meter("SHA-256", whole.bytes, "B") as advance:
        manifest.check_files(folder, whole, advance)
    known = set(MigrationLoader(None).disk_migrations or {})
    newer = sorted(
        f"{app}.{name}"
        for copied in whole.databases.values()
        for app, names in copied.migrations.items()
        for name in names
        if (app, name) not in known
    )
    if newer:
        raise DomainError(
            "backup_is_newer",
            f"The backup was made by version {whole.project_version} with migrations that this code does not have "
            f"({', '.join(newer[:5])}{', ...' if len(newer) > 5 else ''}): install that version, then restore.",
        )
    return whole


def restore(
    folder: Path, places: dict[str, Place] | None = None, *, replace: bool = False, meter: Meter = silent
) -> dict[str, Restored]:
    """Bring both databases back, into the ones that the settings name or into others.

    Each is restored beside its target, its rows are counted against the manifest, and then both are put in place by renaming. A
    target that held anything is kept under another name. Whatever fails before leaves the targets as they were.

    Raises
    ------
    DomainError for a backup that is damaged or newer than this code, a target that is not empty unless `replace` is set, a server
    that is too old or lacks an extension, or a program that fails.
    """
    whole = examine(folder, meter)
    places = places or configured()
    if len({(p.parameters.get("host"), p.parameters.get("port"), p.database) for p in places.values()}) < len(places):
        raise DomainError("same_database", "core and ai name the same database; they need one each.")
    targets = {label: _examined(places[label], copied) for label, copied in whole.databases.items()}
    filled = [str(target.place) for target in targets.values() if target.state == "filled"]
    if filled and not replace:
        raise Conflict(
            "target_not_empty", f"Not empty: {'; '.join(filled)}. With --replace what is there is put aside."
        )
    for alias in ALIASES.values():
        connections[alias].close()
    try:
        for label, target in targets.items():
            _fill(target, file_of(folder, label), whole.databases[label], meter)
        asides = _put_in_place(list(targets.values()))
    except BaseException:
        for target in targets.values():
            # What went wrong first is what is told.
            with suppress(DomainError, psycopg.Error):
                _drop(target.fresh)
        raise
    return {
        label: Restored(target.place, sum(whole.databases[label].rows.values()), asides[label])
        for label, target in targets.items()
    }


@contextmanager
def django_at(places: dict[str, Place]) -> Iterator[None]:
    """Django's connections go to these databases meanwhile."""
    usual = {label: dict(connections[alias].settings_dict) for label, alias in ALIASES.items()}
    for label, place in places.items():
        connection = connections[ALIASES[label]]
        connection.close()
        given = dict(place.parameters)
        connection.settings_dict |= {
            "NAME": given.pop("dbname"), "HOST": given.pop("host", ""), "PORT": given.pop("port", ""),
            "USER": given.pop("user", ""), "PASSWORD": place.password, "OPTIONS": usual[label]["OPTIONS"] | given,
        }  # fmt: skip
    try:
        yield
    finally:
        for label, alias in ALIASES.items():
            connections[alias].close()
            connections[alias].settings_dict |= usual[label]


def beside(place: Place, purpose: str) -> str:
    """Name of a database that stands beside this one; never the same for core and ai, however alike and long their names are."""
    return f"{place.database[:LONGEST_NAME]}_{place.label}_{purpose}"


def _examined(place: Place, copied: Copied) -> Target:
    with reached(place.named(MAINTENANCE)) as connection:
        version = facts.server_version(connection)
        major = facts.major(version)
        if major < facts.major(copied.server):
            raise DomainError(
                "server_too_old",
                f"{place} is PostgreSQL {version}; the backup comes from {copied.server} and needs as new a one.",
            )
        offered = {row[0] for row in connection.execute("SELECT name FROM pg_available_extensions")}
        if missing := sorted(set(copied.extensions) - offered):
            raise DomainError(
                "extension_missing",
                f"The server of {place} lacks the extension {', '.join(missing)}: install it there.",
            )
        there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [place.database]).fetchone()
        busy = connection.execute(
            "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND application_name = %s",
            [beside(place, "restoring"), APPLICATION],
        ).fetchone()
    if busy:
        raise Conflict("restore_running", f"Another restore into {place} is at work.")
    state = "missing"
    if there:
        with reached(place) as connection:
            state = "empty" if facts.is_empty(connection) else "filled"
    return Target(place, state, program("pg_restore", least=max(facts.major(copied.client), major)))


def _fill(target: Target, path: Path, copied: Copied, meter: Meter) -> None:
    label, fresh = target.place.label, target.fresh
    _drop(fresh)
    with reached(target.place.named(MAINTENANCE), autocommit=True) as connection:
        try:
            connection.execute(_creation(connection, target))
        except psycopg.errors.InsufficientPrivilege as error:
            raise DomainError(
                "may_not_create", f"The account for {target.place} may not create databases: ALTER ROLE ... CREATEDB."
            ) from error
    with (
        meter(f"{label}: restore", copied.database_bytes, "B") as advance,
        reached(fresh, autocommit=True) as connection,
    ):
        seen = 0

        def look() -> None:
            nonlocal seen
            size = facts.size(connection)[0]
            advance(min(size, copied.database_bytes) - seen)
            seen = min(size, copied.database_bytes)

        command: list[str | Path] = [
            target.reader.path, "--no-password", "--exit-on-error", "--no-owner", "--no-privileges", "--no-tablespaces",
            "--no-publications", "--no-subscriptions", "--no-comments", f"--jobs={min(MOST_JOBS, os.cpu_count() or 1)}",
            f"--dbname={fresh.address}", path,
        ]  # fmt: skip
        run(command, fresh, look)
    with reached(fresh) as connection:
        with meter(f"{label}: rows", len(copied.rows), "table") as advance:
            rows = facts.row_counts(connection, advance)
        if wrong := sorted(
            name for name in rows.keys() | copied.rows.keys() if rows.get(name) != copied.rows.get(name)
        ):
            told = ", ".join(f"{name} {rows.get(name)} of {copied.rows.get(name)}" for name in wrong[:5])
            raise DomainError("rows_differ", f"{label} is not what was backed up: {told}.")
        connection.execute("ANALYZE")


def _creation(connection: facts.Connection, target: Target) -> sql.Composed:
    """An empty database with encoding and sorting of the one it replaces."""
    words: list[sql.Composable] = [
        sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(target.fresh.database))
    ]
    row = connection.execute(LOCALES, [target.place.database]).fetchone()
    if row is None:
        return sql.SQL(" ").join([*words, sql.SQL("ENCODING 'UTF8'")])
    encoding, provider, collate, ctype, locale = row
    given = {"ENCODING": encoding, "LC_COLLATE": collate, "LC_CTYPE": ctype}
    if provider in ("i", "b"):
        given |= {"LOCALE_PROVIDER": "icu", "ICU_LOCALE": locale} if provider == "i" else {
            "LOCALE_PROVIDER": "builtin", "BUILTIN_LOCALE": locale,
        }  # fmt: skip
    return sql.SQL(" ").join(
        [*words, *(sql.SQL("{} {}").format(sql.SQL(key), sql.Literal(value)) for key, value in given.items())]
    )


def _put_in_place(targets: list[Target]) -> dict[str, str]:
    """Rename all, or none. Names under which filled databases are kept, by label; empty ones are dropped."""
    stamp = f"{timezone.now():%Y%m%dt%H%M%S}"
    done: list[tuple[Target, str]] = []
    try:
        for target in targets:
            name = target.place.database
            aside = beside(target.place, f"replaced_{stamp}") if target.state != "missing" else ""
            _rename(target.place, ([(name, aside)] if aside else []) + [(target.fresh.database, name)])
            done.append((target, aside))
    except BaseException:
        for target, aside in done:
            name = target.place.database
            _rename(target.place, [(name, target.fresh.database)] + ([(aside, name)] if aside else []))
        raise
    for target, aside in done:
        if target.state == "empty":
            with suppress(DomainError, psycopg.Error):
                _drop(target.place.named(aside))
    return {target.place.label: aside if target.state == "filled" else "" for target, aside in done}


def _rename(place: Place, names: list[tuple[str, str]]) -> None:
    """In one transaction. Whoever is connected is sent away, a few times: they come back at once where they were not stopped."""
    with reached(place.named(MAINTENANCE), autocommit=True) as connection:
        for attempt in range(1, ATTEMPTS + 1):
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ANY(%s) AND pid <> pg_backend_pid()",
                [[old for old, _ in names]],
            )
            try:
                with connection.transaction():
                    for old, new in names:
                        connection.execute(
                            sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(old), sql.Identifier(new))
                        )
                return
            except psycopg.errors.ObjectInUse as error:
                if attempt == ATTEMPTS:
                    raise Conflict(
                        "database_in_use", f"{place} is in use: stop web, workers and beat, then restore."
                    ) from error


def _drop(place: Place) -> None:
    with reached(place.named(MAINTENANCE), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(place.database)))
