"""What is wrong with an answer: against its schema, against what the frontend reads, and which keys nobody announced."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

from tests.contract.client_fields import CLIENT_FIELDS
from tests.contract.operations import Operation, Schema

FORMATS = FormatChecker(formats=())
LONGEST_VALUE = 80


@FORMATS.checks("date")
def _is_date(value: object) -> bool:
    return not isinstance(value, str) or _parses(dt.date.fromisoformat, value, r"\d{4}-\d\d-\d\d")


@FORMATS.checks("date-time")
def _is_instant(value: object) -> bool:
    """ISO 8601 with a Z, as every instant of the API is sent."""
    return not isinstance(value, str) or _parses(
        dt.datetime.fromisoformat, value, r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z"
    )


@FORMATS.checks("uuid")
def _is_uuid(value: object) -> bool:
    return not isinstance(value, str) or _parses(UUID, value, r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@FORMATS.checks("email")
def _is_address(value: object) -> bool:
    return not isinstance(value, str) or re.fullmatch(r"[^@\s]+@[^@\s]+", value) is not None


def _parses(parse: Any, value: str, pattern: str) -> bool:
    try:
        parse(value)
    except ValueError:
        return False
    return re.fullmatch(pattern, value) is not None


def problems(operation: Operation, status: int, body: Any) -> list[str]:
    """Everything about an answer that breaks the contract, one line each; empty if nothing does.

    A status the contract does not name, a value of a wrong type, a missing key, or a key the frontend reads and does not find.
    Where the contract allows plain text beside JSON, any text is good.
    """
    if str(status) not in operation.responses:
        return [f"status {status} is not documented ({', '.join(operation.responses)})"]
    schema = operation.responses[str(status)]
    if schema is None or (isinstance(body, str) and str(status) in operation.text_too):
        return []
    checker = Draft202012Validator(schema, format_checker=FORMATS)
    found = [line for error in checker.iter_errors(body) for line in _lines(error)]
    if 200 <= status < 300 and not (isinstance(body, Mapping) and body.get("available") is False):
        for place in CLIENT_FIELDS.get(operation.operation_id, ()):
            found += [
                f"{at or 'the body'}: the frontend reads {place}, and it is absent" for at in _absent(place, body)
            ]
    return sorted(set(found))


def _lines(error: ValidationError) -> Iterator[str]:
    """The error itself, or of alternatives every error of the one that comes closest."""
    value = repr(error.instance)
    if len(value) > LONGEST_VALUE:
        value = f"{value[: LONGEST_VALUE - 3]}..."
    where = _place(error.absolute_path) or "the body"
    if error.context:
        closest = _closest(error.context)
        if closest:
            for inner in closest:
                yield from _lines(inner)
        else:
            yield f"{where}: {value} fits none of the alternatives"
    elif error.validator in ("required", "additionalProperties"):
        yield f"{where}: {error.message}"
    else:
        yield f"{where}: {value} breaks {error.validator} {error.validator_value!r}"


def _closest(errors: Sequence[ValidationError]) -> list[ValidationError]:
    """Of alternatives, the errors of the one that is not of another kind altogether and has the fewest; empty if all are."""
    branches: dict[object, list[ValidationError]] = {}
    for error in errors:
        branches.setdefault(error.schema_path[0], []).append(error)
    same_kind = [
        found
        for found in branches.values()
        if not any(
            (error.validator == "type" and not error.path) or (error.validator == "const" and len(error.path) == 1)
            for error in found
        )
    ]
    return min(same_kind, key=len, default=[])


def _place(path: Any) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def _absent(place: str, body: Any) -> list[str]:
    """Where a key the frontend reads is missing. `a.b` goes into objects, `a[]` into each entry of a list, `a{}` into each value
    of an object. A null on the way ends it: there is nothing to read from."""
    holders = [("", body)]
    steps = place.split(".")
    for number, step in enumerate(steps):
        key, kind = re.fullmatch(r"([^\[{]*)(\[\]|\{\}|)", step).groups()  # type: ignore[union-attr]
        following = []
        for at, holder in holders:
            value = holder
            if key:
                if not isinstance(holder, Mapping) or key not in holder:
                    return [at]
                value = holder[key]
                at = f"{at}.{key}" if at else key
            if value is None and number < len(steps) - 1:
                continue
            if kind == "[]" and isinstance(value, list):
                following += [(f"{at}[{index}]", entry) for index, entry in enumerate(value)]
            elif kind == "{}" and isinstance(value, Mapping):
                following += [(f"{at}.{name}", entry) for name, entry in value.items()]
            elif not kind:
                following.append((at, value))
        holders = following
    return []


def unknown_keys(operation: Operation, status: int, body: Any) -> list[str]:
    """Keys of an answer that its schema does not name, as places such as ``positions[].colour``. No fault, but to be known."""
    schema = operation.responses.get(str(status))
    return [] if schema is None else sorted(set(_unknown(schema, body, "")))


def _unknown(schema: Schema, value: Any, at: str) -> Iterator[str]:
    parts = list(_fitting(schema, value))
    if isinstance(value, list):
        for part in parts:
            if "items" in part:
                for entry in value:
                    yield from _unknown(part["items"], entry, f"{at}[]")
    elif isinstance(value, Mapping):
        named: dict[str, list[Schema]] = {}
        rest: list[Any] = []
        for part in parts:
            for key, inner in part.get("properties", {}).items():
                named.setdefault(key, []).append(inner)
            if part.get("additionalProperties") is not None:
                rest.append(part["additionalProperties"])
        free = not named and not rest
        for key, inner_value in value.items():
            inner_place = f"{at}.{key}" if at else str(key)
            if key in named:
                for inner in named[key]:
                    yield from _unknown(inner, inner_value, inner_place)
            elif any(isinstance(one, Mapping) for one in rest):
                for one in rest:
                    if isinstance(one, Mapping):
                        yield from _unknown(one, inner_value, f"{at}.{{}}" if at else "{}")
            elif not free and True not in rest:
                yield inner_place


def _fitting(schema: Schema, value: Any) -> Iterator[Schema]:
    """The schema and those of its alternatives that the value satisfies (all of them if it satisfies none)."""
    yield schema
    for part in schema.get("allOf", ()):
        yield from _fitting(part, value)
    for kind in ("anyOf", "oneOf"):
        alternatives = schema.get(kind, ())
        fitting = [one for one in alternatives if Draft202012Validator(one).is_valid(value)]
        for one in fitting or alternatives:
            yield from _fitting(one, value)
