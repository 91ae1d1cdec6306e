"""The operations of the contract: read from the YAML files once, amended, with every reference written out."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

SPEC = Path(__file__).parent / "spec"
# The last is our own: what the product serves beyond the contract, held to the same checks.
FILES = ("core", "analytics", "assistant_admin", "additions")
METHODS = ("get", "post", "put", "patch", "delete")
PREFIX = {"core": "", "analytics": "", "assistant_admin": "/api/v1", "additions": ""}

Schema = Mapping[str, Any]
Document = dict[str, Any]


@dataclass(frozen=True)
class Parameter:
    """A named value in the path or the query."""

    name: str
    place: str
    required: bool
    schema: Schema


@dataclass(frozen=True, eq=False, repr=False)
class Operation:
    """One method of one path, as amended.

    `responses` holds, by status, the JSON schema of the answer; None where the contract promises no JSON.
    """

    operation_id: str
    method: str
    path: str
    tag: str
    file: str
    parameters: tuple[Parameter, ...]
    body: Schema | None
    body_type: str | None
    responses: Mapping[str, Schema | None]
    media_types: Mapping[str, str | None]
    schemes: frozenset[str]
    text_too: frozenset[str]

    @property
    def public(self) -> bool:
        """Whether the operation answers without any token."""
        return not self.schemes

    @property
    def admin(self) -> bool:
        """Whether the operation wants a token of the operations API."""
        return any(scheme.startswith("admin") for scheme in self.schemes)

    @property
    def success(self) -> str:
        """The status of a good answer; the contract knows one for each operation."""
        return next(status for status in self.responses if status.startswith("2"))

    @property
    def path_parameters(self) -> tuple[str, ...]:
        return tuple(parameter.name for parameter in self.parameters if parameter.place == "path")

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def __repr__(self) -> str:
        return f"<{self.operation_id}: {self}>"


@functools.cache
def documents() -> dict[str, Document]:
    """The files by name, amended. Nobody may change them afterwards."""
    from tests.contract.amendments import amend

    found = {name: yaml.load((SPEC / f"{name}.yaml").read_text(), yaml.CSafeLoader) for name in FILES}
    amend(found)
    return found


@functools.cache
def operations() -> dict[str, Operation]:
    """All operations by id. Of two descriptions of one path and method, that of analytics.yaml is taken."""
    by_place: dict[tuple[str, str], Operation] = {}
    for name in FILES:
        for operation in _operations_of(name, documents()[name]):
            place = operation.method, operation.path
            if place not in by_place or name == "analytics":
                by_place[place] = operation
    found = {operation.operation_id: operation for operation in by_place.values()}
    if len(found) != len(by_place):
        raise ValueError("Two operations of the contract share an id.")
    return found


def all_operations() -> list[Operation]:
    """All of them, in the order of the files."""
    return list(operations().values())


def raw_operations(document: Document) -> Iterator[tuple[str, str, Document]]:
    """Path as written, method and description of every operation of a file."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def _operations_of(name: str, document: Document) -> Iterator[Operation]:
    for path, method, described in raw_operations(document):
        shared = document["paths"][path].get("parameters", [])
        listed = [written_out(one, document) for one in (*shared, *described.get("parameters", []))]
        parameters = tuple(
            Parameter(one["name"], one["in"], one.get("required", False), translated(one.get("schema", {})))
            for one in listed
        )
        body_type, body = _content(written_out(described.get("requestBody", {}), document))
        answers = {status: _content(written_out(one, document)) for status, one in described["responses"].items()}
        whole = PREFIX[name] + path
        security = described.get("security", document.get("security", []))
        yield Operation(
            operation_id=described["operationId"],
            method=method.upper(),
            path=whole if whole == "/" else whole.rstrip("/"),
            tag=described["tags"][0],
            file=name,
            parameters=parameters,
            body=body,
            body_type=body_type,
            responses={status: schema for status, (_, schema) in answers.items()},
            media_types={status: kind for status, (kind, _) in answers.items()},
            schemes=frozenset(scheme for alternative in security for scheme in alternative),
            text_too=frozenset(
                status for status, one in described["responses"].items() if "text/plain" in one.get("content", {})
            ),
        )


def _content(described: Document) -> tuple[str | None, Schema | None]:
    """Media type and JSON schema of a body; no schema for anything but JSON and forms."""
    content = described.get("content", {})
    for kind in ("application/json", "multipart/form-data"):
        if kind in content:
            return kind, translated(content[kind].get("schema", {}))
    return next(iter(content), None), None


def written_out(node: Any, document: Document, within: tuple[str, ...] = ()) -> Any:
    """A copy of a part of a document with every `$ref` replaced by what it names."""
    if isinstance(node, list):
        return [written_out(entry, document, within) for entry in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        reference = node["$ref"]
        if reference in within:
            raise ValueError(f"{reference} contains itself.")
        target = document
        for key in reference.removeprefix("#/").split("/"):
            target = target[key]
        return written_out(target, document, (*within, reference))
    return {key: written_out(value, document, within) for key, value in node.items()}


def translated(schema: Schema) -> Schema:
    """A schema without what is OpenAPI's own: `nullable` of 3.0 becomes the type "null", annotations fall away."""
    if not isinstance(schema, Mapping):
        return schema
    result: dict[str, Any] = {}
    for key, value in schema.items():
        if key in ("example", "examples", "description", "xml", "externalDocs", "nullable") or key.startswith("x-"):
            continue
        if key in ("properties", "patternProperties", "$defs"):
            result[key] = {name: translated(inner) for name, inner in value.items()}
        elif key in ("items", "additionalProperties", "not"):
            result[key] = translated(value)
        elif key in ("anyOf", "oneOf", "allOf"):
            result[key] = [translated(inner) for inner in value]
        elif key in ("exclusiveMinimum", "exclusiveMaximum") and isinstance(value, bool):
            if value:
                result[key] = schema["minimum" if "Minimum" in key else "maximum"]
        else:
            result[key] = copy.copy(value)
    return _or_null(result) if schema.get("nullable") else result


def _or_null(schema: dict[str, Any]) -> Schema:
    kind = schema.get("type")
    if isinstance(kind, str) and "enum" not in schema and "const" not in schema:
        return schema | {"type": [kind, "null"]}
    return {"anyOf": [schema, {"type": "null"}]}
