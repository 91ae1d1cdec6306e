"""Every published operation, called with what its schema allows and with what it forbids. ``make fuzz``

The app answers in this process, as the demo's owner of two books or as staff; what a call writes is taken back before the next.
Half of the ids and symbols are real ones: made-up ids end in 404 before anything is computed. Not a part of ``make test``.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from django.core.cache import cache
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from schemathesis.config import SchemathesisConfig
from schemathesis.generation import derive_operation_seed
from schemathesis.generation.hypothesis.builder import HypothesisTestConfig, HypothesisTestMode, create_test
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import negative_data_rejection

from tests.contract.holdings import STAFF, Holdings, holdings_of
from tests.contract.operations import written_out
from tests.contract.published import published_schema
from tests.demo_fixtures import DemoResults

pytestmark = pytest.mark.django_db(databases=["default", "ai"])

SEED = int(os.environ.get("FUZZ_SEED", "20250630"))
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "50"))
BOOK = "family_office_public"
# Beside 422, input of the right form may break a rule (400), name nothing (404) or contradict what is there (409).
REFUSALS = ["2xx", "400", "401", "403", "404", "409", "422"]
CONFIG = {
    "seed": SEED,
    "generation": {"max-examples": EXAMPLES, "database": "none", "no-shrink": False},
    "checks": {"positive_data_acceptance": {"expected-statuses": REFUSALS}},
}
# Faults of single items are told in a good answer, beside what became of the others.
JUDGES_ITEMS_ALONE = {"bulkUpdateTargetPrices"}
SCALARS = {"string", "number", "integer", "boolean"}
ADMIN_SCHEMES = {"adminBearer", "adminCookie"}
OPERATIONS = [
    pytest.param(method.upper(), path, id=described["operationId"])
    for path, item in published_schema()["paths"].items()
    for method, described in item.items()
]


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """A request leaves its connection open: what it wrote is taken back after it."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def document(demo_results: DemoResults, db: None) -> dict[str, Any]:
    """The published schema, in which ids and symbols of requests are real ones half of the time."""
    return with_real_ids(published_schema(), holdings_of(BOOK))


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_operation(demo_results: DemoResults, document: dict[str, Any], method: str, path: str) -> None:
    schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig.from_dict(CONFIG))
    schema.app = WSGIHandler()
    operation = schema[path][method]
    described = document["paths"][path][method.lower()]
    # Compressed answers would reach the checks as they are: nothing between the app and them takes them apart.
    headers = {"Accept-Encoding": "identity", **authorization(demo_results, described)}

    unfit = [negative_data_rejection] if described["operationId"] in JUDGES_ITEMS_ALONE else []

    def call(case: schemathesis.Case) -> None:
        cache.clear()
        with transaction.atomic():
            case.call_and_validate(headers=headers, excluded_checks=unfit)
            transaction.set_rollback(True)

    fuzzed(operation, call)()


def fuzzed(operation: APIOperation, call: Callable[..., None]) -> Callable[[], None]:
    """The call with the schema's examples, the bounds of every value, and random values."""
    project = operation.schema.config
    return create_test(
        operation=operation,
        test_func=call,
        config=HypothesisTestConfig(
            project=project,
            modes=[HypothesisTestMode.EXAMPLES, HypothesisTestMode.COVERAGE, HypothesisTestMode.FUZZING],
            settings=project.get_hypothesis_settings(operation=operation, phase="fuzzing"),
            seed=derive_operation_seed(SEED, operation.label),
        ),
    )


def authorization(demo: DemoResults, described: dict[str, Any]) -> dict[str, str]:
    schemes = {name for alternative in described.get("security", ()) for name in alternative}
    if not schemes:
        return {}
    if schemes & ADMIN_SCHEMES:
        return demo.bearer(STAFF, admin=True)
    return demo.bearer("demo_familyoffice")


def with_real_ids(document: dict[str, Any], who: Holdings) -> dict[str, Any]:
    """A copy whose requests also allow, by name, ids and symbols that exist, in bodies scalars as text,
    and in the body or the query what may stand in either: all of that is taken.

    Answers stay as published.
    """
    known = {
        "portfolio_id": [who.portfolio],
        "position_id": [who.position, who.fresh_position],
        "tag_id": [who.tag, who.old_tag],
        "target_price_id": [who.target],
        "position_tag_id": [who.link],
        "equity_change_id": [who.equity_change],
        "batch_run_id": [who.run, who.repair],
        "run_id": [who.run, who.repair],
        "job_id": [who.run, who.repair],
        "symbol": [who.symbol, "AAPL", "SPY"],
    }
    known |= {f"{name}s": values for name, values in known.items()}
    copied = copy.deepcopy(document)
    for item in copied["paths"].values():
        for described in item.values():
            for parameter in described.get("parameters", ()):
                if parameter["name"] in known:
                    parameter["schema"] = _or_one_of(parameter["schema"], known[parameter["name"]])
            if "requestBody" in described:
                described["requestBody"] = written_out(described["requestBody"], document)
                in_query = {parameter["name"] for parameter in described.get("parameters", ())}
                for content in described["requestBody"]["content"].values():
                    content["schema"] = _lenient(content["schema"], known)
                    required = content["schema"].get("required", ())
                    content["schema"]["required"] = [name for name in required if name not in in_query]
    return copied


def _or_one_of(schema: dict[str, Any], values: list[str]) -> dict[str, Any]:
    if "items" in schema:
        return {**schema, "items": _or_one_of(schema["items"], values)}
    return {"anyOf": [{"type": "string", "enum": values}, schema]}


def _lenient(schema: dict[str, Any], known: dict[str, list[str]]) -> dict[str, Any]:
    lenient = dict(schema)
    for key in ("anyOf", "oneOf", "allOf"):
        if key in lenient:
            lenient[key] = [_lenient(part, known) for part in lenient[key]]
    if "items" in lenient:
        lenient["items"] = _lenient(lenient["items"], known)
    if "properties" in lenient:
        lenient["properties"] = {
            name: _or_one_of(_lenient(inner, known), known[name]) if name in known else _lenient(inner, known)
            for name, inner in lenient["properties"].items()
        }
    kinds = {lenient["type"]} if isinstance(lenient.get("type"), str) else set(lenient.get("type", ()))
    if kinds & SCALARS and not {"enum", "const", "format"} & lenient.keys():
        lenient["type"] = sorted(kinds | {"string", "number"})
    return lenient
