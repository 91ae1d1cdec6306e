"""The report as one HTML file for printing: nothing is loaded from anywhere, and no script runs in it."""

from __future__ import annotations

from django.template.loader import render_to_string

from analytics.report.document import STANDING, ClientReport
from sigmasight.core.console.drawings import AXIS, GRID, TEXT, TONES


def render_html(report: ClientReport) -> str:
    """A page for A4 paper, the same for the same report."""
    ink = {"text": TEXT, "grid": GRID, "axis": AXIS}
    return render_to_string(
        "analytics/report.html", {"report": report, "tones": TONES, "ink": ink, "standing": STANDING}
    )
