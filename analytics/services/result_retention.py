"""Dropping whole months of results that are older than they are kept, after archiving them if asked to."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from django.conf import settings
from django.db import OperationalError, connection, transaction

from analytics.batch.kept import LEAST_MONTHS, LEAST_MONTHS_OF_OTHERS, LOOKED_BACK
from analytics.batch.runs import ACTIVE, START_LOCK
from analytics.batch.scope import plan_run
from analytics.models import BatchRun
from analytics.services.archives import Form, form_named
from marketdata import calendar
from portfolios.models import Portfolio
from sigmasight.core import clock
from sigmasight.core.errors import DomainError
from sigmasight.core.partitions import Partition, month_of, monthly_models, partitions, shift_month

# How long a drop waits for readers of the table; who comes after it waits meanwhile.
PATIENCE = "3s"
FINGERPRINT = (
    "SELECT count(*), to_hex(coalesce(bit_xor(hashtextextended(id::text || updated_at::text, 0)), 0)) FROM {table}"
)


class Verdict(StrEnum):
    """What becomes of a month that is older than it is kept."""

    DUE = "would be dropped"
    DROPPED = "dropped"
    NEEDED = "kept"
    BUSY = "busy, try again"


@dataclass(frozen=True)
class OldMonth:
    """A partition whose whole month is older than it is kept. `rows` of it, `bytes` with indexes; `reason` says what needs it."""

    partition: Partition
    rows: int
    bytes: int
    verdict: Verdict
    reason: str = ""
    archive: Path | None = None


@dataclass(frozen=True)
class Span:
    """Days, both included, that somebody needs."""

    first: dt.date
    last: dt.date
    reason: str

    def touches(self, part: Partition) -> bool:
        return self.first < part.end and self.last >= part.first


def months_kept() -> dict[str, int]:
    """Months each monthly table keeps, 0 for all of them.

    Raises
    ------
    DomainError if a setting is below the least, or names no such table.
    """
    known = {model._meta.db_table for model in monthly_models()}
    for table, months in settings.RESULT_MONTHS.items():
        if table not in known:
            raise DomainError("unknown_table", f"RESULT_MONTHS names {table}, which is not cut by month.")
        least = LEAST_MONTHS.get(table, LEAST_MONTHS_OF_OTHERS)
        if months and months < least:
            raise DomainError(
                "retention_too_short",
                f"KEEP_MONTHS_{table.upper()} is {months}; set {least} or more, or 0 to keep everything.",
            )
    return {table: settings.RESULT_MONTHS.get(table, 0) for table in sorted(known)}


def retain(
    *, tables: Sequence[str] = (), archive: Path | None = None, form: str = "csv", dry_run: bool = False
) -> Iterator[OldMonth]:
    """Drop every month that is older than its table keeps and that nobody needs, oldest first; yields each when it is done.

    A second time finds nothing left. A month is a transaction of its own; no run starts while it is dropped.

    Parameters
    ----------
    tables : only these. archive : write each month to a compressed file in this directory first, read it back and count it.
    form : of that file, "csv" or "parquet". dry_run : change nothing.

    Raises
    ------
    DomainError for a table that is not cut by month, settings that are too short, an unknown form, or a directory that cannot be
    written.
    """
    kept, kind = months_kept(), form_named(form)
    if unknown := sorted(set(tables) - set(kept)):
        raise DomainError("unknown_table", f"{', '.join(unknown)}: not cut by month. Those are {', '.join(kept)}.")
    if archive is not None and not (archive.is_dir() and os.access(archive, os.W_OK)):
        raise DomainError("no_archive", f"{archive} is no directory that can be written to; make it first.")
    this_month = month_of(clock.market_today())
    spans = {table: _needed(table) for table in tables or kept}
    for part in partitions(spans):
        if kept[part.table] and part.end <= shift_month(this_month, -kept[part.table]):
            old = _measured(part, spans[part.table])
            yield old if dry_run or old.verdict != Verdict.DUE else _drop(old, archive, kind)


def retain_and_tell() -> str:
    """What beat calls once a week: everything that is due, archived where RESULT_ARCHIVE says so. Returns what was done, in words.

    Raises
    ------
    DomainError like `retain`.
    """
    archive = Path(settings.RESULT_ARCHIVE) if settings.RESULT_ARCHIVE else None
    old = list(retain(archive=archive, form=settings.RESULT_ARCHIVE_FORMAT))
    analyze()
    counted = {verdict: sum(month.verdict == verdict for month in old) for verdict in Verdict}
    dropped = sum(month.rows for month in old if month.verdict == Verdict.DROPPED)
    return (
        f"{counted[Verdict.DROPPED]} months with {dropped:,} rows dropped, {counted[Verdict.NEEDED]} still needed, "
        f"{counted[Verdict.BUSY]} busy"
    )


def analyze(tables: Sequence[str] = ()) -> None:
    """Let the planner look at the monthly tables as wholes, which autovacuum never does."""
    with connection.cursor() as cursor:
        # Before version 18 the partitions are analysed once more on the way.
        only = "ONLY " if connection.pg_version >= 180_000 else ""  # type: ignore[attr-defined]
        for table in tables or months_kept():
            cursor.execute(f'ANALYZE {only}"{table}"')


def _needed(table: str) -> list[Span]:
    """What reads a table's past: published sessions, runs at work, and what the next run would begin with."""
    back = LOOKED_BACK.get(table, 0)
    published = Portfolio.objects.filter(deleted_at__isnull=True, results_as_of__isnull=False)
    days = published.order_by("results_as_of").values_list("results_as_of", flat=True).distinct()
    spans = [Span(_shifted(day, -back), day, f"published session {day}") for day in days if day is not None]
    for run in BatchRun.objects.filter(status__in=ACTIVE).order_by("created_at"):
        first = run.target_from or calendar.FIRST_DAY
        spans.append(Span(_shifted(first, -1), dt.date.max, f"run {run.id} from {first}"))
    plan = plan_run(calendar.batch_target())
    if plan.needs:
        spans.append(Span(_shifted(plan.first, -1), plan.target, f"open backfill from {plan.first}"))
    return spans


