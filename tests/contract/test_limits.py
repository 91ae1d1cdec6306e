"""Operations that cost much, or that strangers guess at, answer 429 and say when to come back."""

from __future__ import annotations

from typing import Any

import pytest
from rest_framework.throttling import SimpleRateThrottle

from tests.contract.conftest import client_for, require_served
from tests.contract.examples import EXAMPLES
from tests.contract.holdings import holdings_of
from tests.contract.operations import Operation, all_operations
from tests.contract.published import published_schema
from tests.contract.requests import read, send
from tests.contract.validation import problems
from tests.demo_fixtures import DemoResults

SIZES = ("limit", "page_size", "per_page", "max_symbols", "max_positions", "lookback_days", "days", "periods")


@pytest.mark.django_db(databases=["default", "ai"])
@pytest.mark.parametrize(
    "operation", [pytest.param(one, id=one.operation_id) for one in all_operations() if "429" in one.responses]
)
def test_one_call_too_many_is_told_when_to_come_back(
    demo_results: DemoResults, monkeypatch: pytest.MonkeyPatch, operation: Operation
) -> None:
    require_served(operation)
    rates = dict.fromkeys(SimpleRateThrottle.THROTTLE_RATES, "1/min")
    monkeypatch.setattr(SimpleRateThrottle, "THROTTLE_RATES", rates)
    who = holdings_of("individual")
    client = client_for(demo_results, operation, who.account)
    call = EXAMPLES[operation.operation_id][0](who)
    assert str(send(client, operation, call).status_code) == operation.success
    refused = send(client, operation, call)
    assert refused.status_code == 429, read(refused)
    assert 0 < int(refused["Retry-After"]) <= 60
    assert read(refused)["detail"].startswith("Too many requests. Try again in ")
    assert not problems(operation, 429, read(refused))


def test_every_size_a_caller_may_ask_for_has_a_bound() -> None:
    unbounded = [
        f"{method.upper()} {path}: {parameter['name']}"
        for path, item in published_schema()["paths"].items()
        for method, described in item.items()
        for parameter in described.get("parameters", ())
        if parameter["name"] in SIZES and not _bounded(parameter["schema"])
        if not parameter.get("description", "").startswith("Without effect")
    ]
    assert unbounded == []


def _bounded(schema: dict[str, Any]) -> bool:
    return "maximum" in schema or any(_bounded(part) for part in schema.get("anyOf", schema.get("oneOf", ())))
