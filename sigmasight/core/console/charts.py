"""Charts as SVG, drawn here: no script, no library, in the colours of the theme, with a title and a description for screen readers
and the numbers as a table beneath. Missing values are gaps, never zeros.

Every function returns a `<figure>` ready for a template.
"""

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
LEFT, RIGHT, TOP, BOTTOM = 56, 10, 10, 26
MOST_LABELS = 6
WIDEST_BAR = 44.0
TONES = 8
_ids = count(1)


def plain(value: float) -> str:
    """1,234.5 with as many decimals as the size asks for."""
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 or value == round(value) else f"{value:,.2f}"


@dataclass(frozen=True)
class Series:
    """One line, or one colour of bars. `tone`: "good", "warn", "bad", or empty for the next colour of the palette."""

    label: str
    values: Sequence[Value]
    tone: str = ""


def line_chart(
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    description: str = "",
    fmt: Format = plain,
    area: bool = False,
    zero: bool = False,
    low: float | None = None,
    high: float | None = None,
) -> SafeString:
    """Lines over a common axis of labels (dates, mostly).

    area : fill the space down to zero.     zero : let the axis include zero.     low, high : ends of the axis if given.
    """
    scale = _Scale(_known(one.values for one in series), zero=zero or area, low=low, high=high)
    marks = []
    for place, one in enumerate(series):
        tone = _tone(place, one)
        for run in _runs(one.values):
            points = [(_x(at, len(labels)), scale.y(value)) for at, value in run]
            path = "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points)
            if area and len(points) > 1:
                base = scale.y(max(scale.low, min(0.0, scale.high)))
                closed = f"{path}L{points[-1][0]:.1f},{base:.1f}L{points[0][0]:.1f},{base:.1f}Z"
                marks.append(format_html('<path class="area {}" d="{}"/>', tone, closed))
            marks.append(format_html('<path class="line {}" d="{}"/>', tone, path))
            for (x, y), (at, value) in zip(points, run, strict=True):
                # Seen alone where a run has one point; of the others only the text under the pointer.
                radius, opacity = (2.5, 1) if len(points) == 1 or len(labels) <= 31 else (5, 0)
                marks.append(
                    format_html(
                        '<circle class="dot {}" cx="{}" cy="{}" r="{}" fill-opacity="{}"><title>{}</title></circle>',
                        tone, f"{x:.1f}", f"{y:.1f}", radius, opacity, f"{labels[at]}: {one.label} {fmt(value)}",
                    )
                )  # fmt: skip
    return _figure(title, description, [*scale.lines(fmt), *_labels(labels, _x), *marks], labels, series, fmt)


def bar_chart(
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    description: str = "",
    fmt: Format = plain,
    stacked: bool = False,
    low: float | None = None,
    high: float | None = None,
) -> SafeString:
    """Upright bars, one group for each label; `stacked` puts the series upon each other (positive and negative ones apart)."""
    sums: list[Value] = []
    if stacked:
        for at in range(len(labels)):
            values = _known([[one.values[at] for one in series]])
            sums += [sum(value for value in values if value > 0), sum(value for value in values if value < 0)]
    scale = _Scale(_known([sums] if stacked else (one.values for one in series)), zero=True, low=low, high=high)
    slot = (WIDTH - LEFT - RIGHT) / max(len(labels), 1)
    width = min(slot * 0.72 / (1 if stacked else max(len(series), 1)), WIDEST_BAR)
    group = width * (1 if stacked else len(series))
    marks = []
    for at, label in enumerate(labels):
        up = down = 0.0
        for place, one in enumerate(series):
            value = one.values[at]
            if not _is_known(value):
                continue
            assert value is not None
            start = 0.0
            if stacked:
                start, up, down = (up, up + value, down) if value >= 0 else (down, up, down + value)
            top, bottom = sorted((scale.y(start), scale.y(start + value)))
            x = LEFT + slot * (at + 0.5) - group / 2 + (0 if stacked else width * place)
            marks.append(
                format_html(
                    '<rect class="{}" stroke="none" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>',
                    _tone(place, one), f"{x:.1f}", f"{top:.1f}", f"{max(width - 1, 1):.1f}", f"{max(bottom - top, 0.5):.1f}",
                    f"{label}: {one.label} {fmt(value)}",
                )
            )  # fmt: skip
    return _figure(title, description, [*scale.lines(fmt), *_labels(labels, _middle), *marks], labels, series, fmt)


