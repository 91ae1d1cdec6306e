"""Every operation of the contract, called against the running app with the demo's results, its answer held to its schema."""

from __future__ import annotations

import pytest

from tests.contract.conftest import UNANNOUNCED, client_for
from tests.contract.examples import EXAMPLES
from tests.contract.holdings import holdings_of
from tests.contract.operations import Operation, operations_now
from tests.contract.requests import is_served, read, send
from tests.contract.validation import problems, unknown_keys
from tests.demo_fixtures import DemoResults

pytestmark = pytest.mark.django_db

OTHER_BOOKS = ("hedge_fund", "family_office_private")


def _cases() -> list[object]:
    """Each example with the first book; what reads a book also with one of shorts and options, and one without a listed lot."""
    cases = []
    for operation in operations_now():
        examples = EXAMPLES[operation.operation_id]
        for number in range(len(examples)):
            cases.append(pytest.param(operation, number, "individual", id=f"{operation.operation_id}-{number}"))
        reads_a_book = operation.method == "GET" and not operation.admin and not operation.public
        for book in OTHER_BOOKS if reads_a_book else ():
            cases.append(pytest.param(operation, 0, book, id=f"{operation.operation_id}-{book}"))
    return cases


def test_every_operation_has_an_example() -> None:
    assert {operation.operation_id for operation in operations_now()} == set(EXAMPLES)


@pytest.mark.parametrize(("operation", "number", "book"), _cases())
def test_answer_keeps_the_contract(demo_results: DemoResults, operation: Operation, number: int, book: str) -> None:
    assert is_served(operation), f"{operation} is not served"
    who = holdings_of(book)
    answer = send(
        client_for(demo_results, operation, who.account), operation, EXAMPLES[operation.operation_id][number](who)
    )
    body = read(answer)
    expected = {operation.success, *(["404"] if operation.operation_id == "debugRoutes" else [])}
    assert str(answer.status_code) in expected, f"{operation}: {answer.status_code} {body}"
    UNANNOUNCED[operation.operation_id].update(unknown_keys(operation, answer.status_code, body))
    assert not problems(operation, answer.status_code, body)


WRITES_WITH_A_QUERY = [
    pytest.param(operation, number, id=f"{operation.operation_id}-{number}")
    for operation in operations_now()
    if operation.method != "GET"
    for number, example in enumerate(EXAMPLES[operation.operation_id])
    if any(parameter.place == "query" for parameter in operation.parameters)
]


@pytest.mark.parametrize(("operation", "number"), WRITES_WITH_A_QUERY)
def test_the_body_serves_where_a_proxy_drops_the_query(
    demo_results: DemoResults, operation: Operation, number: int
) -> None:
    assert is_served(operation), f"{operation} is not served"
    who = holdings_of("individual")
    call = EXAMPLES[operation.operation_id][number](who)
    client = client_for(demo_results, operation, who.account)
    answer = send(client, operation, call, query_in_body=True)
    assert str(answer.status_code) == operation.success, read(answer)


@pytest.mark.parametrize(
    "operation", [pytest.param(one, id=one.operation_id) for one in operations_now() if one.path != "/"]
)
def test_the_other_spelling_is_served_directly(demo_results: DemoResults, operation: Operation) -> None:
    if operation.operation_id == "debugRoutes":
        pytest.skip("served with DEBUG only")
    assert is_served(operation), f"{operation} is not served"
    who = holdings_of("individual")
    call = EXAMPLES[operation.operation_id][0](who)
    answer = send(client_for(demo_results, operation, who.account), operation, call, slash=True)
    assert str(answer.status_code) == operation.success, read(answer)
