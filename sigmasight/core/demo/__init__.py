"""The demo: users, books, definitions and reference data as CSV files (described in README.md)."""

from __future__ import annotations

import csv
import datetime as dt
from functools import lru_cache
from pathlib import Path

DEMO_SESSION = dt.date(2025, 6, 30)
DIRECTORY = Path(__file__).resolve().parent


@lru_cache
def _table(name: str) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    with (DIRECTORY / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        header, *lines = csv.reader(file)
    return tuple(header), tuple(tuple(line) for line in lines if line)


def rows(name: str) -> list[dict[str, str]]:
    """The rows of ``<name>.csv`` as header-to-text mappings, in file order; empty cells are empty strings.

    Raises
    ------
    FileNotFoundError if there is no such file.
    """
    header, lines = _table(name)
    return [dict(zip(header, line, strict=True)) for line in lines]
