"""The Batch page: what runs now, what runs next, what ran; refreshed while something runs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_celery_beat.models import PeriodicTask

from analytics.console.batch_forms import StartForm
from analytics.models import BatchRun
from analytics.services.next_runs import next_run
from analytics.services.run_history import BEGUN, run_seconds
from analytics.services.run_names import purpose_and_scope, short_id, state
from analytics.services.run_progress import other_active_runs, run_progress
from analytics.services.run_states import current_run
from sigmasight.core.clock import NEW_YORK
from sigmasight.core.console import pages
from sigmasight.core.console.pages import ConsolePage
from sigmasight.core.console.sections import Section

HERE = "analytics/console/batch/"
LISTED = 20


def batch_page(request: HttpRequest) -> HttpResponse:
    run = current_run()
    context = {
        **live_context(request, run),
        "others": [named(other) for other in other_active_runs(run)],
        "runs": recent_runs(),
        "schedules": schedules() if request.user.has_perm("django_celery_beat.view_periodictask") else None,
        "form": StartForm() if request.user.has_perm("analytics.run_batch") else None,
    }
    return pages.show(request, f"{HERE}page.html", context)


def live_part(request: HttpRequest, run_id: UUID) -> HttpResponse:
    """How far a run is, as a part of a page. `said` is what was told to screen readers last: they hear of a phase once."""
    run = BatchRun.objects.select_related("requested_by", "scope_portfolio").filter(pk=run_id).first()
    context = live_context(request, run) | {
        "said": request.GET.get("said", ""), "page_of": request.GET.get("page", ""), "partial": True,
    }  # fmt: skip
    if run is None or not run.is_active:
        context |= {"runs": recent_runs(), "just_ended": True}
    return render(request, f"{HERE}live.html", context)


def live_context(request: HttpRequest, run: BatchRun | None) -> dict[str, Any]:
    """What the live part shows."""
    progress = run_progress(run) if run else None
    return {
        "run": run,
        "progress": progress,
        "named": named(run) if run else None,
        "may_run": request.user.has_perm("analytics.run_batch"),
        "telling": telling(progress) if progress else "",
    }


def telling(progress: Any) -> str:
    """The state in a sentence, which changes with the phase and not with every portfolio."""
    words, _ = state(progress.run)
    if progress.run.is_active and progress.current:
        return f"{words}: phase {progress.place} of {len(progress.phases)}, {progress.current.phase.label}"
    return f"Run {short_id(progress.run)}: {words}"


def named(run: BatchRun) -> dict[str, Any]:
    """A run as lists and headings show it."""
    words, tone = state(run)
    return {
        "run": run,
        "short": short_id(run),
        "what": purpose_and_scope(run),
        "words": words,
        "tone": tone,
        "by": run.requested_by.email if run.requested_by else run.get_trigger_display().lower(),  # type: ignore[attr-defined]
        "begun": run.started_at or run.created_at,
        "seconds": run_seconds(run),
        "portfolios": run.params.get("portfolios"),
    }


def recent_runs(most: int = LISTED) -> list[dict[str, Any]]:
    """The last runs, latest first, in one query."""
    runs = BatchRun.objects.select_related("requested_by", "scope_portfolio").order_by(BEGUN.desc(), "id")[:most]
    return [named(run) for run in runs]


def schedules() -> list[dict[str, Any]]:
    """What beat starts, the next first and what is switched off last, in one query."""
    tasks = PeriodicTask.objects.select_related("crontab", "interval", "clocked", "solar").exclude(
        name="celery.backend_cleanup"
    )
    found = []
    for task in tasks:
        moment = next_run(task)
        found.append(
            {
                "task": task,
                "when": task.crontab.human_readable if task.crontab else task.scheduler,
                "next": moment,
                # Templates show every moment in UTC.
                "new_york": f"{moment.astimezone(NEW_YORK):%a %Y-%m-%d %H:%M}" if moment else "–",
            }
        )
    return sorted(found, key=lambda one: (one["next"] is None, one["next"] or 0, one["task"].name))


BATCH = pages.register(
    ConsolePage("Batch", "batch/", "analytics.view_batchrun", batch_page, icon="play_circle", section=Section.BATCH)
)
LIVE = pages.register(ConsolePage("Progress", "batch/<uuid:run_id>/live/", "analytics.view_batchrun", live_part))
