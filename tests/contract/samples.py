"""One answer of every operation, as the demo gives it, for the pages of the API: kept in a file, shortened.

``SAMPLES=write pytest tests/contract/test_contract.py -k individual`` writes it anew; without that, the answers are held to it.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sigmasight.core.api import publication

WRITING = os.environ.get("SAMPLES") == "write"
FILE = Path(publication.__file__).with_name("samples.json")
LONGEST_LIST, LONGEST_MAP, LONGEST_TEXT = 1, 4, 120

# Maps whose keys depend on what else was run.
FREE = ("phase_durations",)
# The example call whose answer is shown, where it is not the first.
SHOWN = {"onboardingStatusLogs": 1}

fresh: dict[str, Any] = {}


@functools.cache
def kept() -> dict[str, Any]:
    """The samples by operation."""
    found: dict[str, Any] = json.loads(FILE.read_text()) if FILE.exists() else {}
    return found


def shortened(value: Any) -> Any:
    """The value with the beginnings of its lists and texts; tokens are cut to what shows that they are some."""
    if isinstance(value, dict):
        by_name = all(name[:1].isupper() or name[:1].isdigit() for name in value) and len(value) > LONGEST_MAP
        names = list(value)[:LONGEST_MAP] if by_name else list(value)
        return {name: shortened(value[name]) for name in names}
    if isinstance(value, list):
        return [shortened(inner) for inner in value[:LONGEST_LIST]]
    if isinstance(value, str) and value.startswith("eyJ"):
        return "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9..."
    return value[:LONGEST_TEXT] if isinstance(value, str) else value


def shape(value: Any, at: str = "") -> Iterator[str]:
    """Every key of a sample, by its place."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield f"{at}.{name}"
            if name not in FREE:
                yield from shape(inner, f"{at}.{name}")
    elif isinstance(value, list):
        for inner in value:
            yield from shape(inner, f"{at}[]")


def compare(operation_id: str, body: Any) -> list[str]:
    """Keys that the kept sample of an operation lacks or has too many, one line each."""
    sample = shortened(body)
    if WRITING:
        fresh[operation_id] = sample
        return []
    if operation_id not in kept():
        return [f"{operation_id} has no sample: run {__doc__.split('``')[1]}"]
    ours, theirs = set(shape(kept()[operation_id])), set(shape(sample))
    return [f"{place} is only in {'the sample' if place in ours else 'the answer'}" for place in sorted(ours ^ theirs)]


def write() -> None:
    """Put what was collected into the file; samples of other operations stay."""
    merged = kept() | fresh
    FILE.write_text(json.dumps(dict(sorted(merged.items())), indent=1, ensure_ascii=False) + "\n")
