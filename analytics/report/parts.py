"""What a factsheet is made of on paper and screen alike: headline figures, and sections with pictures and tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString


@dataclass(frozen=True, slots=True)
class Headline:
    """A figure as it is read. metric : its name in `OF_THE_BOOK`. reason : why there is none, as a clause; "" where there is one."""

    metric: str
    title: str
    text: str
    reason: str
    as_of: dt.date


@dataclass(frozen=True, slots=True)
class Column:
    """width : part of the table's width, in any unit."""

    title: str
    numeric: bool
    width: float


@dataclass(frozen=True, slots=True)
class Rows:
    """A table: every row has a text for each column, unknown ones a dash. note : what it leaves out, or how to read it.

    metric, of : the figure of `PARTS` that explains a row, and the part of the book each row is of; empty where none does.
    """

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    note: str = ""
    metric: str = ""
    of: Sequence[str] = ()

    def aligned(self) -> list[tuple[str, list[tuple[Column, str]]]]:
        """Of every row the part it is of, "" where it is not explained by itself, and its pairs of column and text."""
        pairs = [list(zip(self.columns, row, strict=True)) for row in self.rows]
        return list(zip(self.of or [""] * len(pairs), pairs, strict=False))


@dataclass(frozen=True, slots=True)
class Section:
    """name : among `TABLES`, where its figures are explained. missing : why there is nothing, as a sentence. notes : sentences."""

    name: str
    title: str
    as_of: dt.date
    pictures: Sequence[SafeString] = ()
    tables: Sequence[Rows] = ()
    notes: Sequence[str] = ()
    missing: str = ""


def words(title: str, width: float = 1.0) -> Column:
    """A column of words."""
    return Column(title, numeric=False, width=width)


def number(title: str, width: float = 1.0) -> Column:
    """A column of numbers, flush right."""
    return Column(title, numeric=True, width=width)


def first_rows(rows: Sequence[Sequence[str]], most: int | None, what: str) -> tuple[Sequence[Sequence[str]], str]:
    """The first `most` rows, and a sentence about the others; all of them for None."""
    if most is None or len(rows) <= most:
        return rows, ""
    return rows[:most], f"The first {most} of {len(rows):,} {what}; the report lists all."