def ranked_bars(
    title: str, items: Sequence[tuple[str, Value]], *, description: str = "", fmt: Format = plain
) -> SafeString:
    """Lying bars from a common zero, one for each named value: readable where names are long (scenarios, factors, positions)."""
    known = _known([[value for _, value in items]])
    low, high = min([*known, 0.0]), max([*known, 0.0])
    row, names, ends = 22, 170, 80
    span = (high - low) or 1.0
    room = WIDTH - names - ends
    zero = names + room * (0.0 - low) / span
    marks = [
        format_html('<line class="axis-line" x1="{0}" x2="{0}" y1="0" y2="{1}"/>', f"{zero:.1f}", row * len(items))
    ]
    for at, (name, value) in enumerate(items):
        middle = row * at + 15
        shown = name if len(name) <= 26 else name[:25] + "…"
        marks.append(format_html('<text x="0" y="{}">{}<title>{}</title></text>', middle, shown, name))
        if not _is_known(value):
            marks.append(format_html('<text x="{}" y="{}">unknown</text>', f"{zero + 6:.1f}", middle))
            continue
        assert value is not None
        end = names + room * (value - low) / span
        marks.append(
            format_html(
                '<rect class="{}" stroke="none" x="{}" y="{}" width="{}" height="14"><title>{}</title></rect>'
                '<text x="{}" y="{}">{}</text>',
                "heat-plus" if value >= 0 else "heat-minus", f"{min(zero, end):.1f}", row * at + 4,
                f"{max(abs(end - zero), 0.5):.1f}", f"{name}: {fmt(value)}", f"{max(end, zero) + 5:.1f}", middle, fmt(value),
            )
        )  # fmt: skip
    column = [Series("value", [value for _, value in items])]
    return _figure(
        title,
        description,
        marks,
        [name for name, _ in items],
        column,
        fmt,
        size=(WIDTH, row * len(items)),
        legend=False,
    )


def heat_map(
    title: str,
    rows: Sequence[str],
    columns: Sequence[str],
    values: Sequence[Sequence[Value]],
    *,
    description: str = "",
    fmt: Format = plain,
    most: float | None = None,
) -> SafeString:
    """A coloured table: one colour for what is above zero, another for what is below, stronger with the size.

    most : the size with the full colour; the largest there is if not given.
    """
    limit = most or max((abs(value) for value in _known(values)), default=1.0) or 1.0
    cell, tall, names, head = 46, 24, 110, 62
    marks = []
    for at, name in enumerate(columns):
        x = names + cell * at + cell / 2
        marks.append(
            format_html(
                '<text x="{0}" y="{1}" transform="rotate(-40 {0} {1})">{2}<title>{3}</title></text>',
                f"{x:.0f}", head - 6, name[:11], name,
            )
        )  # fmt: skip
    for down, name in enumerate(rows):
        y = head + tall * down
        marks.append(format_html('<text x="0" y="{}">{}<title>{}</title></text>', y + 16, name[:16], name))
        for across, value in enumerate(values[down]):
            x = names + cell * across
            text = fmt(value) if _is_known(value) and value is not None else "–"
            strength = min(abs(value) / limit, 1.0) if _is_known(value) and value is not None else 1.0
            kind = "none" if not _is_known(value) or value is None else "plus" if value >= 0 else "minus"
            marks.append(
                format_html(
                    '<rect class="heat-{}" fill-opacity="{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>'
                    '<text class="cell-text" x="{}" y="{}">{}</text>',
                    kind, f"{0.75 * strength:.2f}" if kind != "none" else "1", x, y, cell - 1, tall - 1,
                    f"{name}, {columns[across]}: {text}", x + cell / 2, y + 16, text,
                )
            )  # fmt: skip
    columns_of = [Series(name, [row[at] for row in values]) for at, name in enumerate(columns)]
    size = (names + cell * len(columns) + 30, head + tall * len(rows))
    return _figure(title, description, marks, rows, columns_of, fmt, size=size, legend=False, kind="heat")


