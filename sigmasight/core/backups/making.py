"""Making a backup: both databases dumped, counted, read back, and only then given their name."""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import psycopg
from django.conf import settings
from django.utils import timezone

from sigmasight.core.backups import facts, manifest
from sigmasight.core.backups.manifest import Copied, Manifest, file_of
from sigmasight.core.backups.places import Place, configured
from sigmasight.core.backups.programs import Program, program, run
from sigmasight.core.errors import Conflict, DomainError

NAME_FORM = "%Y%m%dT%H%M%SZ"
STAMP = re.compile(r"\d{8}T\d{6}Z")
UNFINISHED = ".unfinished"
# One a day is expected, with room for a day on which it was late.
OLDEST = dt.timedelta(hours=36)
# Waiting longer for a table that is being rebuilt would keep the job hanging unseen.
LOCK_WAIT = "60s"
# A connection is idle while a program works, and counting takes as long as it takes.
LIMITS = "-c statement_timeout=0 -c idle_in_transaction_session_timeout=0"
# A dump grows with its database: this much more than the last one is counted on.
GROWTH = 1.5

Meter = Callable[[str, int | None, str], AbstractContextManager[Callable[[int], object]]]


@contextmanager
def silent(title: str, total: int | None, unit: str) -> Iterator[Callable[[int], object]]:
    """A meter that shows nothing: title, how much it will be if that is known, of what."""
    yield lambda count: None


def backups_in(directory: Path) -> list[Path]:
    """Complete backups, oldest first. What was cut off, or cannot be read, is none."""
    found = []
    for folder in sorted(directory.iterdir()) if directory.is_dir() else []:
        if STAMP.fullmatch(folder.name):
            with suppress(DomainError):
                manifest.read(folder)
                found.append(folder)
    return found


def taken_at(folder: Path) -> dt.datetime:
    """When a backup was begun, which is the instant its name gives."""
    return dt.datetime.strptime(folder.name, NAME_FORM).replace(tzinfo=dt.UTC)


def back_up(directory: Path, *, keep: int | None = None, meter: Meter = silent) -> Path:
    """Copy both databases into a new folder of `directory`, each as it is at one instant, while everybody goes on working.

    The folder has its name, a UTC time, once everything in it was read back. `keep` is how many complete backups stay then, this one
    among them; None: all.

    Raises
    ------
    DomainError if a program is missing or fails, there is no room, or another backup is being made there; nothing is left then.
    """
    if keep is not None and keep < 1:
        raise DomainError("keep_too_few", "Keep one backup at the least.")
    places = configured()
    programs = {label: _programs_for(place) for label, place in places.items()}
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone_in(directory):
        _check_room(directory, places)
        started = timezone.now()
        name = started.strftime(NAME_FORM)
        if (directory / name).exists():
            raise Conflict("backup_exists", f"{directory / name} is there already; wait a second.")
        folder = directory / f".{name}{UNFINISHED}"
        folder.mkdir(mode=0o700)
        try:
            copied = {label: _copied(folder, place, programs[label][0], meter) for label, place in places.items()}
            whole = Manifest(settings.VERSION, _told(started), _told(timezone.now()), copied)
            for label, (_, reader) in programs.items():
                _read_through(folder, places[label], reader, meter)
            manifest.write(folder, whole)
            _to_disk(folder)
            folder.rename(directory / name)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        _to_disk(directory)
        if keep is not None:
            for old in backups_in(directory)[:-keep]:
                _remove(old)
    return directory / name


def _programs_for(place: Place) -> tuple[Program, Program]:
    """pg_dump for a server, and the pg_restore that reads what it writes."""
    with reached(place) as connection:
        version = facts.server_version(connection)
    dump = program("pg_dump", least=facts.major(version))
    return dump, program("pg_restore", least=dump.major)


@contextmanager
def reached(place: Place, *, autocommit: bool = False) -> Iterator[facts.Connection]:
    """A connection to a database that does not wait for locks for long; a DomainError where the server does not answer or serve."""
    try:
        with place.connect(autocommit=autocommit, options=f"{LIMITS} -c lock_timeout={LOCK_WAIT}") as connection:
            yield connection
    except psycopg.errors.LockNotAvailable as error:
        raise Conflict(
            "database_in_use", f"{place} is being rebuilt or cleared by somebody; try again later."
        ) from error
    except psycopg.OperationalError as error:
        raise DomainError("not_reachable", f"{place} cannot be reached: {str(error).strip()}") from error


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """Nobody else makes a backup here meanwhile; so what is unfinished was left by one that was killed."""
    with (directory / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Conflict("backup_running", f"Another backup is being made in {directory}.") from error
        for left in directory.glob(f".*{UNFINISHED}"):
            shutil.rmtree(left, ignore_errors=True)
        yield


def _check_room(directory: Path, places: dict[str, Place]) -> None:
    """Refuse to begin what will hardly fit. Rows are compressed: they never take more than in their tables."""
    needed = 0
    for place in places.values():
        with reached(place) as connection:
            needed += facts.size(connection)[1]
    if earlier := backups_in(directory):
        needed = min(needed, int(GROWTH * manifest.read(earlier[-1]).bytes))
    if (free := shutil.disk_usage(directory).free) < needed:
        raise DomainError(
            "no_room", f"{directory} has {free / 2**20:,.0f} MiB free; the backup may take {needed / 2**20:,.0f} MiB."
        )


def _copied(folder: Path, place: Place, dump: Program, meter: Meter) -> Copied:
    path = file_of(folder, place.label)
    path.touch(mode=0o600)
    with reached(place) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        (snapshot,) = connection.execute("SELECT pg_export_snapshot()").fetchone() or ("",)
        with meter(f"{place.label}: dump", None, "B") as advance:
            seen = 0

            def look() -> None:
                nonlocal seen
                size = path.stat().st_size
                advance(size - seen)
                seen = size

            command: list[str | Path] = [
                dump.path, "--format=custom", "--no-password", f"--lock-wait-timeout={LOCK_WAIT}",
                f"--snapshot={snapshot}", f"--file={path}", f"--dbname={place.address}",
            ]  # fmt: skip
            run(command, place, look)
        with meter(f"{place.label}: rows", len(facts.tables(connection)), "table") as advance:
            rows = facts.row_counts(connection, advance)
        size = path.stat().st_size
        with meter(f"{place.label}: SHA-256", size, "B") as advance:
            digest = manifest.sha256_of(path, advance)
        return Copied(
            database=place.database, bytes=size, sha256=digest, database_bytes=facts.size(connection)[0],
            server=facts.server_version(connection), client=dump.version, extensions=facts.extensions(connection),
            migrations=facts.migrations(connection), rows=rows,
        )  # fmt: skip


def _read_through(folder: Path, place: Place, reader: Program, meter: Meter) -> None:
    """Unpack every row of a dump to nowhere: what cannot be read to its end is no backup."""
    with meter(f"{place.label}: read back", None, "B"):
        run([reader.path, "--file=/dev/null", file_of(folder, place.label)], place)


def _remove(folder: Path) -> None:
    # Without its manifest it is no backup, should this be interrupted.
    (folder / manifest.NAME).unlink()
    shutil.rmtree(folder)


def _to_disk(folder: Path) -> None:
    for path in [*folder.glob("*.dump"), folder]:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _told(instant: object) -> str:
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
