"""Texts as points of the space in which nearness is likeness of meaning."""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence

from django.conf import settings

from assistant.llm.client import ModelError, client, configured, vendor_errors
from assistant.models import EMBEDDING_DIMENSIONS
from assistant.services.ai_database import Rest

log = logging.getLogger(__name__)

MOST_AT_ONCE = 64
# A question is embedded while somebody waits for the answer.
QUESTION_SECONDS = 2.0
rest = Rest()


def embed(texts: Sequence[str], *, seconds: float | None = None) -> list[list[float]]:
    """One vector of 1536 numbers a text, in their order.

    Parameters
    ----------
    seconds : the longest a request may take; the general limit of requests to the vendor if None.

    Raises
    ------
    ModelError if no key is set, the vendor fails, or its model has vectors of another length.
    """
    vectors: list[list[float]] = []
    for first in range(0, len(texts), MOST_AT_ONCE):
        batch = list(texts[first : first + MOST_AT_ONCE])
        with vendor_errors():
            caller = client() if seconds is None else client().with_options(timeout=seconds)
            answer = caller.embeddings.create(model=settings.OPENAI_EMBEDDING_MODEL, input=batch)
        found = [one.embedding for one in sorted(answer.data, key=lambda one: one.index)]
        if len(found) != len(batch) or any(len(vector) != EMBEDDING_DIMENSIONS for vector in found):
            raise ModelError(
                f"The embedding model {settings.OPENAI_EMBEDDING_MODEL} must give {EMBEDDING_DIMENSIONS} numbers a text.",
                error_type="api_failure",
            )
        vectors += found
    return vectors


def embed_question(text: str) -> list[float] | None:
    """The vector of what somebody asks, within two seconds; None without a key or while the vendor is away."""
    if not configured() or rest.lasts or not text.strip():
        return None
    try:
        return list(_embedded(settings.OPENAI_EMBEDDING_MODEL, text))
    except ModelError as error:
        rest.begin()
        log.warning("questions are not embedded for %.0f s: %s", rest.seconds, error)
        return None


@functools.lru_cache(maxsize=64)
def _embedded(model: str, text: str) -> tuple[float, ...]:
    """One turn asks for documents and for examples with the same words."""
    return tuple(embed([text], seconds=QUESTION_SECONDS)[0])
