"""Columns on their way into a table: the forms they are given in, and their bytes in COPY's format, staged or as they are stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import orjson
from django.contrib.postgres.fields import ArrayField
from django.db import connections, models

from sigmasight.core import copy_format

DOCUMENT = orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY
# What `jsonb` is sent as begins with its version.
JSONB_VERSION = b"\x01"
INTEGER_BYTES = {"smallint": 2, "integer": 4, "bigint": 8}
FLOAT_KINDS = {"double precision": ">f8", "real": ">f4"}
UUID_BYTES = 16
PLAIN_TEXT = ("varchar", "text", '"char"')


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

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> np.ndarray:
        if not 0 <= row < len(self):
            raise IndexError(row)
        return self.values[self.offsets[row] : self.offsets[row + 1]]

    def table(self, width: int) -> np.ndarray:
        """(n, width) of rows that all have so many elements.

        Raises
        ------
        ValueError if one has not.
        """
        if (np.diff(self.offsets) != width).any():
            raise ValueError(f"every array should have {width} elements")
        return self.values.reshape(-1, width)


@dataclass(frozen=True)
class Dense:
    """(n, k) or (n, j, k) array column in which NaN is stored as NaN, not as a NULL element (engine-only columns)."""

    values: np.ndarray


Column = np.ndarray | Sequence[Any] | Scaled | Ragged | Dense


def row_count(column: Column) -> int:
    if isinstance(column, Scaled):
        return len(column.units)
    if isinstance(column, Ragged):
        return len(column.offsets) - 1
    if isinstance(column, Dense):
        return len(column.values)
    return len(column)


def cell_of(column: Column, row: int) -> Any:
    """One value as a parameter of a statement.

    Raises
    ------
    TypeError for columns no key is made of.
    """
    if isinstance(column, Scaled | Ragged | Dense):
        raise TypeError("A key is made of plain columns.")
    cell = column[row]
    if isinstance(cell, np.void | np.bytes_) and cell.dtype.itemsize == UUID_BYTES:
        return UUID(bytes=bytes(cell.tobytes()))
    return cell.item() if isinstance(cell, np.generic) else cell


def stored_field(model: type[models.Model], name: str) -> models.Field[Any, Any]:
    for field in model._meta.concrete_fields:
        if name in (field.name, field.attname):
            return field
    raise ValueError(f"{model.__name__} has no column {name!r}")


def _value_field(field: models.Field[Any, Any]) -> models.Field[Any, Any]:
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    return field


def staged(field: models.Field[Any, Any], column: Column) -> tuple[copy_format.Encoded, str, str]:
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
    # An explicit cast would cut a text that is too long; storing it as it is refuses it.
    stored = quoted if kind.startswith("varchar") else f"{quoted}::{kind}"
    return copy_format.texts([None if c is None else str(c) for c in column]), "text", stored  # type: ignore[union-attr]


def as_stored(field: models.Field[Any, Any], column: Column) -> copy_format.Encoded | None:
    """The column in the very form of the table's own, None where PostgreSQL has to convert it or would refuse it."""
    value = _value_field(field)
    kind = str(value.db_type(connections["default"]))
    if isinstance(value, ArrayField | models.UUIDField | models.DateField | models.BooleanField):
        return staged(field, column)[0]
    if isinstance(value, models.DecimalField):
        return _stored_decimals(value, column)
    if isinstance(value, models.JSONField):
        cells: Sequence[Any] = column  # type: ignore[assignment]
        documents = [None if c is None else JSONB_VERSION + orjson.dumps(c, option=DOCUMENT) for c in cells]
        return copy_format.texts(documents)
    if isinstance(value, models.FloatField):
        return copy_format.floats(np.asarray(column, dtype=np.float64), FLOAT_KINDS[kind])
    if isinstance(value, models.IntegerField):
        width = INTEGER_BYTES.get(kind.partition(" ")[0], 0)
        units, null = copy_format.nullable_integers(column)
        fits = width and (not len(units) or -(1 << 8 * width - 1) <= units.min() <= units.max() < 1 << 8 * width - 1)
        return copy_format.integers(units, width, null) if fits else None
    if kind.partition("(")[0] not in PLAIN_TEXT:
        return None
    texts = [None if cell is None else str(cell) for cell in column]  # type: ignore[union-attr]
    longest = value.max_length
    if longest is not None and any(text is not None and len(text) > longest for text in texts):
        return None
    return copy_format.texts(texts)


def _stored_decimals(field: models.DecimalField[Any, Any], column: Column) -> copy_format.Encoded | None:
    if isinstance(column, np.ndarray) and column.dtype.kind in "fiu":
        column = _scale(column, field.decimal_places)
    if not isinstance(column, Scaled) or column.decimals > copy_format.MOST_DECIMALS:
        return None
    return copy_format.numerics(column.units, column.decimals, column.null)


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
