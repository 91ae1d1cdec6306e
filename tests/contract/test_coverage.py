"""The table of operations in docs/ says what is so."""

from __future__ import annotations

from tests.contract.coverage import DOCUMENT, render


def test_the_table_is_up_to_date() -> None:
    assert DOCUMENT.read_text() == render(), "run `python -m tests.contract.coverage`"
