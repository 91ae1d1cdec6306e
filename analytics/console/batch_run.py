"""The page of one run: its phases on the clock, its shards, what failed, what it said."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import SafeString

from analytics.console.batch import HERE, live_context
from analytics.console.batch_forms import LogForm
from analytics.models import BatchRun, Phase, StepStatus
from analytics.services import run_log, run_report
from analytics.services.run_history import past_run
from sigmasight.core.console import pages
from sigmasight.core.console.pages import ConsolePage
from sigmasight.core.console.timeline import Bar, Lane, timeline
from sigmasight.core.errors import NotFound
from sigmasight.core.templatetags.humane import lasting

MOST_LINES = 300
TONES = {StepStatus.FAILED: "bad", StepStatus.RUNNING: "warn"}


def run_or_404(run_id: UUID) -> BatchRun:
    try:
        return past_run(run_id)
    except NotFound as error:
        raise Http404 from error


def run_page(request: HttpRequest, run_id: UUID) -> HttpResponse:
    run = run_or_404(run_id)
    only_failed = "failed" in request.GET
    shards = Paginator(run_report.shards_of(run, failed=only_failed), run_report.MOST_SHARDS)
    context = {
        **live_context(request, run),
        "subtitle": str(run.pk)[:8],
        "picture": picture(run),
        "coverage": run_report.coverage_at(run.target_to),
        "shards": shards.get_page(request.GET.get("page")),
        "only_failed": only_failed,
        "failures": run_report.failures(run),
        "retries": run_report.retries_of(run),
        "before": run_report.run_before(run),
        **log_context(request, run),
    }
    return pages.show(request, f"{HERE}run.html", context)


def picture(run: BatchRun) -> SafeString:
    """The phases and their steps on the clock since the run began; shards lie upon each other."""
    begun = run.started_at or run.created_at
    until = run.completed_at or timezone.now()
    lanes: dict[str, list[Bar]] = {}
    for step in run_report.steps_on_the_clock(run):
        assert step.started_at is not None
        shard = step.name.startswith("phase ")
        name = f"{step.phase} {Phase(step.phase).label}" if shard else step.name
        end = step.completed_at or until
        lanes.setdefault(name, []).append(
            Bar(
                (step.started_at - begun).total_seconds(),
                (end - begun).total_seconds(),
                f"shard {step.shard_no}" if shard else step.name,
                TONES.get(StepStatus(step.status), ""),
            )
        )
    return timeline("Phases and steps on the clock", [Lane(name, bars) for name, bars in lanes.items()], fmt=lasting)


def log_context(request: HttpRequest, run: BatchRun) -> dict[str, Any]:
    """The newest lines that the filter lets through."""
    form = LogForm(request.GET)
    chosen = _chosen(form)
    lines = run_log.run_lines(run, chosen)
    given = {name: value for name, value in vars_of(chosen).items() if value}
    return {
        "log_form": form,
        "lines": lines[-MOST_LINES:],
        "lines_total": len(lines),
        "log_query": urlencode(given),
        "log_filtered": bool(given),
    }


def log_part(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """The log alone, for the filter that is changed on the page."""
    run = run_or_404(run_id)
    return render(request, f"{HERE}log.html", {"run": run, **log_context(request, run)})


def log_download(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """The lines that the filter lets through, all of them, as text or as CSV."""
    run = run_or_404(run_id)
    lines = run_log.run_lines(run, _chosen(LogForm(request.GET)))
    kind = "csv" if request.GET.get("format") == "csv" else "txt"
    content = run_log.as_csv(lines) if kind == "csv" else run_log.as_text(lines)
    media = "text/csv" if kind == "csv" else "text/plain"
    headers = {"Content-Disposition": f'attachment; filename="batch-run-{run.pk}.{kind}"'}
    return HttpResponse(content, content_type=f"{media}; charset=utf-8", headers=headers)


def engines_part(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """How the engines fared at the run's last session: it takes a while where there are many portfolios."""
    run = run_or_404(run_id)
    return render(request, f"{HERE}engines.html", {"run": run, "engines": run_report.engines_at(run)})


def vars_of(chosen: run_log.LogFilter) -> dict[str, str]:
    return {"level": chosen.level, "phase": chosen.phase, "text": chosen.text}


def _chosen(form: LogForm) -> run_log.LogFilter:
    form.is_valid()
    given = form.cleaned_data
    return run_log.LogFilter(given.get("level", ""), given.get("phase", ""), given.get("text", ""))


SEE = "analytics.view_batchrun"
RUN = pages.register(ConsolePage("Run", "batch/<uuid:run_id>/", SEE, run_page, parent="batch/"))
LOG = pages.register(ConsolePage("Log", "batch/<uuid:run_id>/log/", SEE, log_part, parent="batch/"))
DOWNLOAD = pages.register(ConsolePage("Log as a file", "batch/<uuid:run_id>/log/download/", SEE, log_download))
ENGINES = pages.register(ConsolePage("Engines", "batch/<uuid:run_id>/engines/", SEE, engines_part))
