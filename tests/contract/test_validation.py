"""The contract's own tools: a wrong answer is told to be wrong, and why."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.contract.amendments import AMENDMENTS
from tests.contract.cases import NAMES
from tests.contract.client_fields import CLIENT_FIELDS
from tests.contract.examples import EXAMPLES
from tests.contract.operations import Operation, all_operations, operations, translated
from tests.contract.validation import problems, unknown_keys

VOLATILITY: dict[str, Any] = {
    "available": True,
    "portfolio_id": "1d8ddd95-3b45-0ac5-35bf-cf81af94a5fe",
    "calculation_date": "2025-11-20",
    "data": {
        "realized_volatility_21d": 0.15,
        "realized_volatility_63d": None,
        "expected_volatility_21d": 0.16,
        "volatility_trend": "stable",
        "volatility_percentile": 0.4,
    },
    "metadata": {"forecast_model": "HAR"},
}


def of(operation_id: str, body: Any, status: int = 200) -> list[str]:
    return problems(operations()[operation_id], status, body)


def changed(**values: Any) -> dict[str, Any]:
    return VOLATILITY | {"data": VOLATILITY["data"] | values}


def test_every_operation_of_the_contract_has_an_id_of_its_own() -> None:
    assert len(operations()) == len(all_operations()) > 200


def test_a_good_answer_has_no_problems() -> None:
    assert of("getVolatility", VOLATILITY) == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"realized_volatility_21d": "0.15"}, "data.realized_volatility_21d: '0.15' breaks type 'number'"),
        ({"realized_volatility_21d": True}, "data.realized_volatility_21d: True breaks type"),
        ({"volatility_percentile": 40.0}, "data.volatility_percentile: 40.0 breaks maximum 1"),
        ({"volatility_trend": "sideways"}, "data.volatility_trend: 'sideways' breaks enum"),
    ],
)
def test_a_wrong_value_is_told_with_its_place(values: dict[str, Any], said: str) -> None:
    found = of("getVolatility", changed(**values))
    assert len(found) == 1
    assert found[0].startswith(said)


def test_a_missing_key_is_told() -> None:
    body = changed()
    del body["data"]["volatility_trend"]
    assert any("'volatility_trend' is a required property" in line for line in of("getVolatility", body))


def test_a_missing_key_that_only_the_frontend_reads_is_told() -> None:
    body = {"symbol": "AAPL", "estimates": {}}
    assert any(
        "the frontend reads estimates.current_year_analyst_count" in line for line in of("analystEstimates", body)
    )


def test_every_entry_of_a_list_is_looked_at() -> None:
    body = {"items": [{"id": "x"}, {}], "page": 1, "page_size": 10, "total_items": 2, "total_pages": 1}
    assert any(line.startswith("items[1]: the frontend reads items[].id") for line in of("listEquityChanges", body))


def test_not_calculated_yet_is_a_good_answer() -> None:
    assert of("getVolatility", VOLATILITY | {"available": False, "calculation_date": None, "data": None}) == []


def test_an_undocumented_status_is_told() -> None:
    assert of("getVolatility", {"detail": "No."}, 418) == ["status 418 is not documented (200, 401, 404, 422)"]
    assert of("getVolatility", {"detail": "No."}, 500)


def test_unknown_keys_are_listed_apart() -> None:
    body = changed(colour="red") | {"mood": "good"}
    assert of("getVolatility", body) == []
    assert unknown_keys(operations()["getVolatility"], 200, body) == ["data.colour", "mood"]


def test_keys_of_free_objects_are_known() -> None:
    body = {"AAPL": {"AAPL": 1.0}}
    matrix = {
        "available": True,
        "data": {"matrix": body, "average_correlation": 0.3},
        "data_quality": None,
        "metadata": {},
    }
    assert unknown_keys(operations()["getCorrelationMatrix"], 200, matrix) == []
    matrix["data"]["matrix"]["AAPL"]["MSFT"] = "high"  # type: ignore[index]
    assert of("getCorrelationMatrix", matrix)


@pytest.mark.parametrize("text", ["2025-11-20T21:00:00+00:00", "2025-11-20T21:00:00", "2025-11-20", "20 November"])
def test_instants_end_in_z(text: str) -> None:
    body = {
        "id": "8d0f7d52-6a36-4b55-9d0b-6a0d6f2d1c11",
        "mode": "green",
        "provider": "openai",
        "provider_thread_id": None,
    }
    assert not of("chat_create_conversation", body | {"created_at": "2025-11-20T21:00:00.123456Z"}, 201)
    assert of("chat_create_conversation", body | {"created_at": text}, 201)


def test_decimals_as_text_are_refused() -> None:
    body = {"contributions": "10.00", "withdrawals": 0, "net_flow": 10}
    summary = {
        "portfolio_id": "1d8ddd95-3b45-0ac5-35bf-cf81af94a5fe",
        "total_contributions": 10,
        "total_withdrawals": 0,
        "net_flow": 10,
        "last_change": None,
        "periods": {"30d": body, "90d": body | {"contributions": 10.0}},
    }
    assert of("getEquityChangeSummary", summary) == ["periods.30d.contributions: '10.00' breaks type 'number'"]


def test_of_alternatives_the_closest_is_told() -> None:
    body = {"available": True, "data": {"matrix": {}, "symbols": [], "average_correlation": "0.3"}}
    found = of("getAggregateCorrelationMatrix", body)
    assert any("portfolio_count" in line or "average_correlation" in line for line in found)


@pytest.mark.parametrize(
    ("schema", "becomes"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"enum": ["a"], "nullable": True}, {"anyOf": [{"enum": ["a"]}, {"type": "null"}]}),
        ({"minimum": 0, "exclusiveMinimum": True}, {"minimum": 0, "exclusiveMinimum": 0}),
        ({"properties": {"nullable": {"type": "boolean"}}}, {"properties": {"nullable": {"type": "boolean"}}}),
    ],
)
def test_older_openapi_is_translated(schema: dict[str, Any], becomes: dict[str, Any]) -> None:
    assert translated(schema) == becomes


@pytest.mark.parametrize("operation", [pytest.param(one, id=one.operation_id) for one in all_operations()])
def test_examples_are_calls_the_contract_allows(operation: Operation) -> None:
    in_query = {one.name: one for one in operation.parameters if one.place == "query"}
    for example in EXAMPLES[operation.operation_id]:
        call = example(NAMES)
        assert set(call.path) == set(operation.path_parameters)
        assert set(call.query) <= in_query.keys()
        if isinstance(call.body, dict) and operation.body_type == "application/json":
            given = {key: value for key, value in call.body.items() if key not in in_query}
            assert not list(Draft202012Validator(operation.body or {}).iter_errors(given))


def test_every_amendment_has_a_reason() -> None:
    assert all(len(amendment.reason) > 10 for amendment in AMENDMENTS)


def test_what_the_frontend_reads_belongs_to_operations() -> None:
    assert set(CLIENT_FIELDS) <= set(operations())
    assert set(EXAMPLES) <= set(operations())
