"""Wrong input of every operation: refused with 422 in the contract's form, wrong methods with 405, never a failure."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.contract.cases import BAD_BODIES, has_required_body, ids_in_path, wrong_queries, wrong_value
from tests.contract.conftest import client_for, require_served
from tests.contract.examples import EXAMPLES
from tests.contract.holdings import holdings_of
from tests.contract.operations import METHODS, Operation, Parameter, all_operations
from tests.contract.requests import call_path, read, send
from tests.contract.validation import problems
from tests.demo_fixtures import DemoResults

pytestmark = [pytest.mark.django_db(databases=["default", "ai"]), pytest.mark.usefixtures("held_once")]
HELD = ("individual",)

QUERIES = [
    pytest.param(one, parameter, id=f"{one.operation_id}-{parameter.name}")
    for one in all_operations()
    for parameter in wrong_queries(one)
]
PATH_IDS = [
    pytest.param(one, name, id=f"{one.operation_id}-{name}") for one in all_operations() for name in ids_in_path(one)
]
BODIES = [pytest.param(one, id=one.operation_id) for one in all_operations() if has_required_body(one)]
PATHS = [
    pytest.param([one for one in all_operations() if one.path == path], id=path)
    for path in dict.fromkeys(one.path for one in all_operations() if one.path.startswith("/api/"))
]


def assert_refused(operation: Operation, answer: Any) -> None:
    body = read(answer)
    assert answer.status_code == 422, body
    assert not problems(operation, 422, body)


@pytest.mark.parametrize(("operation", "parameter"), QUERIES)
def test_a_wrong_query_is_422(demo_results: DemoResults, operation: Operation, parameter: Parameter) -> None:
    require_served(operation)
    who = holdings_of("individual")
    call = EXAMPLES[operation.operation_id][0](who)
    call = replace(call, query={**call.query, parameter.name: wrong_value(parameter)})
    assert_refused(operation, send(client_for(demo_results, operation, who.account), operation, call))


@pytest.mark.parametrize(("operation", "name"), PATH_IDS)
def test_an_id_of_wrong_form_is_422(demo_results: DemoResults, operation: Operation, name: str) -> None:
    require_served(operation)
    who = holdings_of("individual")
    call = EXAMPLES[operation.operation_id][0](who)
    call = replace(call, path={**call.path, name: "xyz"})
    assert_refused(operation, send(client_for(demo_results, operation, who.account), operation, call))


@pytest.mark.parametrize("operation", BODIES)
@pytest.mark.parametrize("given", BAD_BODIES)
def test_a_wrong_body_is_422(demo_results: DemoResults, operation: Operation, given: str) -> None:
    require_served(operation)
    who = holdings_of("individual")
    path = operation.path.format(**EXAMPLES[operation.operation_id][0](who).path)
    client = client_for(demo_results, operation, who.account)
    answer = getattr(client, operation.method.lower())(path, data=given, content_type="application/json")
    assert_refused(operation, answer)


@pytest.mark.parametrize("operations", PATHS)
def test_a_method_beyond_the_contract_does_not_fail(demo_results: DemoResults, operations: list[Operation]) -> None:
    """A fixed path may have a sibling with an id in its place, which takes the method for its own."""
    require_served(operations[0])
    who = holdings_of("individual")
    path = operations[0].path.format(**EXAMPLES[operations[0].operation_id][0](who).path)
    method = next(one for one in METHODS if one.upper() not in {known.method for known in operations})
    answer = call_path(
        client_for(demo_results, operations[0], who.account), method, path, {}, None if method == "get" else {}
    )
    assert answer.status_code < 500
    if answer.status_code == 405:
        assert json.loads(answer.content) == {"detail": "Method Not Allowed"}
        assert operations[0].method in answer["Allow"]
