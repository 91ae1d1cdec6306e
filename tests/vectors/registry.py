"""Which function reproduces which vector file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Adapter = Callable[[dict[str, Any]], dict[str, Any]]
ADAPTERS: dict[str, Adapter] = {}


def produces(name: str) -> Callable[[Adapter], Adapter]:
    """Decorator: the function turns the `inputs` of ``<name>.json`` into the structure of its `expected`."""

    def register(adapter: Adapter) -> Adapter:
        if name in ADAPTERS:
            raise ValueError(f"{name} has two adapters")
        ADAPTERS[name] = adapter
        return adapter

    return register
