"""The published schema as clients read it."""

from __future__ import annotations

import json
from contextlib import redirect_stderr
from decimal import Decimal
from io import StringIO

from django.test import Client
from drf_spectacular.drainage import reset_generator_stats
from drf_spectacular.generators import SchemaGenerator

from sigmasight.core.api.publication import plain, with_examples
from sigmasight.core.demo import rows


def test_it_is_served_as_json_and_as_yaml(client: Client) -> None:
    answer = client.get("/api/schema", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert answer.status_code == 200
    assert json.loads(answer.content)["openapi"] == "3.1.0"
    assert client.get("/api/schema").content.startswith(b"openapi: 3.1.0")


def test_bounds_are_numbers() -> None:
    assert plain({"a": [{"maximum": Decimal("0.5"), "minimum": Decimal("-1")}]}) == {
        "a": [{"maximum": 0.5, "minimum": -1}]
    }


def test_anything_or_null_is_anything() -> None:
    assert plain({"oneOf": [{}, {"type": "null"}], "description": "x"}) == {"description": "x"}
    kept = {"oneOf": [{"type": "object"}, {"type": "null"}]}
    assert plain(kept) == kept


def test_parameters_name_things_of_the_demo() -> None:
    own = {"name": "portfolio_id", "schema": {"type": "string"}}
    several = {"name": "portfolio_ids", "schema": {"type": "array"}}
    given = {"name": "symbol", "schema": {"type": "string"}, "example": "SPY"}
    other = {"name": "limit", "schema": {"type": "integer"}}
    with_examples({"paths": {"/x": {"get": {"parameters": [own, several, given, other]}}}})
    book = rows("portfolios")[0]["id"]
    assert (own["example"], several["example"], given["example"]) == (book, [book], "SPY")
    assert "example" not in other


def test_every_form_and_every_choice_has_a_name_of_its_own() -> None:
    """Two forms of one name would be published as one of them."""
    reset_generator_stats()
    with redirect_stderr(StringIO()) as warned:
        SchemaGenerator().get_schema(request=None, public=True)
    assert warned.getvalue() == ""


def test_answers_of_the_demo_are_shown() -> None:
    document = SchemaGenerator().get_schema(request=None, public=True)
    answers = {
        described["operationId"]: answer["content"]["application/json"]
        for item in document["paths"].values()
        for described in item.values()
        for status, answer in described["responses"].items()
        if status.startswith("2") and "application/json" in answer.get("content", {})
    }
    without = [name for name, content in answers.items() if not {"example", "examples"} & content.keys()]
    assert without == []
