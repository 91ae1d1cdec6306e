"""Sheets of A4 with running heads, page numbers, headings, paragraphs and tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from importlib.resources import as_file, files

from fpdf import FPDF, XPos, YPos

from analytics.report.parts import Rows
from analytics.report.pdf_drawing import INK, printable
from sigmasight.core.console.drawings import GRID, TEXT

MARGIN, BOTTOM = 15.0, 18.0
WIDTH = 210.0 - 2 * MARGIN
# Millimetres for a unit of a column's width: small tables do not stretch over the page.
WIDEST_UNIT = 34.0
ROW, COLUMN_GAP = 5.0, 2.0
BODY, SMALL, IN_TABLE = 9.0, 7.5, 7.0
# The console's own, shipped with its theme; it has Greek, Cyrillic and the accents of Europe.
FONTS = {"": "Inter-Regular.woff2", "B": "Inter-SemiBold.woff2"}


class Paper(FPDF):
    """A document in which only its own content decides what it is made of: written twice it is the same to the byte."""

    def __init__(self, title: str, as_of: dt.date, closed_at: dt.datetime) -> None:
        super().__init__(format="A4")
        for style, name in FONTS.items():
            with as_file(files("unfold") / "static" / "unfold" / "fonts" / "inter" / name) as path:
                self.add_font("Inter", style, path)
        self.set_margins(MARGIN, MARGIN)
        self.c_margin = 0.0
        self.set_auto_page_break(True, BOTTOM)
        self.running, self.as_of = title, as_of
        self.set_title(title)
        self.set_subject(f"Portfolio report as of {as_of}")
        self.set_creator("SigmaSight")
        self.set_lang("en")
        self.set_creation_date(closed_at)
        self.add_page()

    def header(self) -> None:
        if self.page_no() == 1:
            return
        self.write_in(SMALL, TEXT)
        dated = f"as of {self.as_of}"
        self.cell(WIDTH - 40, ROW, self.fitting(self.running, WIDTH - 40))
        self.cell(40, ROW, dated, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self._rule()
        self.ln(4)

    def footer(self) -> None:
        self.set_y(-12)
        self.write_in(SMALL, TEXT)
        self.cell(WIDTH, ROW, f"Page {self.page_no()} of {{nb}}", align="C")

    def need(self, height: float) -> None:
        """Begin a new page unless so many millimetres are left on this one."""
        if self.get_y() + height > self.page_break_trigger:
            self.add_page()

    def heading(self, text: str, *, beside: str = "", room: float = 25.0) -> None:
        """A heading that stays with the `room` millimetres below it."""
        self.need(room)
        self.ln(3)
        self.write_in(13, INK, bold=True)
        shown = self.printable(text)
        self.start_section(shown)
        self.cell(WIDTH - 40, 7, shown)
        self.write_in(SMALL, TEXT)
        self.cell(40, 7, beside, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(1)

    def paragraph(self, text: str, *, size: float = SMALL, colour: str = TEXT, bold: bool = False) -> None:
        self.write_in(size, colour, bold=bold)
        self.multi_cell(WIDTH, size * 0.5, self.printable(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def table(self, table: Rows) -> None:  # type: ignore[override]
        """Rows under heads that are repeated on every page; words that do not fit into their column are cut."""
        units = sum(column.width for column in table.columns)
        scale = min(WIDTH / units, WIDEST_UNIT)
        widths = [column.width * scale for column in table.columns]
        aligns = ["R" if column.numeric else "L" for column in table.columns]
        heads = [column.title for column in table.columns]
        self.need(4 * ROW)
        self.write_in(SMALL, TEXT)
        self.cell(WIDTH, ROW, self.fitting(table.title, WIDTH), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self._row(heads, widths, aligns, bold=True)
        for row in table.rows:
            if self.get_y() + ROW > self.page_break_trigger:
                self.add_page()
                self._row(heads, widths, aligns, bold=True)
            self._row(row, widths, aligns)
        self.ln(2)

    def _row(self, texts: Sequence[str], widths: Sequence[float], aligns: Sequence[str], *, bold: bool = False) -> None:
        self.write_in(IN_TABLE, TEXT if bold else INK, bold=bold)
        left, line = MARGIN, self.get_y() + 0.7 * ROW
        for text, width, align in zip(texts, widths, aligns, strict=True):
            room = width - COLUMN_GAP
            shown = self.fitting(text, room) if align == "L" else self.printable(text)
            wide = self.get_string_width(shown)
            # Words may be cut; a number that is cut is another number, so it becomes smaller.
            if wide > room:
                self.set_font_size(IN_TABLE * room / wide)
                wide = room
            self.text(left + (room - wide if align == "R" else 0.0), line, shown)
            self.set_font_size(IN_TABLE)
            left += width
        self.ln(ROW)
        self._rule(sum(widths))

    def fitting(self, text: str, width: float) -> str:
        """The text in the font in use, cut to what so many millimetres hold."""
        text = self.printable(text)
        if self.get_string_width(text) <= width:
            return text
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            fits = self.get_string_width(text[:middle] + "…") <= width
            low, high = (middle, high) if fits else (low, middle - 1)
        return text[:low] + "…"

    def printable(self, text: str) -> str:
        return printable(self, text)

    def write_in(self, size: float, colour: str, *, bold: bool = False) -> None:
        """Letters of so many points in a colour from here on."""
        self.set_font("Inter", "B" if bold else "", size)
        self.set_text_color(colour)

    def _rule(self, length: float = WIDTH) -> None:
        self.set_draw_color(GRID)
        self.set_line_width(0.15)
        self.line(MARGIN, self.get_y(), MARGIN + length, self.get_y())
