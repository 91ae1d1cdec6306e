"""A month of results in a file of its own: CSV that PostgreSQL takes back as it is, or Parquet for programs that read columns."""

from __future__ import annotations

import csv
import gzip
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models

from sigmasight.core.errors import DomainError
from sigmasight.core.observability import slow_queries
from sigmasight.core.partitions import Partition, monthly_models

ROWS_AT_ONCE = 2_000
# What PostgreSQL calls a type, and what it is in Parquet. Everything else leaves as the text PostgreSQL makes of it.
ARROW = {
    "bigint": pa.int64(),
    "integer": pa.int32(),
    "smallint": pa.int16(),
    "boolean": pa.bool_(),
    "double precision": pa.float64(),
    "real": pa.float32(),
    "date": pa.date32(),
    "timestamp with time zone": pa.timestamp("us", tz="UTC"),
}
COLUMNS = """
    SELECT attname, format_type(CASE t.typcategory WHEN 'A' THEN t.typelem ELSE a.atttypid END, NULL), t.typcategory = 'A',
      (a.atttypmod - 4) >> 16 & 65535, (a.atttypmod - 4) & 2047, a.atttypmod
    FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
    WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""


@dataclass(frozen=True)
class Form:
    """A kind of file: its ending, how a partition is written into one, and how many rows one holds (-1: it cannot be read to its end)."""

    suffix: str
    write: Callable[[Partition, Path], None]
    rows_in: Callable[[Path], int]


def form_named(name: str) -> Form:
    """
    Raises
    ------
    DomainError for a name that is none.
    """
    if name not in FORMS:
        raise DomainError("unknown_form", f"{name!r} is no form of archives; take {' or '.join(FORMS)}.")
    return FORMS[name]


def _write_csv(part: Partition, path: Path) -> None:
    statement = f'COPY (SELECT * FROM "{part.name}" ORDER BY id) TO STDOUT (FORMAT CSV, HEADER)'
    with (
        gzip.open(path, "wb", compresslevel=5) as out,
        connection.cursor() as cursor,
        slow_queries.timed("default", statement),
        cursor.cursor.copy(statement) as copy,
    ):
        for block in copy:
            out.write(block)


def _rows_in_csv(path: Path) -> int:
    usual = csv.field_size_limit(sys.maxsize)
    try:
        with gzip.open(path, "rt", newline="") as file:
            return sum(1 for _ in csv.reader(file)) - 1
    except (EOFError, gzip.BadGzipFile):
        return -1
    finally:
        csv.field_size_limit(usual)


def _write_parquet(part: Partition, path: Path) -> None:
    """All columns under their names: numbers, dates and arrays as such, exact decimals, identifiers and JSON as text."""
    with connection.cursor() as cursor:
        cursor.execute(COLUMNS, [part.name])
        described = cursor.fetchall()
    schema = pa.schema([(name, _arrow(part.table, name, *kind)) for name, *kind in described])
    wanted = ", ".join(_expression(name, *kind) for name, *kind in described)
    with (
        connection.connection.cursor(name="archive") as rows,
        pq.ParquetWriter(path, schema, compression="zstd", write_page_checksum=True) as out,
    ):
        rows.execute(f'SELECT {wanted} FROM "{part.name}" ORDER BY id')
        while batch := rows.fetchmany(ROWS_AT_ONCE):
            columns = zip(*batch, strict=True)
            arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
            out.write_batch(pa.record_batch(arrays, schema=schema))


def _rows_in_parquet(path: Path) -> int:
    """Every page is read and held against its checksum."""
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            return sum(batch.num_rows for batch in file.iter_batches(ROWS_AT_ONCE))
    except (pa.ArrowException, OSError):
        return -1


def _arrow(table: str, name: str, kind: str, is_array: bool, precision: int, scale: int, modifier: int) -> Any:
    if kind == "numeric" and modifier > 0:
        return pa.decimal128(precision, scale)
    found = ARROW.get(kind, pa.string())
    for _ in range(_depth(table, name) if is_array else 0):
        found = pa.list_(found)
    return found


def _expression(name: str, kind: str, is_array: bool, precision: int, scale: int, modifier: int) -> str:
    if kind in ARROW or (kind == "numeric" and modifier > 0):
        return f'"{name}"'
    return f'"{name}"::text{"[]" if is_array else ""}'


def _depth(table: str, column: str) -> int:
    """Dimensions of an array: PostgreSQL's types do not tell."""
    (model,) = (model for model in monthly_models() if model._meta.db_table == table)
    field: models.Field[Any, Any] = next(field for field in model._meta.concrete_fields if field.column == column)
    depth = 0
    while isinstance(field, ArrayField):
        depth, field = depth + 1, field.base_field
    return depth


FORMS: dict[str, Form] = {
    "csv": Form(".csv.gz", _write_csv, _rows_in_csv),
    "parquet": Form(".parquet", _write_parquet, _rows_in_parquet),
}


def names() -> Sequence[str]:
    """The forms there are."""
    return list(FORMS)
