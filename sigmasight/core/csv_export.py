"""CSV for people who open it in a spreadsheet: what it would take for a formula stays text."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

# The last four are the full-width forms, which some spreadsheets read alike.
FORMULA_STARTS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
CONTROL_STARTS = ("\t", "\r", "\n")
# A cell is put in quotes for commas alone: where semicolons or tabs separate, the text behind one is a cell of its own.
INNER_FORMULA = re.compile(rf"([;\t]\s*)(?=[{re.escape(''.join(FORMULA_STARTS))}])")


def csv_text(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Lines with CRLF, None as an empty cell. Only texts are made harmless: numbers and dates may begin with a sign."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    return out.getvalue()


def harmless(text: str) -> str:
    """The text, behind an apostrophe if a spreadsheet would calculate it; also behind what separates cells in other countries."""
    begins = len(text) - len(text.lstrip())
    text = text[:begins] + INNER_FORMULA.sub(r"\1'", text[begins:])
    if text.startswith(CONTROL_STARTS) or text.lstrip().startswith(FORMULA_STARTS):
        return f"'{text}"
    return text
