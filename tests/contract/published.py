"""The schema this project publishes, held against the contract: what is missing, what has another type."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from drf_spectacular.generators import SchemaGenerator

from tests.contract.operations import Operation, Schema, translated, written_out

DEEPEST = 12


@functools.cache
def published_schema() -> dict[str, Any]:
    """What /api/schema serves."""
    return SchemaGenerator().get_schema(request=None, public=True)


def published_operation(operation: Operation) -> dict[str, Any] | None:
    """The published description of an operation, by path and method; None if it is not published."""
    paths = {path.rstrip("/") or "/": item for path, item in published_schema()["paths"].items()}
    wanted = _shape(operation.path)
    for path, item in paths.items():
        if _shape(path) == wanted and operation.method.lower() in item:
            return item[operation.method.lower()]
    return None


def _shape(path: str) -> str:
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def kinds_of(schema: Schema, at: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Every place of a schema with its JSON type: ``positions[].quantity``, ``number``. Null, enums and bounds are left out."""
    if depth > DEEPEST:
        return
    parts = [part for part in _parts(schema) if _kind(part) != "null"]
    for part in parts:
        kind = _kind(part)
        if kind:
            yield at, kind
        if kind == "array" and "items" in part:
            yield from kinds_of(part["items"], f"{at}[]", depth + 1)
        for key, inner in part.get("properties", {}).items():
            yield from kinds_of(inner, f"{at}.{key}" if at else key, depth + 1)
        if isinstance(part.get("additionalProperties"), Mapping):
            yield from kinds_of(part["additionalProperties"], f"{at}.{{}}" if at else "{}", depth + 1)


def _parts(schema: Schema) -> Iterator[Schema]:
    if isinstance(schema.get("type"), list):
        for kind in schema["type"]:
            yield {**schema, "type": kind}
    elif {"allOf", "anyOf", "oneOf"} & schema.keys():
        for key in ("allOf", "anyOf", "oneOf"):
            for part in schema.get(key, ()):
                yield from _parts(part)
        if "properties" in schema:
            yield {key: value for key, value in schema.items() if key not in ("allOf", "anyOf", "oneOf")}
    else:
        yield schema


def _kind(schema: Schema) -> str:
    """JSON type; from the values if only those are given, "" if anything goes. An integer is a number."""
    kind = schema.get("type")
    if kind is None:
        values = [schema["const"]] if "const" in schema else [one for one in schema.get("enum", ()) if one is not None]
        if values:
            names = {bool: "boolean", int: "number", float: "number", str: "string"}
            return names.get(type(values[0]), "object")
        if "enum" in schema or schema.get("const", 0) is None:
            return "null"
        return "object" if "properties" in schema or "additionalProperties" in schema else ""
    return "number" if kind == "integer" else str(kind)


def differences(operation: Operation) -> list[str]:
    """What the contract promises of an operation and the published schema does not say, one line each."""
    described = published_operation(operation)
    if described is None:
        return ["not published"]
    document = published_schema()
    return [
        *_parameters(operation, described, document),
        *_body(operation, described, document),
        *_answers(operation, described, document),
    ]


def _schema_of(content: Mapping[str, Any], document: dict[str, Any]) -> Schema:
    for kind in ("application/json", "multipart/form-data"):
        if kind in content:
            return translated(written_out(content[kind].get("schema", {}), document))
    return {}


def _parameters(operation: Operation, described: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    listed = {one["name"] for one in written_out(described.get("parameters", []), document)}
    content = written_out(described.get("requestBody", {}), document).get("content", {})
    in_body = {place for place, _ in kinds_of(_schema_of(content, document))}
    for parameter in operation.parameters:
        if parameter.place == "query" and parameter.name not in listed | in_body:
            yield f"parameter {parameter.name} is missing"


def _body(operation: Operation, described: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    if operation.body is None:
        return
    content = written_out(described.get("requestBody", {}), document).get("content", {})
    if not content:
        yield "the request body is missing"
        return
    ours = {place for place, _ in kinds_of(_schema_of(content, document))}
    for place in dict.fromkeys(place for place, _ in kinds_of(operation.body)):
        if place not in ours:
            yield f"request {place} is missing"


def _answers(operation: Operation, described: dict[str, Any], document: dict[str, Any]) -> Iterator[str]:
    published = described["responses"]
    for status in operation.responses:
        if status not in published and status in (operation.success, "404", "409"):
            yield f"status {status} is missing"
    contract = operation.responses[operation.success]
    if contract is None or operation.success not in published:
        return
    answer = written_out(published[operation.success], document)
    ours: dict[str, set[str]] = {}
    for place, kind in kinds_of(_schema_of(answer.get("content", {}), document)):
        ours.setdefault(place, set()).add(kind)
    theirs: dict[str, set[str]] = {}
    for place, kind in kinds_of(contract):
        theirs.setdefault(place, set()).add(kind)
    for place, kinds in theirs.items():
        label = place or "the body"
        if place not in ours:
            if _below_a_gap(place, theirs, ours):
                continue
            yield f"{label} is missing"
        elif not kinds & ours[place]:
            yield f"{label} is {'/'.join(sorted(ours[place]))}, in the contract {'/'.join(sorted(kinds))}"


def _below_a_gap(place: str, theirs: Mapping[str, set[str]], ours: Mapping[str, set[str]]) -> bool:
    """Whether a place lies under another missing one that is told already."""
    return any(
        place != above and place.startswith((f"{above}.", f"{above}[")) and above not in ours
        for above in theirs
        if above
    )