def _shifted(day: dt.date, sessions: int) -> dt.date:
    if not sessions:
        return day
    place = calendar.session_ordinal(calendar.session_on_or_after(max(day, calendar.FIRST_DAY)))
    return calendar.session_at(max(place + sessions, 0))


def _measured(part: Partition, spans: Sequence[Span]) -> OldMonth:
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT (SELECT count(*) FROM "{part.name}"), pg_total_relation_size(%s::regclass)', [part.name]
        )
        rows, size = cursor.fetchone()
    reason = next((span.reason for span in spans if span.touches(part)), "")
    return OldMonth(part, rows, size, Verdict.NEEDED if reason else Verdict.DUE, reason)


def _drop(old: OldMonth, archive: Path | None, form: Form) -> OldMonth:
    part = old.partition
    try:
        stored = _archived(part, archive, form) if archive is not None else None
        with transaction.atomic(), connection.cursor() as cursor:
            # No run begins while this holds; one that began since the look above is seen.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [START_LOCK])
            if reason := next((span.reason for span in _needed(part.table) if span.touches(part)), ""):
                return replace(old, verdict=Verdict.NEEDED, reason=reason)
            cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
            cursor.execute(f'LOCK TABLE "{part.name}" IN SHARE MODE')
            found = _fingerprint(part)
            if stored is not None and found != stored[1]:
                return replace(old, verdict=Verdict.BUSY, reason="changed while it was archived", archive=stored[0])
            cursor.execute(f'DROP TABLE "{part.name}"')
            cursor.execute("SET LOCAL lock_timeout = DEFAULT")
        return replace(old, rows=found[0], verdict=Verdict.DROPPED, archive=stored[0] if stored else None)
    except OperationalError as error:
        # LockNotAvailable: somebody reads or writes the table for long.
        if getattr(error.__cause__, "sqlstate", "") != "55P03":
            raise
        return replace(old, verdict=Verdict.BUSY, reason="others are using the table")


def _fingerprint(part: Partition) -> tuple[int, str]:
    """How many rows a partition has, and a hash that differs when one of them does."""
    with connection.cursor() as cursor:
        cursor.execute(FINGERPRINT.format(table=f'"{part.name}"'))
        rows, mark = cursor.fetchone()
    return rows, mark


def _archived(part: Partition, directory: Path, form: Form) -> tuple[Path, tuple[int, str]]:
    """The partition in a file of its own, read back and counted, and its fingerprint.

    The fingerprint is in the file's name: a month that was archived, computed again and is archived once more gets a second file.

    Raises
    ------
    DomainError if the file does not hold what the table holds; it is removed then.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # Nobody writes this month meanwhile; readers go on.
        cursor.execute(f"SET LOCAL lock_timeout = '{PATIENCE}'")
        cursor.execute(f'LOCK TABLE "{part.name}" IN SHARE MODE')
        cursor.execute("SET LOCAL lock_timeout = DEFAULT")
        mark = _fingerprint(part)
        path = directory / f"{part.name}.{mark[1]}{form.suffix}"
        if path.exists() and form.rows_in(path) == mark[0]:
            return path, mark
        unfinished = path.with_name(f"{path.name}.unfinished")
        form.write(part, unfinished)
        if (written := form.rows_in(unfinished)) != mark[0]:
            unfinished.unlink()
            raise DomainError(
                "archive_incomplete", f"{path.name} holds {written} of {mark[0]} rows; {part.name} was not dropped."
            )
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.rename(path)
    return path, mark
