"""Set-wise writes by PostgreSQL's binary COPY, and set-wise reads.

The batch writes whole columns at once: numpy arrays are turned into COPY's binary format without a Python loop over rows,
staged in a temporary table, and merged by one ``INSERT ... ON CONFLICT DO UPDATE ... WHERE values differ``. A second run with
the same values therefore writes nothing, and `updated_at` moves only where something changed. Rows that are all new skip the stage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
from django.db import IntegrityError, OperationalError, connections, models, transaction
from psycopg import errors

from sigmasight.core import column_format, copy_format, partitions
from sigmasight.core.column_values import (
    Column,
    Dense,
    Ragged,
    Scaled,
    as_stored,
    cell_of,
    row_count,
    staged,
    stored_field,
)
from sigmasight.core.models import MonthlyModel
from sigmasight.core.observability import slow_queries

CHUNK_BYTES = 32 << 20


@dataclass(frozen=True)
class UpsertCount:
    """Rows offered, newly stored, and changed; the rest was there with the same values."""

    offered: int
    inserted: int
    updated: int

    @property
    def written(self) -> int:
        return self.inserted + self.updated

    def __add__(self, other: UpsertCount) -> UpsertCount:
        return UpsertCount(self.offered + other.offered, self.inserted + other.inserted, self.updated + other.updated)


NOTHING = UpsertCount(0, 0, 0)
_copies = 0


def copies_made() -> int:
    """How many COPY statements this process has run: Django's own wrappers do not see them."""
    return _copies


@contextmanager
def _copy(cursor: Any, statement: str, params: Any = None) -> Iterator[Any]:
    global _copies
    _copies += 1
    with slow_queries.timed(cursor.db.alias, statement), cursor.cursor.copy(statement, params) as copy:
        yield copy


def upsert(
    model: type[models.Model],
    columns: Mapping[str, Column],
    *,
    unique: Sequence[str],
    update: Sequence[str] | None = None,
    condition: str = "",
    using: str = "default",
) -> UpsertCount:
    """Insert or update many rows at once; rows whose values are already stored are left alone.

    Parameters
    ----------
    columns : by field name (foreign keys by field or column name), each of n values: numpy arrays (NaN, NaT = NULL),
        sequences with None, `Scaled` for exact money, 2- or 3-dimensional arrays, `Dense` or `Ragged` for array columns.
        Float arrays given for decimal columns are rounded half-even to the column's scale.
    unique : the fields of the unique key a conflict is decided by; a row may occur once.
    update : the fields to overwrite on conflict; all others of `columns` are only inserted. None: all but `unique`.
    condition : the predicate of a partial unique index, as SQL text of this project.

    Raises
    ------
    ValueError if columns differ in length or name no field.
    django.db.Error if the database refuses a row; nothing is written then.
    """
    counts = {name: row_count(column) for name, column in columns.items()}
    if len(set(counts.values())) != 1:
        raise ValueError(f"columns differ in length: {counts}")
    rows = next(iter(counts.values()))
    if rows == 0:
        return NOTHING
    connection = connections[using]
    if issubclass(model, MonthlyModel):
        partitions.ensure(model, partitions.months_in(columns[model.partitioned_by]), using=using)
    fields = {name: stored_field(model, name) for name in columns}
    names = {name: f'"{field.column}"' for name, field in fields.items()}
    key = [f'"{stored_field(model, name).column}"' for name in unique]
    where = f" WHERE {condition}" if condition else ""
    with transaction.atomic(using=using), connection.cursor() as cursor:
        if _looks_new(cursor, model, columns, unique, rows, condition) and _copied(
            cursor, model, fields, columns, rows
        ):
            return UpsertCount(rows, rows, 0)
        encoded = [staged(fields[name], column) for name, column in columns.items()]
        stage = f"stage_{model._meta.db_table}"[:60]
        kinds = ", ".join(f"{name} {kind}" for name, (_, kind, _) in zip(names.values(), encoded, strict=True))
        cursor.execute(f"CREATE TEMP TABLE {stage} ({kinds}) ON COMMIT DROP")
        _copy_in(cursor, stage, names.values(), [column for column, _, _ in encoded], rows)
        changed = [names[name] for name in (columns if update is None else update) if name not in unique]
        # A partitioned table tells no xmax. The database stamps what it makes with the statement's time, which no other has.
        fresh = "t.created_at = statement_timestamp()" if issubclass(model, MonthlyModel) else "xmax = 0"
        cursor.execute(
            f"WITH done AS (INSERT INTO {_table(model)} AS t ({', '.join(names.values())}) "
            f"SELECT {', '.join(expression for _, _, expression in encoded)} FROM {stage} AS s "
            f"ORDER BY {', '.join(f's.{k}' for k in key)} "
            f"ON CONFLICT ({', '.join(key)}){where} {_on_conflict(model, changed)} RETURNING ({fresh}) AS fresh) "
            "SELECT count(*) FILTER (WHERE fresh), count(*) FILTER (WHERE NOT fresh) FROM done"
        )
        inserted, updated = cursor.fetchone()
        cursor.execute(f"DROP TABLE {stage}")
    return UpsertCount(rows, inserted, updated)


