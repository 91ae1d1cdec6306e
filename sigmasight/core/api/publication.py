"""The published schema: made once by a process, in plain JSON Schema, with ids and answers of the demo as examples."""

from __future__ import annotations

import functools
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import orjson
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from sigmasight.core.demo import rows

Node = dict[str, Any]
SAMPLES = Path(__file__).with_name("samples.json")


class SchemaView(SpectacularAPIView):
    """It depends on the routes alone, which do not change while a process runs."""

    def _get_schema_response(self, request: Request) -> Response:
        name = self._get_filename(request, None)
        return Response(_made(), headers={"Content-Disposition": f'inline; filename="{name}"'})


@functools.cache
def _made() -> Node:
    document: Node = SchemaGenerator().get_schema(request=None, public=True)
    return document


def plain(result: Node, **_: Any) -> Node:
    """Postprocessing hook: bounds are numbers, and what may be anything is nothing else as well."""
    return _plain(result)  # type: ignore[no-any-return]


def _plain(node: Any) -> Any:
    if isinstance(node, list):
        return [_plain(inner) for inner in node]
    if isinstance(node, Decimal):
        return int(node) if node == node.to_integral_value() else float(node)
    if not isinstance(node, dict):
        return node
    # Null is an alternative to {} and within it: of "one of" these it would be none.
    if {} in node.get("oneOf", ()):
        node = {key: value for key, value in node.items() if key != "oneOf"}
    return {key: _plain(value) for key, value in node.items()}


def with_examples(result: Node, **_: Any) -> Node:
    """Postprocessing hook: parameters named as things of the demo have an example that exists there."""
    examples = _examples()
    for item in result["paths"].values():
        for operation in item.values():
            for parameter in operation.get("parameters", ()):
                known = examples.get(parameter["name"])
                if known and not {"example", "examples"} & parameter.keys():
                    listed = parameter["schema"].get("type") == "array"
                    parameter["example"] = [known] if listed else known
    return result


def with_samples(result: Node, **_: Any) -> Node:
    """Postprocessing hook: good answers are shown as the demo gave them once, shortened (`samples.json`)."""
    samples: Node = orjson.loads(SAMPLES.read_bytes())
    for item in result["paths"].values():
        for operation in item.values():
            for status, answer in operation["responses"].items():
                content = answer.get("content", {}).get("application/json")
                known = samples.get(operation["operationId"].removesuffix("_documented_path"))
                if status.startswith("2") and content and known and not {"example", "examples"} & content.keys():
                    content["example"] = known
    return result


@functools.cache
def _examples() -> dict[str, str]:
    """Things of the first demo account, by the name parameters give them."""
    lot = rows("positions")[0]
    book = next(row for row in rows("portfolios") if row["portfolio"] == lot["portfolio"])
    person = next(row for row in rows("users") if row["email"] == book["user_email"])
    tag = lot["tags"].partition("|")[0]
    position = _derived(book["id"], lot["symbol"], lot["entry_date"])
    found = {
        "portfolio_id": book["id"],
        "position_id": position,
        "tag_id": _derived(person["uuid_md5_of_email_user"], "tag", tag),
        "position_tag_id": _derived(position, "tag", tag),
        "symbol": lot["symbol"],
    }
    return found | {f"{name}s": value for name, value in found.items()}


def _derived(*parts: str) -> str:
    return str(uuid5(NAMESPACE_DNS, ":".join(parts)))
