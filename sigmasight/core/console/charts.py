"""Charts as SVG, drawn here: no script, no library, in the colours of the theme, with a title and a description for screen readers
and the numbers as a table beneath. Missing values are gaps, never zeros.

Every function returns a `<figure>` ready for a template.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from sigmasight.core.console.chart_frame import (
    HEIGHT,
    WIDTH,
    Format,
    Scale,
    Series,
    Value,
    axis_labels,
    figure,
    is_known,
    known_of,
    runs_of,
    tone_of,
)

__all__ = [
    "HEIGHT",
    "WIDTH",
    "Series",
    "bar_chart",
    "heat_map",
    "line_chart",
    "plain",
    "ranked_bars",
    "sparkline",
    "usd",
]
WIDEST_BAR = 44.0


def plain(value: float) -> str:
    """1,234.5 with as many decimals as the size asks for."""
    size = abs(value)
    return f"{value:,.0f}" if size >= 100 or value == round(value) else f"{value:,.2f}"


def usd(value: float) -> str:
    """-$1,234 for whole dollars."""
    return f"{'-' if value < 0 else ''}${abs(value):,.0f}"


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
    scale = Scale(known_of(one.values for one in series), fmt, zero=zero or area, low=low, high=high)
    marks = []
    for place, one in enumerate(series):
        tone = tone_of(place, one)
        for run in runs_of(one.values):
            points = [(scale.x(at, len(labels)), scale.y(value)) for at, value in run]
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
    return figure(title, description, [*scale.lines(), *axis_labels(labels, scale.x), *marks], labels, series, fmt)


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
            values = known_of([[one.values[at] for one in series]])
            sums += [sum(value for value in values if value > 0), sum(value for value in values if value < 0)]
    scale = Scale(known_of([sums] if stacked else (one.values for one in series)), fmt, zero=True, low=low, high=high)
    slot = scale.slot(len(labels))
    width = min(slot * 0.72 / (1 if stacked else max(len(series), 1)), WIDEST_BAR)
    group = width * (1 if stacked else len(series))
    marks = []
    for at, label in enumerate(labels):
        up = down = 0.0
        for place, one in enumerate(series):
            value = one.values[at]
            if not is_known(value):
                continue
            assert value is not None
            start = 0.0
            if stacked:
                start, up, down = (up, up + value, down) if value >= 0 else (down, up, down + value)
            top, bottom = sorted((scale.y(start), scale.y(start + value)))
            x = scale.middle(at, len(labels)) - group / 2 + (0 if stacked else width * place)
            marks.append(
                format_html(
                    '<rect class="{}" stroke="none" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>',
                    tone_of(place, one), f"{x:.1f}", f"{top:.1f}", f"{max(width - 1, 1):.1f}", f"{max(bottom - top, 0.5):.1f}",
                    f"{label}: {one.label} {fmt(value)}",
                )
            )  # fmt: skip
    return figure(title, description, [*scale.lines(), *axis_labels(labels, scale.middle), *marks], labels, series, fmt)


def ranked_bars(
    title: str, items: Sequence[tuple[str, Value]], *, description: str = "", fmt: Format = plain
) -> SafeString:
    """Lying bars from a common zero, one for each named value: readable where names are long (scenarios, factors, positions)."""
    known = known_of([[value for _, value in items]])
    low, high = min([*known, 0.0]), max([*known, 0.0])
    row, names, ends = 22, 172, 84
    span = (high - low) or 1.0
    room = WIDTH - names - ends
    zero = names + room * (0.0 - low) / span
    marks = [
        format_html('<line class="axis-line" x1="{0}" x2="{0}" y1="0" y2="{1}"/>', f"{zero:.1f}", row * len(items))
    ]
    for at, (name, value) in enumerate(items):
        middle = row * at + 15
        shown = name if len(name) <= 25 else name[:24] + "…"
        marks.append(format_html('<text x="0" y="{}">{}<title>{}</title></text>', middle, shown, name))
        if not is_known(value):
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
    return figure(
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
    limit = most or max((abs(value) for value in known_of(values)), default=1.0) or 1.0
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
            text = fmt(value) if is_known(value) and value is not None else "–"
            strength = min(abs(value) / limit, 1.0) if is_known(value) and value is not None else 1.0
            kind = "none" if not is_known(value) or value is None else "plus" if value >= 0 else "minus"
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
    return figure(title, description, marks, rows, columns_of, fmt, size=size, legend=False, kind="heat")


def sparkline(label: str, values: Sequence[Value], *, fmt: Format = plain) -> SafeString:
    """A line without axes, to stand in a row of text or of a table."""
    known = known_of([values])
    if not known:
        return format_html('<span class="faint">{}: no values</span>', label)
    low, high = min(known), max(known)
    step, span = 116 / max(len(values) - 1, 1), (high - low) or 1.0
    lines = []
    for run in runs_of(values):
        points = "L".join(f"{2 + step * at:.1f},{25 - 22 * (value - low) / span:.1f}" for at, value in run)
        lines.append(format_html('<path class="line s1" d="M{}"/>', points))
    told = f"{label}: {len(known)} values from {fmt(low)} to {fmt(high)}, last {fmt(known[-1])}"
    return format_html('<svg class="spark" viewBox="0 0 120 28" role="img" aria-label="{}"><title>{}</title>{}</svg>',
                       told, told, mark_safe("".join(lines)))  # fmt: skip  # noqa: S308 - escaped above
