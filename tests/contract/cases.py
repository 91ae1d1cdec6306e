"""Which cases are tried of which operation. The tests run them, the table of coverage counts them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from tests.contract.examples import EXAMPLES, Call
from tests.contract.holdings import IDS, STAFF_IDS, Holdings
from tests.contract.operations import Operation, Parameter

OTHER_BOOKS = ("hedge_fund", "family_office_private")
BAD_TOKENS = ("none", "nonsense", "expired", "deactivated", "of the other kind")
BAD_BODIES = ("{}", "{", "[1]", '"text"', "null")
# Holdings whose ids are their own names show which of them a call uses.
NAMES = Holdings(account="demo_hnw", symbol="AAPL", **{name: f"<{name}>" for name in dict.fromkeys((*IDS, *STAFF_IDS))})


def good_calls(operation: Operation) -> list[tuple[int, str]]:
    """Example and book: each with the first book; reads also with one of shorts and options, and one without listed lots."""
    numbers = range(len(EXAMPLES[operation.operation_id]))
    reads_a_book = operation.method == "GET" and not operation.admin and not operation.public
    return [(number, "individual") for number in numbers] + [(0, book) for book in OTHER_BOOKS if reads_a_book]


def ids_used(operation: Operation) -> list[tuple[int, str]]:
    """Example and name of every id that could be somebody else's."""
    found = []
    for number, example in enumerate(EXAMPLES[operation.operation_id]):
        call = example(NAMES)
        text = json.dumps([dict(call.path), dict(call.query), call.body])
        found += [(number, name) for name in dict.fromkeys((*IDS, *STAFF_IDS)) if f"<{name}>" in text]
    return found


def ids_in_lists(operation: Operation) -> list[tuple[int, str]]:
    """Those of them that stand in lists, where a foreign one may hide among one's own."""
    if operation.admin:
        return []
    return [
        (number, name)
        for number, name in ids_used(operation)
        if joined(call := EXAMPLES[operation.operation_id][number](NAMES), f"<{name}>", "other") != call
    ]


def joined(call: Call, own: str, other: str) -> Call:
    """The call with another id beside one's own in every list of ids."""

    def join(value: Any) -> Any:
        return [*value, other] if isinstance(value, list) and own in value else value

    query = {
        key: f"{value},{other}" if key.endswith("_ids") and value == own else join(value)
        for key, value in call.query.items()
    }
    body = {key: join(value) for key, value in call.body.items()} if isinstance(call.body, dict) else call.body
    return replace(call, query=query, body=body)


def wrong_queries(operation: Operation) -> list[Parameter]:
    """Query parameters that some value breaks."""
    return [one for one in operation.parameters if one.place == "query" and wrong_value(one) is not None]


def wrong_value(parameter: Parameter) -> str | None:
    """A value outside what the contract allows; None if it allows any text."""
    schema = parameter.schema
    kinds = schema.get("type", "string")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if "enum" in schema or "pattern" in schema or schema.get("format") in ("uuid", "date"):
        return "nonsense"
    if "maximum" in schema:
        return str(schema["maximum"] + 1)
    if "minimum" in schema:
        return str(schema["minimum"] - 1)
    return "nonsense" if {"integer", "number", "boolean"} & set(kinds) else None


def ids_in_path(operation: Operation) -> list[str]:
    """Path parameters that must be UUIDs."""
    return [one.name for one in operation.parameters if one.place == "path" and one.schema.get("format") == "uuid"]


def has_required_body(operation: Operation) -> bool:
    return operation.body_type == "application/json" and bool(operation.body and operation.body.get("required"))


def error_cases(operation: Operation) -> dict[int, int]:
    """How many refused calls are tried, by status."""
    counts = {
        401: 0 if operation.public else len(BAD_TOKENS),
        404: len(ids_used(operation)) * (1 if operation.admin else 2) + 2 * len(ids_in_lists(operation)),
        422: len(wrong_queries(operation))
        + len(ids_in_path(operation))
        + len(BAD_BODIES) * has_required_body(operation),
    }
    return {status: count for status, count in counts.items() if count}
