"""Two runs side by side."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from analytics.console.batch import HERE, named
from analytics.console.batch_forms import CompareForm
from analytics.models import BatchRun
from analytics.services.run_report import Comparison, comparable_runs, compare
from sigmasight.core.console import pages
from sigmasight.core.console.charts import Series, bar_chart
from sigmasight.core.console.pages import ConsolePage
from sigmasight.core.templatetags.humane import lasting


def compare_page(request: HttpRequest) -> HttpResponse:
    choices = [named(run) for run in comparable_runs()]
    form = CompareForm(request.GET or None)
    context = {"choices": choices, "form": form, "selects": [
        ("first", "First run", request.GET.get("first")), ("second", "Second run", request.GET.get("second")),
    ]}  # fmt: skip
    if form.is_valid():
        found = BatchRun.objects.select_related("requested_by", "scope_portfolio").in_bulk(
            [form.cleaned_data["first"], form.cleaned_data["second"]]
        )
        runs = [found.get(form.cleaned_data[name]) for name in ("first", "second")]
        if runs[0] is None or runs[1] is None:
            form.add_error(
                None, "One of these runs does not exist, or not any more: rows of runs are kept for a while only."
            )
        else:
            compared = compare(runs[0], runs[1])
            context |= {
                "compared": compared,
                "sides": [(named(side.run), side) for side in (compared.first, compared.second)],
                "phases": _by_phase(compared),
                "chart": _chart(compared),
                "lists": [
                    ("Failed in the second alone", compared.newly_failed),
                    ("Failed in the first alone", compared.mended),
                    ("Failed in both", compared.still_failed),
                ],
            }
    return pages.show(request, f"{HERE}compare.html", context)


def _by_phase(compared: Comparison) -> list[tuple[str, float | None, float | None, str]]:
    """Name, seconds of both, and how much longer the second took."""
    rows = [(f"{phase.value} {phase.label}", compared.first.seconds[phase], compared.second.seconds[phase])
            for phase in compared.first.seconds]  # fmt: skip
    rows.append(("All together", compared.first.total, compared.second.total))
    return [(name, a, b, "–" if a is None or b is None else f"{b - a:+z.1f} s") for name, a, b in rows]


def _chart(compared: Comparison) -> SafeString:
    phases = list(compared.first.seconds)
    return bar_chart(
        "Seconds by phase",
        [f"phase {phase.value}" for phase in phases],
        [
            Series(f"{str(side.run.pk)[:8]}", [side.seconds[phase] for phase in phases])
            for side in (compared.first, compared.second)
        ],
        fmt=lasting,
    )


COMPARE = pages.register(
    ConsolePage("Compare two runs", "batch/compare/", "analytics.view_batchrun", compare_page, parent="batch/")
)
