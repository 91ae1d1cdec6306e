from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from assistant.services import ai_database, embeddings
from tests.assistant.vendor import Vendor, running


@pytest.fixture
def vendor(settings: Any) -> Iterator[Vendor]:
    """A vendor's server on this machine, and settings that name it."""
    with running() as server:
        settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "test", server.url
        for rest in (ai_database.rest, embeddings.rest):
            rest.end()
        embeddings._embedded.cache_clear()
        yield server
        embeddings.rest.end()
        embeddings._embedded.cache_clear()
