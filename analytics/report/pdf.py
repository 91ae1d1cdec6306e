"""The report as a PDF."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from fpdf import XPos, YPos

from analytics.report.document import STANDING, ClientReport, Picture
from analytics.report.parts import Headline, Rows, number, words
from analytics.report.pdf_drawing import INK, Pen
from analytics.report.pdf_paper import BODY, MARGIN, SMALL, WIDTH, Paper
from marketdata import calendar
from sigmasight.core.console.drawings import GRID, TEXT, TONES

GAP = 6.0
HALF = (WIDTH - GAP) / 2
# Millimetres for a unit of a heat map at most: with few holdings it stays small.
LARGEST_SCALE = 0.26
ACROSS = 4
CAPTION, LEGEND = 5.0, 4.0


def render_pdf(report: ClientReport) -> bytes:
    """A4 pages with numbers, bookmarks and embedded fonts, the same bytes for the same report."""
    paper = Paper(report.title, report.as_of, calendar.close_instant(report.as_of))
    _title(paper, report)
    _headlines(paper, report.headlines)
    _pictures(paper, report.pictures)
    paper.add_page()
    _figures(paper, report.figures)
    for section in report.sections:
        paper.heading(section.title, beside=f"as of {section.as_of}")
        for table in section.tables:
            paper.table(table)
        for note in section.notes:
            paper.paragraph(note)
    paper.heading("What is missing")
    for gap in report.gaps or ["Nothing was skipped or left out."]:
        paper.paragraph(gap)
    paper.heading("How the figures are made")
    paper.paragraph(STANDING)
    for title, text in report.methods:
        paper.need(12)
        paper.ln(1.5)
        paper.paragraph(title, colour=INK, bold=True)
        paper.paragraph(text)
    return bytes(paper.output())


def _title(paper: Paper, report: ClientReport) -> None:
    paper.paragraph(f"Portfolio report as of {report.as_of:%-d %B %Y}", size=BODY)
    paper.ln(1)
    paper.write_in(20, INK, bold=True)
    paper.start_section(paper.printable(report.title))
    paper.multi_cell(WIDTH, 9, paper.printable(report.title), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    paper.ln(1)
    paper.paragraph(f"{report.account} · {report.owner}", size=BODY)
    for warning in report.warnings:
        paper.ln(2)
        top = paper.get_y()
        paper.set_x(MARGIN + 3)
        paper.write_in(BODY, TONES["s-warn"])
        paper.multi_cell(WIDTH - 3, 5, paper.printable(warning), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        paper.set_fill_color(TONES["s-warn"])
        paper.rect(MARGIN, top, 0.8, paper.get_y() - top, style="F")
    paper.ln(4)


def _headlines(paper: Paper, headlines: Sequence[Headline]) -> None:
    width, height = (WIDTH - GAP * (ACROSS - 1) / 2) / ACROSS, 20.0
    for start in range(0, len(headlines), ACROSS):
        paper.need(height)
        top = paper.get_y()
        for at, one in enumerate(headlines[start : start + ACROSS]):
            left = MARGIN + at * (width + GAP / 2)
            paper.set_draw_color(GRID)
            paper.line(left, top, left + width, top)
            _line(paper, left, top + 1.5, width, one.title, SMALL - 0.5, TEXT)
            _line(paper, left, top + 7.5, width, one.text, 13.0, INK, bold=True)
            _line(paper, left, top + 13.0, width, one.reason or f"{one.as_of}", SMALL - 0.5, TEXT)
        paper.set_xy(MARGIN, top + height)


def _line(
    paper: Paper, left: float, top: float, width: float, text: str, size: float, colour: str, *, bold: bool = False
) -> None:
    """Text that may run on into a second line, no further."""
    paper.write_in(size, colour, bold=bold)
    height = size * 0.4
    shown = paper.printable(text)
    lines = cast(list[str], paper.multi_cell(width, height, shown, align="L", dry_run=True, output="LINES"))
    paper.set_xy(left, top)
    paper.multi_cell(width, height, "\n".join(lines[:2]), align="L")


def _pictures(paper: Paper, pictures: Sequence[Picture]) -> None:
    """Two beside each other; the map of correlations has a row of its own."""
    waiting: list[Picture] = []
    for picture in pictures:
        if picture.section.name == "correlation_matrix":
            _picture_row(paper, waiting, HALF)
            _picture_row(paper, [picture], WIDTH)
            waiting = []
            continue
        waiting.append(picture)
        if len(waiting) == 2:
            _picture_row(paper, waiting, HALF)
            waiting = []
    _picture_row(paper, waiting, HALF)


def _picture_row(paper: Paper, row: Sequence[Picture], width: float) -> None:
    if not row:
        return
    paper.need(max(_height(picture, width) for picture in row))
    top = paper.get_y()
    lowest = max(_picture(paper, picture, MARGIN + at * (HALF + GAP), top, width) for at, picture in enumerate(row))
    paper.set_xy(MARGIN, lowest + GAP)


def _scale(picture: Picture, width: float) -> float:
    assert picture.drawing is not None
    return min(width / picture.drawing.width, LARGEST_SCALE)


def _height(picture: Picture, width: float) -> float:
    drawing = picture.drawing
    if drawing is None or drawing.svg is None:
        return CAPTION + 12
    return CAPTION + (LEGEND if drawing.legend else 0) + drawing.height * _scale(picture, width)


def _picture(paper: Paper, picture: Picture, left: float, top: float, width: float) -> float:
    """Draw it with its title; the height on the page at which it ends."""
    paper.set_xy(left, top)
    paper.write_in(BODY, INK, bold=True)
    paper.cell(width, CAPTION, paper.fitting(picture.title, width))
    top += CAPTION
    drawing = picture.drawing
    if drawing is None or drawing.svg is None:
        paper.set_xy(left, top)
        paper.write_in(SMALL, TONES["s-warn"])
        paper.multi_cell(width, 4, paper.printable(picture.section.missing or "There are no values."), align="L")
        return paper.get_y()
    if drawing.legend:
        x = left
        paper.write_in(SMALL - 0.5, TEXT)
        for tone, label in drawing.legend:
            paper.set_fill_color(TONES[tone])
            paper.rect(x, top + 0.6, 2, 2, style="F")
            paper.text(x + 3, top + 2.5, paper.printable(label))
            x += 7 + paper.get_string_width(label)
        top += LEGEND
    scale = _scale(picture, width)
    Pen(paper, drawing, left, top, scale).draw()
    return top + drawing.height * scale


def _figures(paper: Paper, figures: Sequence[Headline]) -> None:
    paper.heading("All figures")
    columns = [words("Figure", 2.0), number("Value"), number("As of", 0.8), words("Note", 2.6)]
    paper.table(
        Rows("Stored by the night", columns, [[one.title, one.text, f"{one.as_of}", one.reason] for one in figures])
    )
