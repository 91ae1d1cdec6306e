"""The schema at /api/schema says what the contract says: every operation, every field, every type."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract import published
from tests.contract.operations import Operation, all_operations, operations
from tests.contract.published import differences, kinds_of


@pytest.mark.parametrize("operation", [pytest.param(one, id=one.operation_id) for one in all_operations()])
def test_the_published_schema_says_what_the_contract_says(operation: Operation) -> None:
    if operation.operation_id == "debugRoutes":
        pytest.skip("published with DEBUG only")
    found = differences(operation)
    assert not found, "\n  ".join([f"{operation}:", *found])


def test_places_and_types_of_a_schema() -> None:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            "a": {"type": ["integer", "null"]},
            "b": {"type": "array", "items": {"properties": {"c": {"enum": ["x", None]}}}},
            "d": {"oneOf": [{"type": "null"}, {"type": "object", "additionalProperties": {"type": "number"}}]},
        },
    }
    assert list(kinds_of(schema)) == [
        ("", "object"), ("a", "number"), ("b", "array"), ("b[]", "object"), ("b[].c", "string"), ("d", "object"), ("d.{}", "number"),
    ]  # fmt: skip


def _published(monkeypatch: pytest.MonkeyPatch, properties: dict[str, Any]) -> list[str]:
    described = {
        "responses": {
            "200": {"content": {"application/json": {"schema": {"type": "object", "properties": properties}}}}
        }
    }
    document = {"paths": {"/api/v1/auth/logout": {"post": described}}}
    monkeypatch.setattr(published, "published_schema", lambda: document)
    return differences(operations()["logout"])


def test_a_difference_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    message, success = {"type": "string"}, {"type": "boolean"}
    assert _published(monkeypatch, {"message": message, "success": success}) == []
    assert _published(monkeypatch, {"message": message}) == ["success is missing"]
    assert _published(monkeypatch, {"message": {"type": "integer"}, "success": success}) == [
        "message is number, in the contract string"
    ]


def test_an_operation_that_is_not_published_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "published_schema", lambda: {"paths": {}})
    assert differences(operations()["logout"]) == ["not published"]
