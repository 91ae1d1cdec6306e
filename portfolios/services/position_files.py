"""CSV files of positions: from the bytes of an upload to numbered rows of cells."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field

from sigmasight.core.errors import DomainError

LARGEST_FILE = 10 * 1024 * 1024
MOST_ROWS = 10_000
LONGEST_CELL = 100_000
REQUIRED = ("Symbol", "Quantity", "Entry Price Per Share", "Entry Date")
COLUMNS = (
    *REQUIRED, "Investment Class", "Investment Subtype", "Underlying Symbol", "Strike Price", "Expiration Date", "Option Type",
    "Exit Date", "Exit Price Per Share",
)  # fmt: skip


@dataclass(frozen=True)
class FileError:
    """One thing that is wrong with a file. `row` counts the header as 1 and no comments; None concerns the whole file."""

    code: str
    message: str
    row: int | None = None
    symbol: str | None = None
    field: str | None = None


class FileRefused(DomainError):
    """A file that cannot be imported, with everything that is wrong with it."""

    def __init__(self, errors: list[FileError]) -> None:
        first, count = errors[0], len(errors)
        place = "" if first.row is None else f" in row {first.row}"
        super().__init__("ERR_PORT_008", f"{count} error{'s' if count > 1 else ''}, first {first.code}{place}")
        self.errors = errors


@dataclass(frozen=True)
class Row:
    """One data row: trimmed cells by title, "" where there is none."""

    number: int
    cells: dict[str, str]

    def __getitem__(self, title: str) -> str:
        return self.cells.get(title, "")


@dataclass
class Table:
    """The filled rows of a file, how many there are together with those of commas only, and rows that cannot be read."""

    rows: list[Row] = field(default_factory=list)
    total: int = 0
    errors: list[FileError] = field(default_factory=list)


def read_table(name: str, content: bytes) -> Table:
    """The rows of an uploaded file.

    Lines that begin with # are comments and, like blank ones, not counted. Columns stand in any order, unknown ones are
    ignored.

    Raises
    ------
    FileRefused if the file as a whole cannot be read.
    """
    if len(content) > LARGEST_FILE:
        raise _refused("ERR_CSV_001", f"The file is larger than {LARGEST_FILE // 2**20} MiB. Split it.")
    if not name.lower().endswith(".csv"):
        raise _refused("ERR_CSV_002", "The name of the file must end in .csv. Export your positions as CSV.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused("ERR_CSV_006", "The file is not UTF-8. Save it as CSV UTF-8.") from error
    lines = _Lines(text)
    try:
        return _table(lines)
    except csv.Error as error:
        text = f"Line {lines.number} of the file is not CSV: a quotation mark is not closed, or a cell is too long."
        raise _refused("ERR_CSV_006", text) from error


class _Lines:
    """The lines of a text without comments. A # inside a cell that goes over several lines is no comment."""

    def __init__(self, text: str) -> None:
        self._lines = io.StringIO(text, newline="")
        self.number = 0
        self.comments = 0
        self.between_rows = True

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        for line in self._lines:
            self.number += 1
            if self.between_rows and line.startswith("#"):
                self.comments += 1
                continue
            self.between_rows = False
            return line
        raise StopIteration


def _records(lines: _Lines) -> Iterator[list[str]]:
    """Rows that are not blank, their cells trimmed."""
    for record in csv.reader(lines, strict=True):
        lines.between_rows = True
        if any(len(cell) > LONGEST_CELL for cell in record):
            # The reader's own limit belongs to the whole process, and others change it.
            raise csv.Error("a cell is too long")
        cells = [cell.strip() for cell in record]
        if len(cells) > 1 or any(cells):
            yield cells


def _table(lines: _Lines) -> Table:
    records = _records(lines)
    titles = next(records, None)
    if titles is None:
        if lines.comments:
            raise _refused(
                "ERR_CSV_003", "The file has comments only. Add the line of column titles and your positions."
            )
        raise _refused("ERR_CSV_005", "The file is empty. Its first line must be the column titles.")
    missing = [title for title in REQUIRED if title not in titles]
    if missing:
        hint = " Separate the columns by commas." if len(titles) == 1 else " Titles are spelled exactly so."
        raise FileRefused(
            [FileError("ERR_CSV_004", f"The column {title} is missing.{hint}", row=1, field=title) for title in missing]
        )
    # Of two columns with one title the first counts.
    places = {title: titles.index(title) for title in COLUMNS if title in titles}
    table = Table()
    for number, cells in enumerate(records, start=2):
        table.total += 1
        if table.total > MOST_ROWS:
            raise _refused("ERR_CSV_001", f"The file has more than {MOST_ROWS:,} rows. Split it.")
        if not any(cells):
            continue
        row = Row(number, {title: cells[place] for title, place in places.items() if place < len(cells)})
        if any(cells[len(titles) :]):
            text = (
                f"The row has {len(cells)} cells, the header {len(titles)}. Write numbers without thousands separators and put "
                "texts with commas into quotation marks."
            )
            table.errors.append(FileError("ERR_CSV_006", text, number, row["Symbol"][:40] or None))
        else:
            table.rows.append(row)
    return table


def _refused(code: str, message: str) -> FileRefused:
    return FileRefused([FileError(code, message)])
