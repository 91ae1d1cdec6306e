"""The marks of a drawing on a page of a PDF: lines, bars, paths, dots and texts, nothing else."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from fpdf import FPDF

from sigmasight.core.console.drawings import AXIS, GRID, TEXT, TONES, Drawing

# Points; below it nobody reads on paper.
SMALLEST = 6.0
POINTS_PER_MM = 72 / 25.4
LETTER, CELL_LETTER = 12.0, 10.0
INK = "#1c1917"
ROTATED = re.compile(r"rotate\((-?[\d.]+)")


class Pen:
    """Draws with the corner of the drawing at (left, top) millimetres, `scale` millimetres for each of its units."""

    def __init__(self, pdf: FPDF, drawing: Drawing, left: float, top: float, scale: float) -> None:
        self.pdf, self.left, self.top, self.scale = pdf, left, top, scale
        self.root = drawing.svg

    def draw(self) -> None:
        for mark in self.root if self.root is not None else ():
            match mark.tag:
                case "line":
                    self._line(mark)
                case "rect":
                    self._bar(mark)
                case "path":
                    self._path(mark)
                case "circle":
                    self._dot(mark)
                case "text":
                    self._text(mark)

    def _place(self, x: float, y: float) -> tuple[float, float]:
        return self.left + x * self.scale, self.top + y * self.scale

    def _line(self, mark: Element) -> None:
        self.pdf.set_draw_color(AXIS if mark.get("class") == "axis-line" else GRID)
        self.pdf.set_line_width(0.15)
        self.pdf.line(
            *self._place(_number(mark, "x1"), _number(mark, "y1")),
            *self._place(_number(mark, "x2"), _number(mark, "y2")),
        )

    def _bar(self, mark: Element) -> None:
        self.pdf.set_fill_color(*_mixed(TONES[mark.get("class", "")], _number(mark, "fill-opacity", 1.0)))
        size = _number(mark, "width") * self.scale, _number(mark, "height") * self.scale
        self.pdf.rect(*self._place(_number(mark, "x"), _number(mark, "y")), *size, style="F")

    def _path(self, mark: Element) -> None:
        kind, tone = mark.get("class", "").split()
        words = mark.get("d", "").strip("MZ").split("L")
        points = [self._place(*map(float, word.split(","))) for word in words]  # type: ignore[arg-type]
        if kind == "area":
            self.pdf.set_fill_color(TONES[tone])
            with self.pdf.local_context(fill_opacity=0.15):
                self.pdf.polygon(points, style="F")
        elif len(points) > 1:
            self.pdf.set_draw_color(TONES[tone])
            self.pdf.set_line_width(0.35)
            self.pdf.polyline(points, style="D")

    def _dot(self, mark: Element) -> None:
        # Those without colour only carry text for the pointer.
        if _number(mark, "fill-opacity", 1.0) > 0:
            self.pdf.set_fill_color(TONES[mark.get("class", "").split()[-1]])
            self.pdf.circle(
                *self._place(_number(mark, "cx"), _number(mark, "cy")), _number(mark, "r") * self.scale, style="F"
            )

    def _text(self, mark: Element) -> None:
        in_cell = mark.get("class") == "cell-text"
        size = (CELL_LETTER if in_cell else LETTER) * self.scale * POINTS_PER_MM
        self.pdf.set_font("Inter", size=max(size, SMALLEST))
        self.pdf.set_text_color(INK if in_cell else TEXT)
        text = printable(self.pdf, mark.text or "")
        x, y = self._place(_number(mark, "x"), _number(mark, "y"))
        wide = self.pdf.get_string_width(text)
        start = x - wide * {"end": 1.0, "middle": 0.5}.get("middle" if in_cell else mark.get("text-anchor", ""), 0.0)
        if turned := ROTATED.match(mark.get("transform", "")):
            with self.pdf.rotation(-float(turned.group(1)), x, y):
                self.pdf.text(start, y, text)
        else:
            self.pdf.text(start, y, text)


def printable(pdf: FPDF, text: str) -> str:
    """The text with a question mark for what the font in use has no sign for (Chinese, emoji), and without control characters."""
    known = pdf.current_font.cmap  # type: ignore[union-attr]
    return "".join(sign if ord(sign) in known else "" if ord(sign) < 32 else "?" for sign in text)


def _number(mark: Element, name: str, otherwise: float = 0.0) -> float:
    return float(mark.get(name, otherwise))


def _mixed(colour: str, opacity: float) -> tuple[int, int, int]:
    """A colour so strong on white."""
    red, green, blue = (round(255 - (255 - int(colour[at : at + 2], 16)) * opacity) for at in (1, 3, 5))
    return red, green, blue
