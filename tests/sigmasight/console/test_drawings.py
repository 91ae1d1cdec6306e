"""Drawings taken out of charts keep what is on them."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from sigmasight.core.console.charts import Series, bar_chart, heat_map, line_chart, ranked_bars
from sigmasight.core.console.drawings import TONES, drawing_of

DAYS = ["Jan 2", "Jan 3"]


def test_title_legend_and_size() -> None:
    drawing = drawing_of(bar_chart("Runs & more", DAYS, [Series("a<b", [1, 2]), Series("c", [3, 4], "warn")]), "one")
    assert drawing.title == "Runs & more"
    assert drawing.legend == (("s1", "a<b"), ("s-warn", "c"))
    assert (drawing.width, drawing.height) == (520.0, 210.0)


def test_names_are_those_given() -> None:
    chart = ElementTree.fromstring(drawing_of(ranked_bars("P&L", [("<evil>", -1.0)]), "seven").markup())
    assert chart.get("aria-labelledby") == "seven-t seven-d"
    assert [part.get("id") for part in chart if part.get("id")] == ["seven-t", "seven-d"]
    assert "<evil>" in "".join(chart.itertext())


def test_without_values_there_is_no_drawing() -> None:
    drawing = drawing_of(line_chart("NAV", [], [Series("NAV", [])]), "one")
    assert (drawing.title, drawing.svg, drawing.markup()) == ("NAV", None, "")


def test_every_colour_of_a_chart_is_known() -> None:
    for figure in (
        line_chart("x", DAYS, [Series(str(at), [1.0, 2.0]) for at in range(8)], area=True),
        bar_chart("x", DAYS, [Series(tone, [1.0, 2.0], tone) for tone in ("good", "warn", "bad")]),
        heat_map("x", ["a"], ["b", "c", "d"], [[1.0, -1.0, None]]),
    ):
        svg = drawing_of(figure, "one").svg
        assert svg is not None
        filled = [mark.get("class", "").split()[-1] for mark in svg if mark.tag in ("rect", "path", "circle")]
        assert filled
        assert set(filled) <= set(TONES)
