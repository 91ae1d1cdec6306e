"""What a tool gives back: the envelope, the text a model reads, and how that is cut to length by rows."""

from __future__ import annotations

import copy
import datetime as dt
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from assistant.prompts.fence import encode
from sigmasight.core import clock

# Characters of text; the three tools with a row for every holding may be longer.
SHORT, LONG = 10_000, 15_000
TIMEOUT_SECONDS = 30
LIMITS = {"symbols_max": 5, "lookback_days_max": 180, "timeout_ms": TIMEOUT_SECONDS * 1000}
VALIDATION, EXECUTION = "validation_error", "execution_error"


@dataclass(frozen=True)
class Finding:
    """What a handler found.

    data : plain values; rows of lists stand by importance, the least last, because cutting begins at the end.
    as_of : the session the numbers are of. notes : what a reader must know to read them right.
    """

    data: Mapping[str, Any]
    as_of: dt.date | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ToolResult:
    """envelope : {meta, data, error} in plain JSON values, everything that was found. text : what the model gets, JSON, cut by
    rows. summary : the envelope for a browser, with the number of rows in place of the data."""

    envelope: dict[str, Any]
    text: str
    summary: dict[str, Any] = field(repr=False)

    @property
    def failed(self) -> bool:
        return self.envelope["error"] is not None


def found(data: Mapping[str, Any], told: Mapping[str, Any], *, most: int, **meta: Any) -> ToolResult:
    """A result.

    Parameters
    ----------
    told : what the model is told beside the data: dates, source, notes. most : characters of the text. meta : requested, applied.
    """
    text, dropped = fit(data, told, most)
    envelope = _json(
        {
            "meta": _meta(retryable=False, truncated=bool(dropped), **meta, **told, dropped_rows=dropped),
            "data": data,
            "error": None,
        }
    )
    return ToolResult(envelope, text, _summary(envelope, rows=count_rows(data)))


def failed(kind: str, message: str, *, retryable: bool, requested: Any) -> ToolResult:
    """A refusal or a failure, with a message that is safe to show."""
    meta = _meta(retryable=retryable, truncated=False, requested=requested, applied={})
    error = {"type": kind, "message": message, "details": {}, "retryable": retryable}
    envelope = _json({"meta": meta, "data": None, "error": error})
    told = {"type": kind, "message": message, "retryable": retryable}
    return ToolResult(envelope, encode({"data": None, "error": told}), _summary(envelope, rows=0))


def fit(data: Mapping[str, Any], told: Mapping[str, Any], most: int) -> tuple[str, dict[str, int]]:
    """The JSON of {meta, data} in at most `most` characters, and how many rows of which list were dropped for that.

    Rows go from the end of the list that takes most room. A text that is too long by itself is a field that is left out.
    """
    text = encode({"meta": told, "data": data})
    if len(text) <= most:
        return text, {}
    cut = copy.deepcopy(dict(data))
    dropped: Counter[str] = Counter()
    goal = most
    while len(text) > most and (lists := _cuttable(cut)):
        dropped.update(_shorten(lists, len(text) - goal))
        text = encode({"meta": {**told, "dropped_rows": dict(dropped), "dropped_note": DROPPED}, "data": cut})
        goal -= 100
    return text, dict(dropped)


DROPPED = "The result was too long: rows at the end of these lists were left out. Ask more narrowly to see them."


def count_rows(data: Any) -> int:
    """Rows of all lists of objects."""
    return sum(len(holder[key]) for _, holder, key in _lists(data, "") if _has_rows(holder[key]))


Place = tuple[str, Any, Any]


def _shorten(lists: list[Place], excess: int) -> Counter[str]:
    """Drop about `excess` characters of rows, from the end of whatever list is longest at the time, half of it at most at once."""
    sizes = [len(encode(holder[key])) for _, holder, key in lists]
    dropped: Counter[str] = Counter()
    while excess > 0 and any(holder[key] for _, holder, key in lists):
        place = max((n for n in range(len(lists)) if lists[n][1][lists[n][2]]), key=sizes.__getitem__)
        path, holder, key = lists[place]
        if isinstance(holder[key], str):
            holder[key], gone = None, 1
        else:
            rows, size = holder[key], sizes[place]
            gone = max(1, min(math.ceil(excess * len(rows) / size), (len(rows) + 1) // 2))
            del rows[len(rows) - gone :]
        dropped[path] += gone
        left = len(encode(holder[key]))
        excess, sizes[place] = excess - (sizes[place] - left), left
        if holder[key] is None:
            break
    return dropped


def _cuttable(data: Any) -> list[Place]:
    """The innermost lists of objects; where there are none lists of values, and then texts."""
    lists = [one for one in _lists(data, "") if one[1][one[2]]]
    rows = [one for one in lists if _has_rows(one[1][one[2]])]
    paths = {path for path, _, _ in rows}
    inner = [one for one in rows if not any(path.startswith(f"{one[0]}[]") for path in paths)]
    return inner or [one for one in lists if one not in rows] or [one for one in _texts(data, "") if one[1][one[2]]]


def _has_rows(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)


def _lists(data: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    for name, holder, key in _children(data, path):
        if isinstance(holder[key], list):
            yield name, holder, key
        yield from _lists(holder[key], name)


def _texts(data: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    for name, holder, key in _children(data, path):
        if isinstance(holder[key], str):
            yield name, holder, key
        yield from _texts(holder[key], name)


def _children(data: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(data, Mapping):
        for key in data:
            yield f"{path}.{key}" if path else str(key), data, key
    elif isinstance(data, list):
        for place in range(len(data)):
            yield f"{path}[]", data, place


def _meta(
    *, requested: Any, applied: Mapping[str, Any], truncated: bool, retryable: bool, **told: Any
) -> dict[str, Any]:
    return {
        "requested": requested,
        "applied": dict(applied),
        "as_of": clock.now().isoformat().replace("+00:00", "Z"),
        "truncated": truncated,
        "limits": LIMITS,
        "retryable": retryable,
        "retries": 0,
        "cache_hit": False,
        "request_id": None,
        **told,
    }


def _json(envelope: dict[str, Any]) -> dict[str, Any]:
    """The same in plain JSON values."""
    read: dict[str, Any] = orjson.loads(encode(envelope))
    return read


def _summary(envelope: Mapping[str, Any], *, rows: int) -> dict[str, Any]:
    return {**envelope, "data": None if envelope["error"] else {"rows": rows}}
