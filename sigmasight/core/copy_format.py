"""PostgreSQL's binary COPY format, written from numpy arrays without a loop over rows.

A row is an int16 field count, then for each field an int32 length (-1 for NULL) and its bytes, all big-endian. Every column
becomes a byte matrix of its widest value plus a length per row; unused bytes are masked out when the rows are joined.
Source: PostgreSQL documentation, COPY, "Binary Format"; array layout after the server's `array_send`.
"""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np

SIGNATURE = b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0)
TRAILER = struct.pack(">h", -1)
EPOCH_DATE = np.datetime64("2000-01-01", "D")
EPOCH_INSTANT = np.datetime64("2000-01-01T00:00:00", "us")
# Of a numeric: decimal digits in one of its digits, its base, its sign; more decimals than these would not fit an int64 on the way.
DIGITS, BASE, NEGATIVE, MOST_DECIMALS = 4, 10_000, 0x4000, 16
# Element types of array columns: SQL name -> (type oid, big-endian numpy type).
ARRAY_ELEMENTS = {
    "double precision": (701, ">f8"),
    "real": (700, ">f4"),
    "bigint": (20, ">i8"),
    "integer": (23, ">i4"),
    "smallint": (21, ">i2"),
    "uuid": (2950, "S16"),
    '"char"': (18, "S1"),
}


@dataclass(frozen=True)
class Encoded:
    """`payload` (n, width) uint8; `lengths` (n,) int32 with -1 for NULL; `used` (n, width) bool, None where the first
    `lengths[i]` bytes of row i count."""

    payload: np.ndarray
    lengths: np.ndarray
    used: np.ndarray | None = None


def _bytes_of(values: np.ndarray, kind: str) -> np.ndarray:
    packed = np.ascontiguousarray(values.astype(kind))
    return packed.view(np.uint8).reshape(len(packed), packed.itemsize)


def _fixed(payload: np.ndarray, null: np.ndarray | None) -> Encoded:
    lengths = np.full(len(payload), payload.shape[1], dtype=np.int32)
    if null is not None:
        lengths[null] = -1
    return Encoded(payload, lengths)


def integers(units: np.ndarray, width: int, null: np.ndarray | None = None) -> Encoded:
    return _fixed(_bytes_of(np.asarray(units), f">i{width}"), null)