def sparkline(label: str, values: Sequence[Value], *, fmt: Format = plain) -> SafeString:
    """A line without axes, to stand in a row of text or of a table."""
    known = _known([values])
    if not known:
        return format_html('<span class="faint">{}: no values</span>', label)
    low, high = min(known), max(known)
    step, span = 116 / max(len(values) - 1, 1), (high - low) or 1.0
    lines = []
    for run in _runs(values):
        points = "L".join(f"{2 + step * at:.1f},{25 - 22 * (value - low) / span:.1f}" for at, value in run)
        lines.append(format_html('<path class="line s1" d="M{}"/>', points))
    told = f"{label}: {len(known)} values from {fmt(low)} to {fmt(high)}, last {fmt(known[-1])}"
    return format_html('<svg class="spark" viewBox="0 0 120 28" role="img" aria-label="{}"><title>{}</title>{}</svg>',
                       told, told, mark_safe("".join(lines)))  # fmt: skip  # noqa: S308 - escaped above


class _Scale:
    """The upright axis, from a round number to a round number."""

    def __init__(self, known: Sequence[float], *, zero: bool, low: float | None, high: float | None) -> None:
        found = [*known, *([0.0] if zero else [])] or [0.0, 1.0]
        bottom, top = min(found) if low is None else low, max(found) if high is None else high
        if bottom == top:
            bottom, top = bottom - (abs(bottom) * 0.1 or 1.0), top + (abs(top) * 0.1 or 1.0)
        rough = (top - bottom) / 4
        size = 10.0 ** math.floor(math.log10(rough))
        self.step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= rough * 0.999)
        self.low = bottom if low is not None else math.floor(bottom / self.step + 1e-9) * self.step
        self.high = top if high is not None else math.ceil(top / self.step - 1e-9) * self.step

    def y(self, value: float) -> float:
        inside = min(max(value, self.low), self.high)
        return TOP + (HEIGHT - TOP - BOTTOM) * (self.high - inside) / (self.high - self.low)

    def lines(self, fmt: Format) -> list[SafeString]:
        first = math.ceil(self.low / self.step - 1e-9)
        last = math.floor(self.high / self.step + 1e-9)
        drawn = []
        for at in range(first, last + 1):
            value = at * self.step
            y = f"{self.y(value):.1f}"
            drawn.append(
                format_html(
                    '<line class="{}" x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>',
                    "axis-line" if at == 0 else "grid-line", LEFT, WIDTH - RIGHT, y, y, LEFT - 6, float(y) + 4, fmt(value),
                )
            )  # fmt: skip
        return drawn


def _figure(
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
    if not labels or not _known(one.values for one in series):
        return format_html(
            '<figure class="drawing"><figcaption>{}</figcaption><p class="faint">No values yet.</p></figure>', title
        )
    name = f"chart-{next(_ids)}"
    told = description or f"{', '.join(one.label for one in series)} from {labels[0]} to {labels[-1]}."
    key = format_html_join(
        "",
        '<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="{}" width="10" height="10"/></svg>{}</li>',
        [(_tone(place, one), one.label) for place, one in enumerate(series)],
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
            (fmt(value) if _is_known(value) and value is not None else "–",)
            for value in (one.values[at] for one in series)
        ]
        numbers = format_html_join("", '<td class="num">{}</td>', cells)
        rows.append(format_html('<tr><th scope="row">{}</th>{}</tr>', label, numbers))
    return format_html(
        '<div class="scroll"><table class="rows"><caption>{}</caption><thead><tr><td></td>{}</tr></thead><tbody>{}</tbody></table></div>',
        title, heads, mark_safe("".join(rows)),  # noqa: S308 - escaped above
    )  # fmt: skip


def _labels(labels: Sequence[str], place: Callable[[int, int], float]) -> list[SafeString]:
    every = max(1, math.ceil(len(labels) / MOST_LABELS))
    drawn = []
    for at in range(0, len(labels), every):
        x = place(at, len(labels))
        anchor = "start" if x < LEFT + 20 else "end" if x > WIDTH - 40 else "middle"
        drawn.append(
            format_html('<text x="{}" y="{}" text-anchor="{}">{}</text>', f"{x:.1f}", HEIGHT - 8, anchor, labels[at])
        )
    return drawn


def _x(at: int, many: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (at / (many - 1) if many > 1 else 0.5)


def _middle(at: int, many: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (at + 0.5) / max(many, 1)


def _tone(place: int, one: Series) -> str:
    return f"s-{one.tone}" if one.tone else f"s{place % TONES + 1}"


def _is_known(value: Value) -> bool:
    return value is not None and math.isfinite(value)


def _known(groups: Iterable[Sequence[Value]]) -> list[float]:
    return [float(value) for group in groups for value in group if value is not None and math.isfinite(value)]


def _runs(values: Sequence[Value]) -> list[list[tuple[int, float]]]:
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
