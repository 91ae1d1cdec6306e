"""The table of operations: which are served, held to the contract, and refused how. ``python -m tests.contract.coverage``

Writes docs/api_coverage.md; with ``--check`` it only says whether the file is up to date.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "api_coverage.md"
INTRODUCTION = """# Operations of the API

Written by `python -m tests.contract.coverage`; a test keeps it up to date. The contract is `tests/contract/spec`, as changed by
`tests/contract/amendments.py`.

* *served*: a route takes the path and the method.
* *validated*: calls with the demo's results whose answers are held to the contract's schema (`test_contract.py`), with the first
  book, and for reads with the hedge fund's and a book of private holdings too.
* *refused*: calls that must fail, by status: 401 without a good token, 404 with foreign or unknown ids (`test_isolation.py`), 422
  with wrong input (`test_errors.py`).
"""


def render() -> str:
    """The document. Needs Django's URL configuration, no server."""
    from tests.contract.operations import operations

    every = list(operations().values())
    parts = [INTRODUCTION, _totals(every)]
    for tag, group in groupby(sorted(every, key=lambda one: _place(one.tag)), key=lambda one: one.tag):
        parts.append(f"## {_title(tag)}\n\n{_table(group)}\n")
    return "\n".join(parts)


def _place(tag: str) -> tuple[int, str]:
    from tests.contract.operations import operations

    tags = list(dict.fromkeys(one.tag for one in operations().values()))
    return tags.index(tag), tag


def _title(tag: str) -> str:
    return tag.replace("-", " ").capitalize()


def _totals(now: Iterable[object]) -> str:
    from tests.contract.cases import error_cases, good_calls
    from tests.contract.requests import is_served

    listed = list(now)
    served = sum(is_served(one) for one in listed)  # type: ignore[arg-type]
    good = sum(len(good_calls(one)) for one in listed)  # type: ignore[arg-type]
    refused = sum(sum(error_cases(one).values()) for one in listed)  # type: ignore[arg-type]
    return f"{served} of {len(listed)} operations are served; {good} good and {refused} refused calls are tried.\n"


def _table(group: Iterable[object]) -> str:
    from tests.contract.cases import error_cases, good_calls
    from tests.contract.operations import Operation
    from tests.contract.requests import is_served

    lines = ["| operation | served | validated | refused |", "|---|---|---|---|"]
    for one in group:
        assert isinstance(one, Operation)
        refused = ", ".join(f"{status} × {count}" for status, count in error_cases(one).items())
        served = "yes" if is_served(one) else "with DEBUG" if one.path == "/debug/routes" else "no"
        lines.append(f"| `{one}` | {served} | {len(good_calls(one))} | {refused or '-'} |")
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    # The routes are read without touching a server.
    for variable, nowhere in (("DATABASE_URL", "postgresql://none"), ("AI_DATABASE_URL", "postgresql://none"),
                              ("REDIS_URL", "redis://none/0")):  # fmt: skip
        os.environ.setdefault(variable, nowhere)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sigmasight.settings")
    import django

    django.setup()
    text = render()
    print(text)
    if "--check" in arguments:
        return 0 if DOCUMENT.exists() and DOCUMENT.read_text() == text else 1
    DOCUMENT.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