def nullable_integers(column: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """Integers with None or NaN for NULL as (units, null mask)."""
    if isinstance(column, np.ndarray) and column.dtype.kind in "iu":
        return column, None
    if isinstance(column, np.ndarray) and column.dtype.kind == "f":
        null = np.isnan(column)
        return np.where(null, 0, column).astype(np.int64), null
    null = np.array([cell is None for cell in column], dtype=bool)
    return np.array([0 if cell is None else int(cell) for cell in column], dtype=np.int64), null


def floats(values: np.ndarray, kind: str = ">f8") -> Encoded:
    null = np.isnan(values)
    return _fixed(_bytes_of(values, kind), null)


def numerics(units: np.ndarray, decimals: int, null: np.ndarray | None = None) -> Encoded:
    """Exact decimals of `units` (n,) int64 counted in 10^-`decimals`, as `numeric_recv` reads them: digits to the base 10,000 before and
    after the point, as many as the widest needs; it strips zeros itself."""
    after = -(-decimals // DIGITS)
    whole, rest = np.divmod(np.abs(units), 10**decimals)
    rest = rest * 10 ** (DIGITS * after - decimals)
    before = max(1, -(-len(str(int(whole.max(initial=0)))) // DIGITS))
    words = np.empty((len(units), 4 + before + after), dtype=">i2")
    words[:, 0] = before + after
    words[:, 1] = before - 1
    words[:, 2] = np.where(units < 0, NEGATIVE, 0)
    words[:, 3] = decimals
    for place in range(before + after - 1, before - 1, -1):
        rest, words[:, 4 + place] = np.divmod(rest, BASE)
    for place in range(before - 1, -1, -1):
        whole, words[:, 4 + place] = np.divmod(whole, BASE)
    return _fixed(words.view(np.uint8).reshape(len(units), -1), null)


def booleans(column: Any) -> Encoded:
    null = np.array([cell is None for cell in column], dtype=bool)
    return _fixed(np.array([bool(cell) for cell in column], dtype=np.uint8)[:, None], null)


def dates(column: Any) -> Encoded:
    days = np.asarray(column, dtype="datetime64[D]")
    null = np.isnat(days)
    count = np.where(null, 0, (days - EPOCH_DATE).astype(np.int64))
    return integers(count, 4, null)


def instants(column: Any) -> Encoded:
    if isinstance(column, np.ndarray) and column.dtype.kind == "M":
        moments = column.astype("datetime64[us]")
    else:
        moments = np.array(
            [
                np.datetime64("NaT") if c is None else np.datetime64(c.astimezone(dt.UTC).replace(tzinfo=None))
                for c in column
            ],
            dtype="datetime64[us]",
        )
    null = np.isnat(moments)
    return integers(np.where(null, 0, (moments - EPOCH_INSTANT).astype(np.int64)), 8, null)


def uuids(column: Any) -> Encoded:
    if isinstance(column, np.ndarray) and column.dtype.itemsize == 16 and column.dtype.kind in "VS":
        return _fixed(np.ascontiguousarray(column).view(np.uint8).reshape(-1, 16), None)
    null = np.array([cell is None for cell in column], dtype=bool)
    joined = b"".join(bytes(16) if cell is None else cell.bytes for cell in column)
    return _fixed(np.frombuffer(joined, dtype=np.uint8).reshape(-1, 16), null)


def texts(column: Sequence[str | bytes | None]) -> Encoded:
    encoded = [b"" if cell is None else cell if isinstance(cell, bytes) else cell.encode() for cell in column]
    lengths = np.array([len(cell) for cell in encoded], dtype=np.int32)
    width = max(int(lengths.max(initial=0)), 1)
    payload = np.array(encoded, dtype=f"S{width}").view(np.uint8).reshape(len(encoded), width)
    lengths[np.array([cell is None for cell in column], dtype=bool)] = -1
    return Encoded(payload, lengths)


def arrays(column: Any, element: str) -> Encoded:
    """An array column. Accepts (n, k) or (n, j, k) arrays, objects with `values`/`offsets`, or sequences of sequences.

    NaN becomes a NULL element unless the column is `Dense` (an object with `values` and no `offsets`). A None in a sequence
    is a NULL array.
    """
    oid, kind = ARRAY_ELEMENTS[element]
    if hasattr(column, "offsets"):
        return _ragged_arrays(np.asarray(column.values), np.asarray(column.offsets), oid, kind, None, column.keep_nan)
    keep_nan = hasattr(column, "values")
    values = column.values if keep_nan else column
    if isinstance(values, np.ndarray) and values.ndim in (2, 3) and values.dtype != object:
        return _dense_arrays(values, oid, kind, keep_nan)
    null = np.array([cell is None for cell in values], dtype=bool)
    parts = [np.empty(0) if cell is None else _as_elements(cell, kind) for cell in values]
    offsets = np.concatenate([[0], np.cumsum([len(part) for part in parts])])
    flat = np.concatenate(parts) if offsets[-1] else np.empty(0, dtype=np.float64)
    return _ragged_arrays(flat, offsets, oid, kind, null if null.any() else None)


def _as_elements(cell: Any, kind: str) -> np.ndarray:
    if kind == "S16":
        return np.array([item.bytes if isinstance(item, UUID) else item for item in cell], dtype=object)
    if kind == "S1":
        return np.array([item.encode() if isinstance(item, str) else item for item in cell], dtype="S1")
    return np.array([np.nan if item is None else item for item in cell], dtype=np.float64)


def _element_bytes(flat: np.ndarray, kind: str) -> tuple[np.ndarray, np.ndarray]:
    """(m, size) element bytes and (m,) NULL mask."""
    if kind == "S16":
        if flat.dtype == object:
            joined = b"".join(item.bytes if isinstance(item, UUID) else bytes(item) for item in flat)
            return np.frombuffer(joined, dtype=np.uint8).reshape(-1, 16), np.zeros(len(flat), dtype=bool)
        return np.ascontiguousarray(flat).view(np.uint8).reshape(-1, 16), np.zeros(len(flat), dtype=bool)
    if kind == "S1":
        letters = np.ascontiguousarray(flat.astype("S1"))
        return letters.view(np.uint8).reshape(-1, 1), np.zeros(len(flat), dtype=bool)
    null = np.isnan(flat) if flat.dtype.kind == "f" else np.zeros(len(flat), dtype=bool)
    return _bytes_of(np.where(null, 0, flat) if kind[1] == "i" else flat, kind), null


def _header(dimensions: np.ndarray, has_null: np.ndarray, oid: int) -> np.ndarray:
    """(n, 12 + 8 d) uint8 array headers; `dimensions` (n, d)."""
    count, depth = dimensions.shape
    words = np.empty((count, 3 + 2 * depth), dtype=">i4")
    words[:, 0] = depth
    words[:, 1] = has_null
    words[:, 2] = oid
    words[:, 3::2] = dimensions
    words[:, 4::2] = 1
    return words.view(np.uint8).reshape(count, -1)


def _dense_arrays(values: np.ndarray, oid: int, kind: str, keep_nan: bool) -> Encoded:
    count, dimensions = len(values), values.shape[1:]
    elements = int(np.prod(dimensions))
    content, null = _element_bytes(values.reshape(-1), kind)
    if keep_nan:
        null = np.zeros(len(content), dtype=bool)
    size = content.shape[1]
    cells = np.empty((count * elements, 4 + size), dtype=np.uint8)
    cells[:, :4] = np.where(null, -1, size).astype(">i4")[:, None].view(np.uint8).reshape(-1, 4)
    cells[:, 4:] = content
    null_rows = null.reshape(count, elements)
    header = _header(np.tile(np.array(dimensions), (count, 1)), null_rows.any(axis=1), oid)  # type: ignore[arg-type]
    payload = np.concatenate([header, cells.reshape(count, -1)], axis=1)
    if not null.any():
        return _fixed(payload, None)
    used_cells = np.ones((count, elements, 4 + size), dtype=bool)
    used_cells[:, :, 4:] &= ~null_rows[:, :, None]
    used = np.concatenate([np.ones(header.shape, dtype=bool), used_cells.reshape(count, -1)], axis=1)
    return Encoded(payload, used.sum(axis=1).astype(np.int32), used)


def _ragged_arrays(
    flat: np.ndarray, offsets: np.ndarray, oid: int, kind: str, null_arrays: np.ndarray | None, keep_nan: bool = False
) -> Encoded:
    sizes = np.diff(offsets)
    count, widest = len(sizes), int(sizes.max(initial=0))
    content, null = _element_bytes(flat, kind)
    if keep_nan:
        null = np.zeros(len(flat), dtype=bool)
    size = content.shape[1] if len(content) else (16 if kind == "S16" else 1 if kind == "S1" else int(kind[2:]))
    inside = np.arange(widest) < sizes[:, None]
    cells = np.zeros((count, widest, 4 + size), dtype=np.uint8)
    used = np.zeros((count, widest, 4 + size), dtype=bool)
    padded_null = np.zeros((count, widest), dtype=bool)
    if len(flat):
        cells[inside, :4] = np.where(null, -1, size).astype(">i4")[:, None].view(np.uint8).reshape(-1, 4)
        cells[inside, 4:] = content
        padded_null[inside] = null
    used[inside] = True
    used[:, :, 4:] &= ~padded_null[:, :, None]
    header = _header(sizes[:, None], padded_null.any(axis=1), oid)  # type: ignore[arg-type]
    header_used = np.ones(header.shape, dtype=bool)
    # An empty array has no dimension at all.
    empty = sizes == 0
    header[empty, 0:4] = 0
    header_used[empty, 12:] = False
    payload = np.concatenate([header, cells.reshape(count, -1)], axis=1)
    mask = np.concatenate([header_used, used.reshape(count, -1)], axis=1)
    lengths = mask.sum(axis=1).astype(np.int32)
    if null_arrays is not None:
        lengths[null_arrays] = -1
        mask[null_arrays] = False
    return Encoded(payload, lengths, mask)


def rows(columns: Sequence[Encoded], count: int, chunk_bytes: int) -> Iterator[bytes]:
    """The COPY stream of `count` rows in blocks of about `chunk_bytes`."""
    yield SIGNATURE
    width = 2 + sum(4 + column.payload.shape[1] for column in columns)
    step = max(1, chunk_bytes // width)
    for start in range(0, count, step):
        part = slice(start, min(start + step, count))
        size = part.stop - part.start
        matrix = np.empty((size, width), dtype=np.uint8)
        used = np.ones((size, width), dtype=bool)
        matrix[:, :2] = np.frombuffer(struct.pack(">h", len(columns)), dtype=np.uint8)
        at = 2
        ragged = False
        for column in columns:
            payload, lengths = column.payload[part], column.lengths[part]
            wide = payload.shape[1]
            matrix[:, at : at + 4] = lengths.astype(">i4")[:, None].view(np.uint8).reshape(-1, 4)
            matrix[:, at + 4 : at + 4 + wide] = payload
            if column.used is not None:
                used[:, at + 4 : at + 4 + wide] = column.used[part] & (lengths >= 0)[:, None]
                ragged = True
            elif (lengths != wide).any():
                used[:, at + 4 : at + 4 + wide] = np.arange(wide) < lengths[:, None]
                ragged = True
            at += 4 + wide
        yield matrix[used].tobytes() if ragged else matrix.tobytes()
    yield TRAILER
