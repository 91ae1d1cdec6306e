"""Charts taken out of their figures, for paper: the drawing alone, with its title and its legend."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element, fromstring, tostring

from django.utils.safestring import SafeString, mark_safe

# What the classes of charts look like on white paper; on screen the style sheet of the console says it.
TEXT, GRID, AXIS, NOTHING = "#57534e", "#e5e5e5", "#78716c", "#f5f5f4"
TONES = {
    "s1": "#2456d6", "s2": "#d97706", "s3": "#0f766e", "s4": "#9333ea", "s5": "#be123c", "s6": "#4d7c0f", "s7": "#0369a1", "s8": "#78716c",
    "s-good": "#15803d", "s-warn": "#b45309", "s-bad": "#b91c1c", "heat-plus": "#1d4ed8", "heat-minus": "#c2410c", "heat-none": NOTHING,
}  # fmt: skip


@dataclass(frozen=True)
class Drawing:
    """svg : None where there was nothing to draw. legend : class of the colour and label. width, height : of the drawing's own units."""

    title: str
    legend: tuple[tuple[str, str], ...]
    svg: Element | None
    width: float
    height: float

    def markup(self) -> SafeString:
        """The drawing as it stands in a page."""
        text = "" if self.svg is None else tostring(self.svg, encoding="unicode", short_empty_elements=True)
        return mark_safe(text)  # noqa: S308 - written from a parsed tree, which escapes


def drawing_of(figure: SafeString, name: str) -> Drawing:
    """The drawing inside a figure of `charts`. name : what its title and description are called in a page, unique there."""
    root = fromstring(figure)  # noqa: S314 - our own markup
    title = root.findtext("figcaption") or ""
    svg = root.find("div/svg")
    if svg is None:
        return Drawing(title, (), None, 0.0, 0.0)
    for part, suffix in ((svg.find("title"), "t"), (svg.find("desc"), "d")):
        if part is not None:
            part.set("id", f"{name}-{suffix}")
    svg.set("aria-labelledby", f"{name}-t {name}-d")
    legend = tuple(
        (entry.find("svg/rect").get("class", ""), entry.find("svg").tail or "")  # type: ignore[union-attr]
        for entry in root.findall("ul/li")
    )
    _, _, width, height = (float(side) for side in svg.get("viewBox", "0 0 0 0").split())
    return Drawing(title, legend, svg, width, height)
