"""Targets as CSV: in and out."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import transaction

from portfolios.models import Portfolio, PositionType, TargetPrice, User
from portfolios.services.amounts import LARGEST_PRICE
from portfolios.services.dirty import lock_portfolio
from portfolios.services.position_cells import number_of
from portfolios.services.target_book import PRICE_STEP, TargetBook
from portfolios.services.target_prices import (
    LONGEST_SYMBOL,
    SYMBOL,
    Key,
    NewTarget,
    changed_target,
    load_targets,
    new_target,
    store_targets,
    type_meant,
)
from sigmasight.core.csv_export import csv_text
from sigmasight.core.errors import DomainError

MOST_ROWS = 10_000
LONGEST_CELL = 100_000
# Where cells without a column are found: titles have no spaces around them.
SURPLUS = " surplus"
COLUMNS = {
    "target_eoy": "target_price_eoy",
    "target_next_year": "target_price_next_year",
    "downside": "downside_target_price",
    "current_price": "current_price",
}
RETURNS = ("expected_return_eoy", "expected_return_next_year", "downside_return")
STAMPS = ("created_at", "updated_at")


class CsvUnreadable(DomainError):
    """The file as a whole cannot be read."""


@dataclass
class TargetImport:
    """What became of a file: targets made and changed, and a text for every row that was refused."""

    created: int = 0
    updated: int = 0
    errors: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Row:
    line: int
    symbol: str
    position_type: str
    prices: dict[str, Any]


@transaction.atomic
def import_targets(book: Portfolio, user: User, text: str, *, update_existing: bool = False) -> TargetImport:
    """Read targets from CSV text with the columns symbol, position_type, target_eoy, target_next_year, downside and
    current_price, in any order; all but symbol may be left out, others are ignored.

    An empty type means the side on which the symbol is held, else LONG. A target that is there already is changed only on
    demand, and only where a cell is filled. Without a current price the market's is taken.

    Raises
    ------
    CsvUnreadable if the text is no CSV, has no symbol column or too many rows.
    """
    lock_portfolio(book.pk)
    result = TargetImport()
    rows = list(_rows(text, result.errors))
    lots, known = load_targets(book.pk, [row.symbol for row in rows])
    stored: dict[Key, TargetPrice] = {}
    for row in rows:
        symbol = lots.spelled(row.symbol)
        key = symbol, row.position_type or type_meant(lots, known, symbol)
        there = known.get(key)
        if key in stored:
            result.errors.append(_refused(row.line, f"{symbol} ({key[1]}) is in the file twice"))
        elif there is not None and not update_existing:
            result.errors.append(f"{symbol} already exists, skipping")
        else:
            try:
                stored[key] = _target(lots, user, there, NewTarget(*key, **row.prices), row.prices)
            except DomainError as error:
                result.errors.append(_refused(row.line, error.message))
            else:
                result.created += there is None
                result.updated += there is not None
    store_targets(stored.values())
    return result


def export_targets(targets: Iterable[TargetPrice], *, include_metadata: bool = False) -> str:
    """CSV text that `import_targets` reads, with the returns in percent and on demand the times behind it."""
    stamps = STAMPS if include_metadata else ()
    return csv_text(
        ["symbol", "position_type", *COLUMNS, *RETURNS, *stamps],
        (
            [
                target.symbol,
                target.position_type,
                *(_number(getattr(target, name)) for name in (*COLUMNS.values(), *RETURNS)),
                *(getattr(target, name).isoformat().replace("+00:00", "Z") for name in stamps),
            ]
            for target in targets
        ),
    )


def _target(
    lots: TargetBook, user: User, there: TargetPrice | None, given: NewTarget, prices: dict[str, Decimal]
) -> TargetPrice:
    return new_target(lots, user, given) if there is None else changed_target(lots, there, prices)


def _rows(text: str, errors: list[str]) -> Iterator[_Row]:
    reader = csv.DictReader(
        io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True, restval="", restkey=SURPLUS
    )
    try:
        titles = [title.strip().lower() for title in reader.fieldnames or ()]
        if "symbol" not in titles:
            raise CsvUnreadable(
                "csv_without_symbol", "The first line must name the columns, and symbol must be one of them."
            )
        reader.fieldnames = titles
        for count, cells in enumerate(reader, start=1):
            if count > MOST_ROWS:
                raise CsvUnreadable("csv_too_long", f"At most {MOST_ROWS:,} rows are read at once.")
            if any(isinstance(cell, str) and len(cell) > LONGEST_CELL for cell in cells.values()):
                # The reader's own limit belongs to the whole process, and others change it.
                raise CsvUnreadable("csv_unreadable", f"A cell in line {reader.line_num} is too long.")
            try:
                yield _row(reader.line_num, cells)
            except DomainError as error:
                errors.append(error.message)
    except csv.Error as error:
        raise CsvUnreadable("csv_unreadable", f"Line {reader.line_num} is not CSV.") from error


def _row(line: int, cells: dict[str, Any]) -> _Row:
    symbol, position_type = cells["symbol"].strip(), (cells.get("position_type") or "").strip().upper()
    if not symbol:
        raise DomainError("symbol_missing", f"Missing symbol in row {line}")
    if any(cells.get(SURPLUS, ())):
        raise DomainError(
            "row_too_long", _refused(line, "more cells than columns; write numbers without thousands separators")
        )
    if not re.fullmatch(SYMBOL, symbol) or len(symbol) > LONGEST_SYMBOL:
        raise DomainError("symbol_invalid", _refused(line, f"{symbol[:40]!r} is no symbol"))
    if position_type and position_type not in PositionType.values:
        raise DomainError(
            "type_unknown",
            _refused(line, f"the type {position_type[:20]!r} is not one of {', '.join(PositionType.values)}"),
        )
    prices = {}
    for title, name in COLUMNS.items():
        if text := (cells.get(title) or "").strip():
            prices[name] = _price(line, title, text)
    return _Row(line, symbol.upper(), position_type, prices)


def _price(line: int, title: str, text: str) -> Decimal:
    price = number_of(text, LARGEST_PRICE)
    if price is None:
        raise DomainError(
            "number_invalid", _refused(line, f"{title} {text[:40]!r} is not a number below {LARGEST_PRICE:,}")
        )
    if price < 0:
        raise DomainError("price_negative", _refused(line, f"{title} must be at least 0"))
    if title == "current_price" and price < PRICE_STEP:
        raise DomainError("price_not_positive", _refused(line, "current_price must be above 0"))
    return price


def _refused(line: int, cause: str) -> str:
    return f"Error processing row {line}: {cause}"


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
