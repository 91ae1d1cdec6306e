"""The real log handler, writing where a test can read."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from sigmasight.core.observability.logs import Console


class Written(io.StringIO):
    """What was logged, as text and as the objects of JSON lines."""

    def lines(self, logger: str = "") -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self.getvalue().splitlines()]
        return [line for line in found if line["logger"].startswith(logger)]


@contextmanager
def _listening(kind: str, level: int) -> Iterator[Written]:
    root, text = logging.getLogger(), Written()
    handler, before = Console(kind, text), root.level
    root.addHandler(handler)
    root.setLevel(level)
    try:
        yield text
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


@pytest.fixture
def logged() -> Iterator[Callable[..., Written]]:
    """Start to write down what is logged: `logged("json")`, `logged("line", logging.DEBUG)`."""
    with ExitStack() as stack:
        yield lambda kind="json", level=logging.INFO: stack.enter_context(_listening(kind, level))
