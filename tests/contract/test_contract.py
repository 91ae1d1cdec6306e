"""Every operation of the contract, called against the running app with the demo's results, its answer held to its schema."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.contract import samples
from tests.contract.amendments import ALIASES
from tests.contract.cases import good_calls
from tests.contract.conftest import UNANNOUNCED, client_for, require_served
from tests.contract.examples import EXAMPLES
from tests.contract.holdings import holdings_of
from tests.contract.operations import Operation, all_operations, operations
from tests.contract.requests import read, send
from tests.contract.validation import problems, unknown_keys
from tests.demo_fixtures import DemoResults

pytestmark = [pytest.mark.django_db(databases=["default", "ai"]), pytest.mark.usefixtures("held_once")]
HELD = ("individual",)

CALLS = [
    pytest.param(operation, number, book, id=f"{operation.operation_id}-{number}-{book}")
    for operation in all_operations()
    for number, book in good_calls(operation)
]
WRITES_WITH_A_QUERY = [
    pytest.param(operation, number, id=f"{operation.operation_id}-{number}")
    for operation in all_operations()
    if operation.method != "GET" and any(parameter.place == "query" for parameter in operation.parameters)
    for number in range(len(EXAMPLES[operation.operation_id]))
]
TWO_SPELLINGS = [
    pytest.param(one, id=one.operation_id) for one in all_operations() if one.path not in ("/", "/debug/routes")
]


def test_every_operation_has_an_example() -> None:
    assert {operation.operation_id for operation in all_operations()} == set(EXAMPLES)


@pytest.mark.parametrize(("operation", "number", "book"), CALLS)
def test_answer_keeps_the_contract(demo_results: DemoResults, operation: Operation, number: int, book: str) -> None:
    if operation.operation_id != "debugRoutes":
        require_served(operation)
    who = holdings_of(book)
    client = client_for(demo_results, operation, who.account)
    answer = send(client, operation, EXAMPLES[operation.operation_id][number](who))
    body = read(answer)
    wanted = "404" if operation.operation_id == "debugRoutes" else operation.success
    assert str(answer.status_code) == wanted, f"{operation}: {body}"
    if wanted == operation.success:
        UNANNOUNCED[operation.operation_id].update(unknown_keys(operation, answer.status_code, body))
        found = problems(operation, answer.status_code, body)
        assert not found, "\n  ".join([f"{operation}:", *found])
        shown = samples.SHOWN.get(operation.operation_id, 0)
        if (number, book) == (shown, "individual") and not isinstance(body, str):
            stale = samples.compare(operation.operation_id, body)
            assert not stale, "\n  ".join([f"{operation}:", *stale])


@pytest.mark.parametrize(("operation", "number"), WRITES_WITH_A_QUERY)
def test_the_body_serves_where_a_proxy_drops_the_query(
    demo_results: DemoResults, operation: Operation, number: int
) -> None:
    require_served(operation)
    who = holdings_of("individual")
    call = EXAMPLES[operation.operation_id][number](who)
    answer = send(client_for(demo_results, operation, who.account), operation, call, query_in_body=True)
    assert str(answer.status_code) == operation.success, read(answer)


@pytest.mark.parametrize("operation", TWO_SPELLINGS)
def test_the_other_spelling_is_served_directly(demo_results: DemoResults, operation: Operation) -> None:
    require_served(operation)
    who = holdings_of("individual")
    call = EXAMPLES[operation.operation_id][0](who)
    answer = send(client_for(demo_results, operation, who.account), operation, call, slash=True)
    assert str(answer.status_code) == operation.success, read(answer)


@pytest.mark.parametrize("path", ALIASES)
def test_an_alias_answers_as_its_operation(demo_results: DemoResults, path: str) -> None:
    operation = replace(operations()[ALIASES[path]], path=path)
    require_served(operation)
    who = holdings_of("individual")
    client = client_for(demo_results, operation, who.account)
    answer = send(client, operation, EXAMPLES[operation.operation_id][0](who))
    assert str(answer.status_code) == operation.success
    assert not problems(operation, answer.status_code, read(answer))