def _table(model: type[models.Model]) -> str:
    return f'"{model._meta.db_table}"'


def _on_conflict(model: type[models.Model], changed: Sequence[str]) -> str:
    if not changed:
        return "DO NOTHING"
    stamp = ', "updated_at" = now()' if any(f.column == "updated_at" for f in model._meta.concrete_fields) else ""
    return (
        "DO UPDATE SET " + ", ".join(f"{c} = EXCLUDED.{c}" for c in changed) + stamp
        + " WHERE (" + ", ".join(f"t.{c}" for c in changed) + ") IS DISTINCT FROM ("
        + ", ".join(f"EXCLUDED.{c}" for c in changed) + ")"
    )  # fmt: skip


def _looks_new(
    cursor: Any,
    model: type[models.Model],
    columns: Mapping[str, Column],
    unique: Sequence[str],
    rows: int,
    condition: str,
) -> bool:
    """Whether neither the first nor the last row is stored: rows of a night are all new or all there."""
    match = " AND ".join(f'"{stored_field(model, name).column}" = %s' for name in unique)
    either = f"({match}) OR ({match})"
    ends = [cell_of(columns[name], row) for row in (0, rows - 1) for name in unique]
    also = f" AND {condition}" if condition else ""
    cursor.execute(f"SELECT EXISTS (SELECT FROM {_table(model)} WHERE ({either}){also})", ends)
    return not cursor.fetchone()[0]


def _copied(
    cursor: Any,
    model: type[models.Model],
    fields: Mapping[str, models.Field[Any, Any]],
    columns: Mapping[str, Column],
    rows: int,
) -> bool:
    """Rows that look new go straight into the table, which costs PostgreSQL half of what staging and merging do. False where a column has
    to be converted on its way, or one of the rows was there after all: nothing is written then."""
    encoded = [as_stored(fields[name], column) for name, column in columns.items()]
    if any(column is None for column in encoded):
        return False
    names = [f'"{field.column}"' for field in fields.values()]
    try:
        with transaction.atomic(using=cursor.db.alias), cursor.db.wrap_database_errors:
            _copy_in(cursor, _table(model), names, encoded, rows)
    except (IntegrityError, OperationalError) as refusal:
        # Another writer's rows come in its own order; merging takes them sorted.
        if isinstance(refusal.__cause__, errors.UniqueViolation | errors.DeadlockDetected):
            return False
        raise
    return True


def _copy_in(cursor: Any, table: str, names: Iterable[str], encoded: Sequence[Any], rows: int) -> None:
    with _copy(cursor, f"COPY {table} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)") as copy:
        for block in copy_format.rows(encoded, rows, CHUNK_BYTES):
            copy.write(block)


def array_text(ids: Iterable[UUID | int]) -> str:
    """Ids as the text of a PostgreSQL array, for `= ANY(%s)`: the driver would look at each of thousands for itself."""
    return f"{{{','.join(map(str, ids))}}}"


