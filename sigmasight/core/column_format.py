"""Columns of a query as numpy arrays: PostgreSQL joins each column into one string of bytes, numpy reads it as it lies.

One answer row instead of one a result row: neither side spends time on rows. Fixed columns are their values end to end,
variable ones their bytes end to end with a second string of lengths. All big-endian, as the server's send functions write them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

import numpy as np

from sigmasight.core.copy_format import EPOCH_DATE, EPOCH_INSTANT, SIGNATURE
from sigmasight.core.ragged_format import to_ragged


@dataclass(frozen=True)
class ReadKind:
    """How one column is sent and decoded. `width` None: variable length, `finish` takes the bytes and the lengths."""

    width: int | None
    dtype: str
    sent: Callable[[str], str]
    finish: Callable[..., Any]
    may_be_null: bool = True


def _from_days(days: np.ndarray) -> np.ndarray:
    result = EPOCH_DATE + days.astype(np.int64).astype("timedelta64[D]")
    result[days == np.iinfo(np.int32).max] = np.datetime64("NaT")
    return result


def _from_microseconds(counts: np.ndarray) -> np.ndarray:
    result = EPOCH_INSTANT + counts.astype(np.int64).astype("timedelta64[us]")
    result[counts == np.iinfo(np.int64).max] = np.datetime64("NaT")
    return result


def _to_uuids(raw: np.ndarray) -> np.ndarray:
    text = raw.tobytes()
    return np.array([UUID(bytes=text[i : i + 16]) for i in range(0, len(text), 16)], dtype=object)


def _identity(value: np.ndarray) -> np.ndarray:
    return value


def _to_texts(payload: memoryview, lengths: np.ndarray) -> np.ndarray:
    ends = np.cumsum(np.maximum(lengths, 0)).tolist()
    result = np.empty(len(lengths), dtype=object)
    whole = bytes(payload)
    if whole.isascii():
        # Bytes and characters are the same then: it is decoded in one piece.
        text = whole.decode()
        result[:] = [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    else:
        result[:] = [whole[start:end].decode() for start, end in zip([0, *ends], ends, strict=False)]
    result[lengths < 0] = None
    return result


# -- the plan of a query

_INTEGERS = (20, 23, 21)
_FLOATS = (700, 701, 1700)
_TEXTS = (25, 1043, 1042, 19, 18)
_DOCUMENTS = (114, 3802)
# Array types and their elements in numpy.
_ARRAYS = {1022: ">f8", 1021: ">f4", 1016: ">i8", 1007: ">i4", 1005: ">i2", 2951: "S16", 1002: "S1"}


def read_kind(name: str, oid: int, *, raw_uuids: bool = False) -> ReadKind:
    """How a column of this type is read.

    Raises
    ------
    ValueError for a type that is not known here.
    """
    if oid in _INTEGERS:
        return ReadKind(8, ">i8", lambda n: f'int8send("{n}"::bigint)', lambda v: v.astype(np.int64), False)
    if oid in _FLOATS:
        return ReadKind(
            8, ">f8", lambda n: f"float8send(COALESCE(\"{n}\"::float8, 'NaN'::float8))", lambda v: v.astype(np.float64)
        )
    if oid == 1082:
        return ReadKind(4, ">i4", lambda n: f"date_send(COALESCE(\"{n}\", 'infinity'::date))", _from_days)
    if oid == 1184:
        return ReadKind(
            8, ">i8", lambda n: f"timestamptz_send(COALESCE(\"{n}\", 'infinity'::timestamptz))", _from_microseconds
        )
    if oid == 16:
        return ReadKind(1, "u1", lambda n: f'boolsend("{n}")', lambda v: v.astype(bool), False)
    if oid == 2950:
        return ReadKind(16, "V16", lambda n: f'uuid_send("{n}")', _identity if raw_uuids else _to_uuids, False)
    if oid in _TEXTS or oid in _DOCUMENTS:
        return ReadKind(None, "", lambda n: f'textsend("{n}"::text)', _to_texts)
    if oid in _ARRAYS:
        finish = partial(to_ragged, element=_ARRAYS[oid])
        return ReadKind(None, "", lambda n: f'array_send("{n}")', finish)
    raise ValueError(f"column {name!r} has a type (oid {oid}) that read_columns does not know; cast it in the query")


def statement(sql: str, plan: Sequence[tuple[str, ReadKind]]) -> str:
    """The query whose one row holds the number of rows, then the bytes of each column and the lengths of variable ones.

    The send functions are called once a cell, below an `OFFSET 0` that the planner does not look through.
    """
    sent = ", ".join(f'{kind.sent(name)} AS "{name}"' for name, kind in plan)
    joined = []
    for name, kind in plan:
        joined.append(f"string_agg(\"{name}\", ''::bytea)")
        if kind.width is None:
            joined.append(f"string_agg(int4send(COALESCE(octet_length(\"{name}\"), -1)), ''::bytea)")
    return f"SELECT count(*), {', '.join(joined)} FROM (SELECT {sent} FROM ({sql}) AS q OFFSET 0) AS sent"


def _fields(answer: bytes) -> Iterator[memoryview | None]:
    """The fields of the one row of a binary COPY; None for NULL."""
    view, at = memoryview(answer), len(SIGNATURE) + 2
    for _ in range(struct.unpack_from(">h", answer, len(SIGNATURE))[0]):
        (length,) = struct.unpack_from(">i", answer, at)
        at += 4
        yield None if length < 0 else view[at : at + length]
        at += max(length, 0)


def parse(answer: bytes, plan: Sequence[tuple[str, ReadKind]]) -> dict[str, Any]:
    """Decode the binary COPY of the row that `statement` asked for.

    Raises
    ------
    ValueError for a NULL in a column whose type has no way to show it.
    """
    parts = _fields(answer)
    rows = int.from_bytes(next(parts) or b"")
    result: dict[str, Any] = {}
    for name, kind in plan:
        payload = next(parts) or memoryview(b"")
        if kind.width is None:
            lengths = np.frombuffer(next(parts) or b"", dtype=">i4").astype(np.int64)
            result[name] = kind.finish(payload, lengths)
            continue
        if len(payload) != rows * kind.width:
            raise ValueError(f"a NULL in {name!r}: write COALESCE in the query")
        result[name] = kind.finish(np.frombuffer(payload, dtype=kind.dtype))
    return result
