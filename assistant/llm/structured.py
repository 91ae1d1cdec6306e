"""One question to a model, answered as JSON of a given schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings

from assistant.llm.client import ModelError, client, vendor_errors


def ask_json(
    *,
    instructions: str,
    data: str,
    schema: Mapping[str, Any],
    name: str,
    model: str | None = None,
    max_output_tokens: int = 500,
) -> Any:
    """Ask once. The model is bound to the schema, yet what comes back is the caller's to check.

    Parameters
    ----------
    instructions : ours alone. data : what it is about, whoever wrote it. schema : strict JSON schema, an object. name : of the schema.
    model : the small one where none is named.

    Raises
    ------
    ModelError if the vendor fails, refuses, stops early or answers no JSON.
    """
    with vendor_errors():
        answer = client().responses.create(
            model=model or settings.OPENAI_MODEL_SMALL,
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
        return json.loads(answer.output_text)
    except ValueError as error:
        raise ModelError("The AI service answered no JSON.") from error
