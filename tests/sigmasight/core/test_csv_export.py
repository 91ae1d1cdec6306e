"""What people open in a spreadsheet is not calculated by it."""

from __future__ import annotations

import csv
import datetime as dt
import io
from decimal import Decimal

import pytest

from sigmasight.core.csv_export import csv_text, harmless


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1", '=HYPERLINK("http://example.com")'],
)  # fmt: skip
def test_a_formula_becomes_text(text: str) -> None:
    assert harmless(text) == f"'{text}"
    (row,) = csv.reader(io.StringIO(csv_text([text], []), newline=""))
    assert row == [text]
    _, cell = csv.reader(io.StringIO(csv_text(["note"], [[text]]), newline=""))
    assert cell == [f"'{text}"]


@pytest.mark.parametrize(
    ("text", "left"), [("rent;=1+1", "rent;'=1+1"), ("a; -1\t@x", "a; '-1\t'@x"), ("=1;=2", "'=1;'=2"), ("a;b", "a;b")]
)
def test_a_formula_behind_another_separator_becomes_text(text: str, left: str) -> None:
    assert harmless(text) == left


@pytest.mark.parametrize("text", ["", "rent", "BRK-B", "a=b", "5 - 3", "über"])
def test_other_text_stays(text: str) -> None:
    assert harmless(text) == text


def test_numbers_and_dates_keep_their_sign_and_form() -> None:
    text = csv_text(["a", "b", "c", "d"], [[Decimal("-10.50"), -3, dt.date(2026, 2, 27), None]])
    assert text == "a,b,c,d\r\n-10.50,-3,2026-02-27,\r\n"
