"""Array columns of a query as all their elements end to end: no object a row, which a thousand prices of a thousand rows would cost."""

from __future__ import annotations

import numpy as np

from sigmasight.core.column_values import Ragged

# What `array_send` writes ahead of the elements: dimensions, whether any is NULL, their type; then extent and first index.
HEADER, EXTENT = 12, 8
LENGTH = 4


def to_ragged(payload: memoryview, lengths: np.ndarray, element: str) -> Ragged:
    """Arrays of one dimension as the server sends them. NULL elements are NaN; a NULL array is one without elements.

    Uuids come as V16, letters as S1, numbers in the machine's order.

    Parameters
    ----------
    lengths : (n,) bytes of each array, -1 for NULL. element : the big-endian numpy type of its elements.

    Raises
    ------
    ValueError for arrays of more than one dimension, or a NULL among elements that have no NaN.
    """
    kind = np.dtype(element)
    raw = np.frombuffer(payload, dtype=np.uint8)
    starts = np.concatenate([[0], np.cumsum(np.maximum(lengths, 0))])[:-1]
    there = np.flatnonzero(lengths >= 0)
    if not len(there):
        return Ragged(_native(np.empty(0, np.uint8), kind), np.zeros(len(lengths) + 1, dtype=np.int64))
    depth, has_null = _words(raw, starts[there], 2).T
    if (depth > 1).any():
        raise ValueError("only arrays of one dimension are read as ragged")
    counts = np.zeros(len(lengths), dtype=np.int64)
    some = there[depth == 1]
    counts[some] = _words(raw, starts[some] + HEADER, 1)[:, 0]
    first = starts[some] + HEADER + EXTENT
    offsets = np.concatenate([[0], np.cumsum(counts)])
    if has_null.any():
        return Ragged(_walked(raw, first, counts[some], kind), offsets)
    content = _without(raw, starts, np.where(depth == 1, HEADER + EXTENT, HEADER), there, kind)
    return Ragged(_native(content, kind), offsets)


def _words(raw: np.ndarray, at: np.ndarray, count: int) -> np.ndarray:
    """(n, count) of the 32-bit numbers that begin at each place."""
    cells = raw[at[:, None] + np.arange(4 * count)]
    return np.ascontiguousarray(cells).view(">i4").astype(np.int64)


def _without(raw: np.ndarray, starts: np.ndarray, heads: np.ndarray, there: np.ndarray, kind: np.dtype) -> np.ndarray:  # type: ignore[type-arg]
    """(m, width) bytes of all elements: what is left without the arrays' headers and the elements' lengths."""
    # Elements of whole words are cut out by words, a quarter of the places.
    unit = LENGTH if kind.itemsize % LENGTH == 0 else 1
    pieces = raw.view(np.uint32) if unit == LENGTH else raw
    kept = np.ones(len(pieces), dtype=bool)
    for size in np.unique(heads).tolist():
        mine = starts[there[heads == size]] // unit
        kept[mine[:, None] + np.arange(size // unit)] = False
    body = pieces[kept].reshape(-1, (LENGTH + kind.itemsize) // unit)
    return np.ascontiguousarray(body[:, LENGTH // unit :]).view(np.uint8)


def _walked(raw: np.ndarray, first: np.ndarray, counts: np.ndarray, kind: np.dtype) -> np.ndarray:  # type: ignore[type-arg]
    """Elements of arrays that may hold a NULL, which has no bytes: element by element, all arrays at once."""
    if kind.kind == "S":
        raise ValueError("a NULL among elements that have no NaN")
    offsets = np.concatenate([[0], np.cumsum(counts)])
    values, at = np.full(int(offsets[-1]), np.nan), first.copy()
    for place in range(int(counts.max(initial=0))):
        live = np.flatnonzero(counts > place)
        known = live[_words(raw, at[live], 1)[:, 0] >= 0]
        cells = raw[(at[known] + LENGTH)[:, None] + np.arange(kind.itemsize)]
        values[offsets[known] + place] = _native(np.ascontiguousarray(cells), kind)
        at[live] += LENGTH
        at[known] += kind.itemsize
    return values


def _native(content: np.ndarray, kind: np.dtype) -> np.ndarray:  # type: ignore[type-arg]
    cells = np.ascontiguousarray(content).view(kind).reshape(-1)
    if kind.kind == "S":
        return cells.view("V16") if kind.itemsize == 16 else cells
    return cells.astype(kind.newbyteorder("="))
