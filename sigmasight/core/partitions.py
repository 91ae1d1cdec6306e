"""Tables that PostgreSQL cuts by month: which months are there, and making those that are missing.

There is no DEFAULT partition: a row of a month without a partition is refused by PostgreSQL and never put aside unseen. Who
writes makes the month first, by `ensure`; the batch does so for all its months before its shards begin.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from django.apps import apps
from django.db import connections, transaction

from sigmasight.core.models import MonthlyModel

BOUNDS = re.compile(r"FROM \('(\d{4}-\d\d-\d\d)'\) TO \('(\d{4}-\d\d-\d\d)'\)")
LOCK_SPACE = 73


@dataclass(frozen=True, order=True)
class Partition:
    """One partition: rows of `first` up to, not including, `end`."""

    first: dt.date
    end: dt.date
    table: str
    name: str


def monthly_models() -> list[type[MonthlyModel]]:
    """Every model whose table is cut by month, by name of the table."""
    found = [model for model in apps.get_models() if issubclass(model, MonthlyModel)]
    return sorted(found, key=lambda model: model._meta.db_table)


def month_of(day: dt.date) -> dt.date:
    """The first day of the month."""
    return day.replace(day=1)


def shift_month(month: dt.date, by: int) -> dt.date:
    """The first day of the month so many months later (earlier if negative)."""
    years, place = divmod(month.month - 1 + by, 12)
    return dt.date(month.year + years, place + 1, 1)


def months_between(first: dt.date, last: dt.date) -> list[dt.date]:
    """The months from one day's to another's, both included."""
    months, month = [], month_of(first)
    while month <= last:
        months.append(month)
        month = shift_month(month, 1)
    return months


def partitions(tables: Iterable[str], *, using: str = "default") -> list[Partition]:
    """All partitions of the tables, oldest first."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT parent.relname, part.relname, pg_get_expr(part.relpartbound, part.oid) FROM pg_inherits AS i "
            "JOIN pg_class AS part ON part.oid = i.inhrelid JOIN pg_class AS parent ON parent.oid = i.inhparent "
            "WHERE i.inhparent = ANY(%s::text[]::regclass[]) AND part.relispartition",
            [list(tables)],
        )
        found = []
        for table, name, expression in cursor.fetchall():
            bounds = BOUNDS.search(expression)
            if bounds is None:
                raise RuntimeError(
                    f"{name} of {table} is no partition by date ({expression}): rows in it would escape retention"
                )
            found.append(Partition(dt.date.fromisoformat(bounds[1]), dt.date.fromisoformat(bounds[2]), table, name))
    return sorted(found)


def ensure(model: type[MonthlyModel], days: Iterable[dt.date], *, using: str = "default") -> list[str]:
    """Make the partitions that rows of these days go to, where they are missing. Two processes may do it at once.

    Outside a transaction the months are there for everybody when this returns. Inside one, the locks are held to its end: other
    writers of the table go on, a second maker of partitions waits, and so do writers of the tables it refers to.

    Returns
    -------
    The names of the partitions made.
    """
    months = {month_of(day) for day in days}
    table = model._meta.db_table
    if not _missing(months, table, using):
        return []
    made = []
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK_SPACE, table])
        # Who held the lock before may have made them.
        for month in _missing(months, table, using):
            name = f"{table}_{month:%Y_%m}"
            # Made beside and attached: CREATE ... PARTITION OF would lock out every reader of the table.
            cursor.execute(f'CREATE TABLE "{name}" (LIKE "{table}" INCLUDING ALL EXCLUDING IDENTITY)')
            cursor.execute(
                f'ALTER TABLE "{table}" ATTACH PARTITION "{name}" FOR VALUES FROM (%s) TO (%s)',
                [month.isoformat(), shift_month(month, 1).isoformat()],
            )
            made.append(name)
    return made


def ensure_all(first: dt.date, last: dt.date) -> list[str]:
    """Make the missing partitions of every monthly table for a range of days and the month after it. Returns their names."""
    months = months_between(first, shift_month(month_of(last), 1))
    there: dict[str, set[dt.date]] = {model._meta.db_table: set() for model in monthly_models()}
    for part in partitions(there):
        there[part.table] |= set(months_between(part.first, part.end - dt.timedelta(days=1)))
    return [
        name
        for model in monthly_models()
        if set(months) - there[model._meta.db_table]
        for name in ensure(model, months)
    ]


def months_in(column: object) -> set[dt.date]:
    """The months of a column of dates: an array of datetime64, or a sequence of dates."""
    return set(np.unique(np.asarray(column, dtype="datetime64[M]")).astype("datetime64[D]").tolist())


def _missing(months: set[dt.date], table: str, using: str) -> list[dt.date]:
    parts = partitions([table], using=using)
    return sorted(month for month in months if not any(part.first <= month < part.end for part in parts))
