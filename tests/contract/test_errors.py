"""Wrong input of every operation: refused with 422 in the contract's form, wrong methods with 405, never a failure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.contract.conftest import client_for
from tests.contract.examples import EXAMPLES
from tests.contract.holdings import holdings_of
from tests.contract.operations import METHODS, Operation, Parameter, operations_now
from tests.contract.requests import call_path, is_served, read, send
from tests.contract.validation import problems
from tests.demo_fixtures import DemoResults

pytestmark = pytest.mark.django_db


def wrong_value(parameter: Parameter) -> str | None:
    """A value outside what the contract allows; None if it allows any text."""
    schema = parameter.schema
    kinds = schema.get("type", "string")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "enum" in schema or schema.get("pattern"):
        return "nonsense"
    if schema.get("format") in ("uuid", "date"):
        return "nonsense"
    if "maximum" in schema:
        return str(schema["maximum"] + 1)
    if "minimum" in schema:
        return str(schema["minimum"] - 1)
    if "integer" in kinds or "number" in kinds or "boolean" in kinds:
        return "nonsense"
    return None


def _wrong_queries() -> Iterator[object]:
    for operation in operations_now():
        for parameter in operation.parameters:
            if parameter.place == "query" and wrong_value(parameter) is not None:
                yield pytest.param(operation, parameter, id=f"{operation.operation_id}-{parameter.name}")


def _ids_in_paths() -> Iterator[object]:
    for operation in operations_now():
        for parameter in operation.parameters:
            if parameter.place == "path" and parameter.schema.get("format") == "uuid":
                yield pytest.param(operation, parameter.name, id=f"{operation.operation_id}-{parameter.name}")


def _with_bodies() -> Iterator[object]:
    for operation in operations_now():
        if operation.body is not None and operation.body.get("required"):
            yield pytest.param(operation, id=operation.operation_id)


def _paths() -> list[object]:
    served: dict[str, list[Operation]] = {}
    for operation in operations_now():
        if operation.path.startswith("/api/") and "positions/bulk" not in operation.path:
            served.setdefault(operation.path, []).append(operation)
    return [pytest.param(found, id=path) for path, found in served.items()]


def assert_refused(operation: Operation, answer: Any) -> None:
    body = read(answer)
    assert answer.status_code == 422, f"{answer.status_code} {body}"
    assert not problems(operation, 422, body)


@pytest.mark.parametrize(("operation", "parameter"), list(_wrong_queries()))
def test_a_wrong_query_is_422(demo_results: DemoResults, operation: Operation, parameter: Parameter) -> None:
    assert is_served(operation), f"{operation} is not served"
    who = holdings_of("individual")
    call = EXAMPLES[operation.operation_id][0](who)
    call = replace(call, query={**call.query, parameter.name: wrong_value(parameter)})
    assert_refused(operation, send(client_for(demo_results, operation, who.account), operation, call))


@pytest.mark.parametrize(("operation", "name"), list(_ids_in_paths()))
def test_an_id_of_wrong_form_is_422(demo_results: DemoResults, operation: Operation, name: str) -> None:
    assert is_served(operation), f"{operation} is not served"
    who = holdings_of("individual")
    call = EXAMPLES[operation.operation_id][0](who)
    call = replace(call, path={**call.path, name: "xyz"})
    assert_refused(operation, send(client_for(demo_results, operation, who.account), operation, call))


@pytest.mark.parametrize("operation", list(_with_bodies()))
@pytest.mark.parametrize("given", ["{}", "{", "[1]", '"text"', "null"])
def test_a_wrong_body_is_422(demo_results: DemoResults, operation: Operation, given: str) -> None:
    assert is_served(operation), f"{operation} is not served"
    who = holdings_of("individual")
    call = EXAMPLES[operation.operation_id][0](who)
    client = client_for(demo_results, operation, who.account)
    answer = getattr(client, operation.method.lower())(
        operation.path.format(**call.path), data=given, content_type="application/json"
    )
    assert_refused(operation, answer)


@pytest.mark.parametrize("operations", _paths())
def test_a_wrong_method_is_405(demo_results: DemoResults, operations: list[Operation]) -> None:
    assert all(is_served(operation) for operation in operations), "not served"
    who = holdings_of("individual")
    operation = operations[0]
    call = EXAMPLES[operation.operation_id][0](who)
    client = client_for(demo_results, operation, who.account)
    method = next(one for one in METHODS if one.upper() not in {known.method for known in operations})
    answer = call_path(client, method, operation.path.format(**call.path), {}, {})
    if answer.status_code == 405:
        assert json.loads(answer.content) == {"detail": "Method Not Allowed"}
        assert operation.method in answer["Allow"]
    else:
        assert 200 <= answer.status_code < 500, "a method beyond the contract answers, but must not fail"
