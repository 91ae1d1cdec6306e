"""Writes docs/assistant_tools.md from the registry: `python -m tests.assistant.tools.document` (`--check` only compares)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "assistant_tools.md"

INTRODUCTION = """\
# The assistant's tools

Written by `python -m tests.assistant.tools.document` from the registry (`assistant/tools/registry.py`); a test keeps it up to date.

A tool is a function the model may call. It reads what the endpoints read, from the same services, in the process and for the person
who asks; none of them writes, and the database holds to that (the transaction is read-only). `web_search` is the vendor's own tool and is
offered only where the route of the question asks for it (`assistant/prompts/routing.py`).

## What all of them have in common

* **Arguments** are declared once (`assistant/tools/arguments.py`). The strict JSON schema and the check in the handler come from that
  declaration. Numbers beyond their bounds and lists that are too long are cut to them, and `meta.notes` says so; anything else that does
  not fit is refused with a sentence that says what would.
* **Ownership** of every portfolio and lot, in the arguments and in the conversation, is checked in `call_tool` before a handler runs. What
  is foreign, deleted or unknown is "not found" alike.
* **Portfolios**: without `portfolio_id` a tool is about the one in view; with several in view (or none named and several owned) it answers
  for each of them, five at most, under `portfolios`, and for all as one under `together` where that is more than a sum.
* **The envelope** is `{meta, data, error}`. `meta` tells `requested` and `applied` arguments, `data_as_of` (the session the numbers are
  of), `price_source`, `simulated`, `notes`, and `dropped_rows`. An error is `{type, message, retryable, details}` with `data` null.
* **Length**: the model reads at most so many characters as stated below. What is too long loses rows from the end of its longest lists,
  which stand by importance; `dropped_rows` says how many of which. Never is a text cut in the middle of its JSON.
* **Numbers** have few digits and their unit in the name: `_usd` dollars, `_pct` percent. Unknown is null or left out, never zero.
* **Text of people** (names, tags, notes, briefings, company texts) is data: characters nobody sees are taken out, `<` and `>` are escaped.

## Adding a tool

1. Write a function `name(call: Call) -> Finding` in the file of its domain in `assistant/tools/` and register it with `@tool(...)`:
   `purpose` is for the model (when to call it), `returns` and `source` for this page, `arguments` with bounds. A new file is named in
   `MODULES`.
2. Call a service; arithmetic and queries belong there, not into the tool. `call.book` is the checked portfolio, `call["x"]` a bounded
   argument. Lists stand by importance, the least last. Give `as_of`, and in `notes` what a reader must know.
3. An argument that names something a person owns is a `PortfolioId` or `PositionId`; another kind of thing needs a new `Identity` and its
   check in `_run`. The tests of ownership run over the registry and fail for a kind they do not know.
4. Name it in the rules (`assistant/prompts/system.py`, "Tools") where the model should think of it, run the command above, and test its
   numbers against the endpoint or service.

"""


def render() -> str:
    """The text of the document."""
    from assistant.tools.registry import tools

    lines = [INTRODUCTION, "## The tools\n"]
    for one in tools().values():
        lines += [f"### `{one.name}`\n", f"{one.purpose}\n"]
        if one.arguments:
            lines += ["| argument | bounds | default | what |", "|---|---|---|---|"]
            for argument in one.arguments:
                default = (
                    "required"
                    if argument.required
                    else "null"
                    if argument.default is None
                    else str(argument.default).lower()
                )
                lines.append(
                    f"| `{argument.name}` | {argument.bounds().replace('|', '/')} | {default} | {argument.meaning} |"
                )
            lines.append("")
        lines += [
            f"Returns: {one.returns}.\n",
            f"From: {one.source}. At most {one.most:,} characters.\n",
        ]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    # The registry is read without touching a server.
    for variable, nowhere in (("DATABASE_URL", "postgresql://none"), ("AI_DATABASE_URL", "postgresql://none"),
                              ("REDIS_URL", "redis://none/0")):  # fmt: skip
        os.environ.setdefault(variable, nowhere)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sigmasight.settings")
    import django

    django.setup()
    text = render()
    if "--check" in arguments:
        return 0 if DOCUMENT.exists() and DOCUMENT.read_text() == text else 1
    DOCUMENT.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
