"""One question to a model, answered as JSON of a given schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings

from assistant.llm.client import ModelError, client, vendor_errors
from assistant.llm.pricing import cost_usd


@dataclass(frozen=True)
class JsonAnswer:
    """What the model wrote, and what it took. `cost_usd` is None where the model's price is not set."""

    value: Any
    model: str
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal | None


def ask_json(
    *,
    instructions: str,
    data: str,
    schema: Mapping[str, Any],
    name: str,
    model: str | None = None,
    max_output_tokens: int = 500,
) -> JsonAnswer:
    """Ask once. The model is bound to the schema, yet what comes back is the caller's to check.

    Parameters
    ----------
    instructions : ours alone. data : what it is about, whoever wrote it. schema : strict JSON schema, an object. name : of the schema.
    model : the small one where none is named.

    Raises
    ------
    ModelError if the vendor fails, refuses, stops early or answers no JSON.
    """
    asked = model or settings.OPENAI_MODEL_SMALL
    with vendor_errors():
        answer = client().responses.create(
            model=asked,
            instructions=instructions,
            input=data,
            text={"format": {"type": "json_schema", "name": name, "schema": dict(schema), "strict": True}},
            max_output_tokens=max_output_tokens,
            store=False,
        )
    if answer.status == "incomplete":
        raise ModelError("The AI service stopped before its answer was complete.", error_type="incomplete_response")
    if answer.status == "failed":
        raise ModelError("The AI service failed.", retryable=True)
    try:
        value = json.loads(answer.output_text)
    except ValueError as error:
        raise ModelError("The AI service answered no JSON.") from error
    taken, given = (answer.usage.input_tokens, answer.usage.output_tokens) if answer.usage else (0, 0)
    return JsonAnswer(value, answer.model or asked, taken, given, cost_usd(asked, taken, given))
