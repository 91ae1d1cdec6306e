"""Set-wise writes by PostgreSQL's binary COPY, and set-wise reads.

The batch writes whole columns at once: numpy arrays are turned into COPY's binary format without a Python loop over rows,
staged in a temporary table, and merged by one ``INSERT ... ON CONFLICT DO UPDATE ... WHERE values differ``. A second run with
the same values therefore writes nothing, and `updated_at` moves only where something changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import orjson
from django.contrib.postgres.fields import ArrayField
from django.db import connections, models, transaction

from sigmasight.core import column_format, copy_format, partitions
from sigmasight.core.models import MonthlyModel
from sigmasight.core.observability import slow_queries

CHUNK_BYTES = 32 << 20
DOCUMENT = orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY


@dataclass(frozen=True)
class Scaled:
    """Exact decimals: `units` (n,) int64 counted in 10^-`decimals`; `null` (n,) bool marks unknown values."""

    units: np.ndarray
    decimals: int
    null: np.ndarray | None = None


@dataclass(frozen=True)
class Ragged:
    """One array a row: row i holds ``values[offsets[i]:offsets[i + 1]]``; `offsets` is (n + 1,). NaN becomes a NULL element
    unless `keep_nan`."""

    values: np.ndarray
    offsets: np.ndarray
    keep_nan: bool = False


@dataclass(frozen=True)
class Dense:
    """(n, k) or (n, j, k) array column in which NaN is stored as NaN, not as a NULL element (engine-only columns)."""

    values: np.ndarray


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


Column = np.ndarray | Sequence[Any] | Scaled | Ragged | Dense


def _row_count(column: Column) -> int:
    if isinstance(column, Scaled):
        return len(column.units)
    if isinstance(column, Ragged):
        return len(column.offsets) - 1
    if isinstance(column, Dense):
        return len(column.values)
    return len(column)


def _stored_field(model: type[models.Model], name: str) -> models.Field[Any, Any]:
    for field in model._meta.concrete_fields:
        if name in (field.name, field.attname):
            return field
    raise ValueError(f"{model.__name__} has no column {name!r}")


def _value_field(field: models.Field[Any, Any]) -> models.Field[Any, Any]:
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    return field


def _encode(field: models.Field[Any, Any], column: Column) -> tuple[copy_format.Encoded, str, str]:
    """The column in COPY form, the type of its staging column, and the expression that turns it into the stored value."""
    value = _value_field(field)
    quoted = f's."{field.column}"'
    if isinstance(value, ArrayField):
        element = value.base_field
        while isinstance(element, ArrayField):
            element = element.base_field
        kind = str(element.db_type(connections["default"]))
        return copy_format.arrays(column, kind), f"{kind}[]", quoted
    if isinstance(value, models.DecimalField):
        decimals = value.decimal_places
        if isinstance(column, Scaled):
            scaled = column
        elif isinstance(column, np.ndarray) and column.dtype.kind in "fiu":
            scaled = _scale(column, decimals)
        else:
            texts = [None if cell is None else str(cell) for cell in column]  # type: ignore[union-attr]
            return copy_format.texts(texts), "text", f"{quoted}::numeric({value.max_digits},{decimals})"
        factor = f"1e-{scaled.decimals}" if scaled.decimals else "1"
        return copy_format.integers(scaled.units, 8, scaled.null), "bigint", f"({quoted}::numeric * {factor}::numeric)"
    if isinstance(value, models.JSONField):
        documents = [None if cell is None else orjson.dumps(cell, option=DOCUMENT) for cell in column]  # type: ignore[union-attr]
        return copy_format.texts(documents), "text", f"{quoted}::jsonb"
    if isinstance(value, models.UUIDField):
        return copy_format.uuids(column), "uuid", quoted
    if isinstance(value, models.DateTimeField):
        return copy_format.instants(column), "timestamptz", quoted
    if isinstance(value, models.DateField):
        return copy_format.dates(column), "date", quoted
    if isinstance(value, models.BooleanField):
        return copy_format.booleans(column), "boolean", quoted
    if isinstance(value, models.FloatField):
        return copy_format.floats(np.asarray(column, dtype=np.float64)), "double precision", quoted
    if isinstance(value, models.IntegerField):
        units, null = copy_format.nullable_integers(column)
        return copy_format.integers(units, 8, null), "bigint", quoted
    kind = str(value.db_type(connections["default"]))
    return copy_format.texts([None if c is None else str(c) for c in column]), "text", f"{quoted}::{kind}"  # type: ignore[union-attr]


def _scale(column: np.ndarray, decimals: int) -> Scaled:
    """Round half-even to the column's scale, once; NaN becomes NULL.

    Raises
    ------
    ValueError for infinities and for values too large to be exact.
    """
    numbers = np.asarray(column, dtype=np.float64)
    null = np.isnan(numbers)
    units = np.rint(np.where(null, 0.0, numbers) * 10.0**decimals)
    if np.any(np.abs(units) > 2.0**62):
        raise ValueError("a value is infinite or too large for its decimal column")
    return Scaled(units.astype(np.int64), decimals, null)


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
    counts = {name: _row_count(column) for name, column in columns.items()}
    if len(set(counts.values())) != 1:
        raise ValueError(f"columns differ in length: {counts}")
    rows = next(iter(counts.values()))
    if rows == 0:
        return NOTHING
    connection = connections[using]
    if issubclass(model, MonthlyModel):
        partitions.ensure(model, partitions.months_in(columns[model.partitioned_by]), using=using)
    fields = {name: _stored_field(model, name) for name in columns}
    encoded = [_encode(fields[name], column) for name, column in columns.items()]
    names = [f'"{field.column}"' for field in fields.values()]
    key = [f'"{_stored_field(model, name).column}"' for name in unique]
    changed = [
        f'"{_stored_field(model, n).column}"' for n in (update if update is not None else columns) if n not in unique
    ]
    table = f'"{model._meta.db_table}"'
    stage = f"stage_{model._meta.db_table}"[:60]
    stage_columns = ", ".join(f"{name} {kind}" for name, (_, kind, _) in zip(names, encoded, strict=True))
    select = ", ".join(expression for _, _, expression in encoded)
    if changed:
        stamp = ', "updated_at" = now()' if any(f.column == "updated_at" for f in model._meta.concrete_fields) else ""
        action = (
            "DO UPDATE SET " + ", ".join(f"{c} = EXCLUDED.{c}" for c in changed) + stamp
            + " WHERE (" + ", ".join(f"t.{c}" for c in changed) + ") IS DISTINCT FROM ("
            + ", ".join(f"EXCLUDED.{c}" for c in changed) + ")"
        )  # fmt: skip
    else:
        action = "DO NOTHING"
    where = f" WHERE {condition}" if condition else ""
    # A partitioned table tells no xmax. The database stamps what it makes with the statement's time, which no other has.
    fresh = "t.created_at = statement_timestamp()" if issubclass(model, MonthlyModel) else "xmax = 0"
    order = ", ".join(f"s.{k}" for k in key)
    merge = (
        f"WITH done AS (INSERT INTO {table} AS t ({', '.join(names)}) SELECT {select} FROM {stage} AS s ORDER BY {order} "
        f"ON CONFLICT ({', '.join(key)}){where} {action} RETURNING ({fresh}) AS fresh) "
        "SELECT count(*) FILTER (WHERE fresh), count(*) FILTER (WHERE NOT fresh) FROM done"
    )
    with transaction.atomic(using=using), connection.cursor() as cursor:
        cursor.execute(f"CREATE TEMP TABLE {stage} ({stage_columns}) ON COMMIT DROP")
        with _copy(cursor, f"COPY {stage} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)") as copy:
            for block in copy_format.rows([column for column, _, _ in encoded], rows, CHUNK_BYTES):
                copy.write(block)
        cursor.execute(merge)
        inserted, updated = cursor.fetchone()
        cursor.execute(f"DROP TABLE {stage}")
    return UpsertCount(rows, inserted, updated)


def read_columns(
    sql: str, params: Mapping[str, Any] | Sequence[Any] = (), *, raw_uuids: bool = False, using: str = "default"
) -> dict[str, np.ndarray]:
    """Run a query and get its columns as numpy arrays; an ORDER BY inside it holds.

    Types: integers int64 (bigint, int, smallint; NULL is refused: write COALESCE), float8/float4/numeric float64 (NULL = NaN),
    date datetime64[D] and timestamptz datetime64[us] (NULL = NaT), boolean bool, uuid object (UUID), text and json object
    (str, NULL = None), arrays of numbers object (one 1-D float64 or int64 array a row, NULL elements NaN; NULL = None).

    Parameters
    ----------
    sql : one SELECT with distinct column names; `%(name)s` or `%s` placeholders.
    raw_uuids : give uuid columns as (n,) V16 bytes, a hundred times faster than objects; see `uuid_index`.

    Raises
    ------
    ValueError for a NULL in an integer, boolean or uuid column, or a column type that is not listed.
    """
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM ({sql}) AS q LIMIT 0", params or None)
        described = [(column.name, column.type_code) for column in cursor.cursor.description]
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
    "chunks",
    "read_columns",
    "to_uuids",
    "upsert",
    "uuid_index",
]  # fmt: skip
