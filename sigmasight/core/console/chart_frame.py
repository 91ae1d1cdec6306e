"""What charts have in common: values and their gaps, the axes, the figure with its title, description and table."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

Value = float | int | None
Format = Callable[[float], str]
WIDTH, HEIGHT = 520, 210
RIGHT, TOP, BOTTOM = 10, 10, 26
# Room of a letter beside the upright axis.
LETTER, NARROWEST = 7, 36
MOST_LABELS = 6
TONES = 8
_ids = count(1)


@dataclass(frozen=True)
class Series:
    """One line, or one colour of bars. `tone`: "good", "warn", "bad", or empty for the next colour of the palette."""

    label: str
    values: Sequence[Value]
    tone: str = ""


class Scale:
    """The upright axis, from a round number to a round number."""

    def __init__(
        self, known: Sequence[float], fmt: Format, *, zero: bool, low: float | None, high: float | None
    ) -> None:
        found = [*known, *([0.0] if zero else [])] or [0.0, 1.0]
        bottom, top = min(found) if low is None else low, max(found) if high is None else high
        if bottom == top:
            bottom, top = bottom - (abs(bottom) * 0.1 or 1.0), top + (abs(top) * 0.1 or 1.0)
        self.step = round_step((top - bottom) / 4)
        self.low = bottom if low is not None else math.floor(bottom / self.step + 1e-9) * self.step
        self.high = top if high is not None else math.ceil(top / self.step - 1e-9) * self.step
        ticks = range(math.ceil(self.low / self.step - 1e-9), math.floor(self.high / self.step + 1e-9) + 1)
        self.ticks = [(at * self.step, fmt(at * self.step)) for at in ticks]
        self.left = max(NARROWEST, LETTER * max((len(text) for _, text in self.ticks), default=0) + 10)

    def y(self, value: float) -> float:
        inside = min(max(value, self.low), self.high)
        return TOP + (HEIGHT - TOP - BOTTOM) * (self.high - inside) / (self.high - self.low)

    def x(self, at: int, many: int) -> float:
        """Place of a point, from edge to edge."""
        return self.left + (WIDTH - self.left - RIGHT) * (at / (many - 1) if many > 1 else 0.5)

    def middle(self, at: int, many: int) -> float:
        """Middle of a bar's place."""
        return self.left + self.slot(many) * (at + 0.5)

    def slot(self, many: int) -> float:
        return (WIDTH - self.left - RIGHT) / max(many, 1)

    def lines(self) -> list[SafeString]:
        return [
            format_html(
                '<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>',
                "axis-line" if value == 0 else "grid-line", self.left, WIDTH - RIGHT, f"{self.y(value):.1f}",
                f"{self.y(value):.1f}", self.left - 6, f"{self.y(value) + 4:.1f}", text,
            )
            for value, text in self.ticks
        ]  # fmt: skip


def round_step(rough: float) -> float:
    """The round number from `rough` upwards, for the marks of an axis."""
    size = 10.0 ** math.floor(math.log10(rough))
    return next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough * 0.999)


def figure(
    title: str,
    description: str,
    marks: Iterable[SafeString],
    labels: Sequence[str],
    series: Sequence[Series],
    fmt: Format,
    *,
    size: tuple[float, float] = (WIDTH, HEIGHT),
    legend: bool = True,
    kind: str = "",
) -> SafeString:
    if not labels or not known_of(one.values for one in series):
        return format_html(
            '<figure class="drawing"><figcaption>{}</figcaption><p class="faint">No values yet.</p></figure>', title
        )
    name = f"chart-{next(_ids)}"
    told = description or f"{', '.join(one.label for one in series)} from {labels[0]} to {labels[-1]}."
    key = format_html_join(
        "",
        '<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="{}" width="10" height="10"/></svg>{}</li>',
        [(tone_of(place, one), one.label) for place, one in enumerate(series)],
    )
    width, height = (f"{side:.0f}" for side in size)
    return format_html(
        '<figure class="drawing"><figcaption>{title}</figcaption>{key}'
        '<div class="scroll" tabindex="0" role="group" aria-label="{title}">'
        '<svg class="drawing {kind}" viewBox="0 0 {width} {height}"{fixed} role="img"'
        ' aria-labelledby="{name}-t {name}-d"><title id="{name}-t">{title}</title><desc id="{name}-d">{told}</desc>{marks}</svg></div>'
        "<details><summary>Numbers</summary>{table}</details></figure>",
        title=title, key=format_html('<ul class="legend">{}</ul>', key) if legend and len(series) > 1 else "",
        kind=kind, width=width, height=height, name=name, told=told, table=_table(title, labels, series, fmt),
        fixed=format_html(' width="{}" height="{}"', width, height) if kind == "heat" else "",
        marks=mark_safe("".join(marks)),  # noqa: S308 - every mark went through format_html
    )  # fmt: skip


def _table(title: str, labels: Sequence[str], series: Sequence[Series], fmt: Format) -> SafeString:
    heads = format_html_join("", '<th scope="col" class="num">{}</th>', [(one.label,) for one in series])
    rows = []
    for at, label in enumerate(labels):
        cells = [
            (fmt(value) if is_known(value) and value is not None else "–",)
            for value in (one.values[at] for one in series)
        ]
        numbers = format_html_join("", '<td class="num">{}</td>', cells)
        rows.append(format_html('<tr><th scope="row">{}</th>{}</tr>', label, numbers))
    return format_html(
        '<div class="scroll"><table class="rows"><caption>{}</caption><thead><tr><td></td>{}</tr></thead><tbody>{}</tbody></table></div>',
        title, heads, mark_safe("".join(rows)),  # noqa: S308 - escaped above
    )  # fmt: skip


def axis_labels(labels: Sequence[str], place: Callable[[int, int], float]) -> list[SafeString]:
    fitting = int(WIDTH * 0.85 / (LETTER * max(map(len, labels), default=1) + 10))
    every = max(1, math.ceil(len(labels) / max(1, min(MOST_LABELS, fitting))))
    drawn = []
    for at in range(0, len(labels), every):
        x = place(at, len(labels))
        anchor = "end" if x > WIDTH - 20 else "middle"
        drawn.append(
            format_html('<text x="{}" y="{}" text-anchor="{}">{}</text>', f"{x:.1f}", HEIGHT - 8, anchor, labels[at])
        )
    return drawn


def tone_of(place: int, one: Series) -> str:
    return f"s-{one.tone}" if one.tone else f"s{place % TONES + 1}"


def is_known(value: Value) -> bool:
    return value is not None and math.isfinite(value)


def known_of(groups: Iterable[Sequence[Value]]) -> list[float]:
    return [float(value) for group in groups for value in group if value is not None and math.isfinite(value)]


def runs_of(values: Sequence[Value]) -> list[list[tuple[int, float]]]:
    """Stretches of known values with their places."""
    runs: list[list[tuple[int, float]]] = []
    before = -2
    for at, value in enumerate(values):
        if value is None or not math.isfinite(value):
            continue
        if at != before + 1:
            runs.append([])
        runs[-1].append((at, float(value)))
        before = at
    return runs