def _bound(value: Any) -> Any:
    if isinstance(value, list) and value and all(type(item) in (UUID, int) for item in value):
        return array_text(value)
    return value


# Names and types of the columns of statements asked before, by the kinds of their parameters; a schema stays what it is while the
# process lives.
_descriptions: dict[tuple[Any, ...], list[tuple[str, int]]] = {}
MOST_DESCRIPTIONS = 500


def _described(cursor: Any, sql: str, params: Any) -> list[tuple[str, int]]:
    given = params.values() if isinstance(params, Mapping) else params
    key = (cursor.db.alias, sql, *map(type, given))
    if key not in _descriptions:
        cursor.execute(f"SELECT * FROM ({sql}) AS q LIMIT 0", params or None)
        if len(_descriptions) >= MOST_DESCRIPTIONS:
            _descriptions.clear()
        _descriptions[key] = [(column.name, column.type_code) for column in cursor.cursor.description]
    return _descriptions[key]


def read_columns(
    sql: str, params: Mapping[str, Any] | Sequence[Any] = (), *, raw_uuids: bool = False, using: str = "default"
) -> dict[str, Any]:
    """Run a query and get its columns as numpy arrays; an ORDER BY inside it holds.

    Types: integers int64 (bigint, int, smallint; NULL is refused: write COALESCE), float8/float4/numeric float64 (NULL = NaN),
    date datetime64[D] and timestamptz datetime64[us] (NULL = NaT), boolean bool, uuid object (UUID), text and json object
    (str, NULL = None), arrays of one dimension one `Ragged` of all their elements (NULL elements NaN, uuids V16, letters S1; a NULL
    array is one without elements).

    Parameters
    ----------
    sql : one SELECT with distinct column names; `%(name)s` or `%s` placeholders.
    raw_uuids : give uuid columns as (n,) V16 bytes, a hundred times faster than objects; see `uuid_index`.

    Raises
    ------
    ValueError for a NULL in an integer, boolean or uuid column, a matrix, or a column type that is not listed.
    """
    connection = connections[using]
    if isinstance(params, Mapping):
        params = {name: _bound(value) for name, value in params.items()}
    with connection.cursor() as cursor:
        described = _described(cursor, sql, params)
        if len({name for name, _ in described}) != len(described):
            raise ValueError(f"column names repeat: {[name for name, _ in described]}")
        plan = [(name, column_format.read_kind(name, oid, raw_uuids=raw_uuids)) for name, oid in described]
        with _copy(
            cursor, f"COPY ({column_format.statement(sql, plan)}) TO STDOUT (FORMAT BINARY)", params or None
        ) as copy:
            answer = b"".join(copy)
    return column_format.parse(answer, plan)


def uuid_index(keys: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Position of each wanted uuid in `keys`, -1 where it is missing. Both (n,) V16, in any order."""
    order = np.argsort(keys.view("S16"), kind="stable")
    ordered = keys.view("S16")[order]
    place = np.minimum(np.searchsorted(ordered, wanted.view("S16")), max(len(ordered) - 1, 0))
    if not len(ordered):
        return np.full(len(wanted), -1, dtype=np.int64)
    return np.where(ordered[place] == wanted.view("S16"), order[place], -1)


def to_uuids(raw: np.ndarray) -> list[UUID]:
    """(n,) V16 as UUID objects."""
    text = np.ascontiguousarray(raw).tobytes()
    return [UUID(bytes=text[at : at + 16]) for at in range(0, len(text), 16)]


def chunks(count: int, size: int) -> Iterator[slice]:
    """Slices of at most `size` covering ``range(count)``."""
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


__all__ = [
    "NOTHING",
    "UUID",
    "Column",
    "Decimal",
    "Dense",
    "Ragged",
    "Scaled",
    "UpsertCount",
    "array_text",
    "chunks",
    "read_columns",
    "to_uuids",
    "upsert",
    "uuid_index",
]  # fmt: skip
