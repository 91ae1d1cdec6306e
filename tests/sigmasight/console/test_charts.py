"""Charts are drawn to scale, leave gaps for what is missing, can be read aloud, and let nothing through unescaped."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ElementTree

import pytest

from sigmasight.core.console.charts import (
    HEIGHT,
    Series,
    bar_chart,
    heat_map,
    line_chart,
    ranked_bars,
    sparkline,
)

DAYS = ["Jan 2", "Jan 3", "Jan 4", "Jan 5"]
NAN = math.nan


def svg_of(text: str) -> ElementTree.Element:
    found = re.search(r'<svg class="(?:drawing|spark).*?</svg>', text, re.DOTALL)
    assert found is not None
    return ElementTree.fromstring(found.group())


def test_a_line_breaks_where_a_value_is_missing() -> None:
    lines = svg_of(line_chart("NAV", DAYS, [Series("NAV", [1.0, 2.0, None, 3.0])])).findall("path")
    assert [path.get("d", "").count(",") for path in lines] == [2, 1]


def test_larger_values_stand_higher_and_inside() -> None:
    dots = svg_of(line_chart("NAV", DAYS, [Series("NAV", [-5.0, 0.0, 12.0, 7.0])])).findall("circle")
    heights = [float(dot.get("cy", "nan")) for dot in dots]
    assert heights[0] > heights[1] > heights[3] > heights[2]
    assert all(0 <= height <= HEIGHT for height in heights)


def test_stacked_bars_end_where_the_next_begin() -> None:
    chart = svg_of(bar_chart("Runs", DAYS[:1], [Series("a", [10]), Series("b", [30])], stacked=True))
    first, second = chart.findall("rect")
    tall = [float(bar.get("height", "nan")) for bar in (first, second)]
    assert tall[1] == pytest.approx(3 * tall[0], abs=0.2)
    assert float(second.get("y", "nan")) + tall[1] == pytest.approx(float(first.get("y", "nan")), abs=0.2)


def test_a_heat_map_shows_sign_and_size() -> None:
    chart = svg_of(heat_map("Correlation", ["A", "B"], ["A", "B"], [[1.0, -0.5], [NAN, 0.0]], most=1.0))
    cells = [(cell.get("class"), cell.get("fill-opacity")) for cell in chart.findall("rect")]
    assert cells == [("heat-plus", "0.75"), ("heat-minus", "0.38"), ("heat-none", "1"), ("heat-plus", "0.00")]


def test_ranked_bars_reach_left_of_zero_for_losses() -> None:
    loss, gain, unknown = "crash", "boom", "never computed"
    chart = svg_of(ranked_bars("Stress", [(loss, -200.0), (gain, 100.0), (unknown, None)]))
    wide = [float(bar.get("width", "nan")) for bar in chart.findall("rect")]
    assert len(wide) == 2
    assert wide[0] == pytest.approx(2 * wide[1], abs=0.2)
    assert "unknown" in "".join(chart.itertext())


def test_a_chart_can_be_read_aloud_and_as_a_table() -> None:
    text = line_chart("NAV", DAYS, [Series("NAV", [1.0, NAN, 2.0, 3.0])], description="NAV by day")
    chart = svg_of(text)
    names = chart.get("aria-labelledby", "").split()
    told = {part.get("id"): part.text for part in chart if part.get("id")}
    assert [told[name] for name in names] == ["NAV", "NAV by day"]
    assert chart.get("role") == "img"
    assert text.count("<tr>") == len(DAYS) + 1
    assert '<td class="num">–</td>' in text


def test_names_are_text_never_markup() -> None:
    evil = "<script>alert(1)</script>"
    for text in (
        line_chart(evil, [evil], [Series(evil, [1.0])]),
        bar_chart(evil, [evil], [Series(evil, [1.0])]),
        heat_map(evil, [evil], [evil], [[1.0]]),
        ranked_bars(evil, [(evil, 1.0)]),
        sparkline(evil, [1.0]),
    ):
        assert "<script" not in text
        assert "style=" not in text


def test_without_values_a_chart_says_so() -> None:
    assert "No values yet" in line_chart("NAV", [], [Series("NAV", [])])
    assert "No values yet" in bar_chart("NAV", DAYS, [Series("NAV", [None] * 4)])
    assert "no values" in sparkline("NAV", [None, NAN])


@pytest.mark.parametrize("values", [[5.0], [0.0, 0.0], [1e9, 1e9 + 1], [-1e-9, 1e-9], [1e15, -1e15]])
def test_any_range_has_an_axis(values: list[float]) -> None:
    chart = svg_of(line_chart("x", [str(at) for at in range(len(values))], [Series("x", values)]))
    assert 2 <= len(chart.findall("line")) <= 12
