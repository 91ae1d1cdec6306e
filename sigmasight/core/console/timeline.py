"""Bars over a common clock: what was at work when, and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString

from sigmasight.core.console.chart_frame import RIGHT, WIDTH, Format, Series, figure, round_step

ROW, BAR, NAMES, FOOT = 26, 16, 166, 24
MARKS = 5


@dataclass(frozen=True)
class Bar:
    """Something that lasted from `start` to `end`, in seconds of the common clock. tone : "good", "warn", "bad" or the row's own."""

    start: float
    end: float
    label: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Lane:
    """A row of the picture. Bars that overlap are drawn upon each other, so that what works in parallel stands out."""

    name: str
    bars: Sequence[Bar]


def timeline(title: str, lanes: Sequence[Lane], *, fmt: Format, description: str = "") -> SafeString:
    """One row for each lane, from the first start to the last end; the table beneath tells begin and length of each lane.

    fmt : how seconds are written.
    """
    known = [lane for lane in lanes if lane.bars]
    starts = [min(bar.start for bar in lane.bars) for lane in known]
    ends = [max(bar.end for bar in lane.bars) for lane in known]
    columns = [
        Series("began after", starts),
        Series("lasted", [end - start for start, end in zip(starts, ends, strict=True)]),
    ]
    first, last = min(starts, default=0.0), max(ends, default=0.0)
    span = max(last - first, 1e-3)
    tall = ROW * len(known)

    def x(second: float) -> float:
        return NAMES + (WIDTH - NAMES - RIGHT - 30) * (second - first) / span

    step = round_step(span / MARKS)
    marks = [
        format_html(
            '<line class="grid-line" x1="{0}" x2="{0}" y1="0" y2="{1}"/><text x="{0}" y="{2}" text-anchor="middle">{3}</text>',
            f"{x(first + step * at):.1f}", tall, tall + 16, fmt(step * at),
        )
        for at in range(int(span / step) + 1)
    ]  # fmt: skip
    for row, lane in enumerate(known):
        marks.append(format_html('<text x="0" y="{}">{}</text>', ROW * row + 17, lane.name))
        shade = "1" if len(lane.bars) == 1 else "0.55"
        for bar in lane.bars:
            told = f"{bar.label or lane.name}: after {fmt(bar.start - first)}, {fmt(bar.end - bar.start)}"
            marks.append(
                format_html(
                    '<rect class="{}" stroke="none" fill-opacity="{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>',
                    f"s-{bar.tone}" if bar.tone else f"s{row % 8 + 1}", shade, f"{x(bar.start):.1f}", ROW * row + 5,
                    f"{max(x(bar.end) - x(bar.start), 1.5):.1f}", BAR, told,
                )
            )  # fmt: skip
    return figure(
        title, description or f"{len(known)} rows over {fmt(last - first)}.", marks, [lane.name for lane in known], columns, fmt,
        size=(WIDTH, tall + FOOT), legend=False,
    )  # fmt: skip
