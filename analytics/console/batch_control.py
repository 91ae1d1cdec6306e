"""Starting, cancelling and retrying runs: a page says what will happen, and a button on it does it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from analytics.console.batch import BATCH, HERE, named
from analytics.console.batch_forms import StartForm
from analytics.console.batch_run import RUN, run_or_404
from analytics.services import run_control
from analytics.services.run_report import failures
from sigmasight.core.console import pages
from sigmasight.core.console.pages import ConsolePage
from sigmasight.core.errors import DomainError

MAY = "analytics.run_batch"


def start_page(request: HttpRequest) -> HttpResponse:
    """GET tells what a start would do, POST starts it."""
    starts = request.method == "POST"
    form = StartForm((request.POST if starts else request.GET) or None)
    intention = trouble = None
    status = 400 if starts else 200
    if form.is_valid():
        try:
            if starts:
                run = run_control.start(request.user, form.wanted())  # type: ignore[arg-type]
                messages.success(request, f"Run {str(run.pk)[:8]} was started.")
                return redirect(BATCH.url() if run.is_active else RUN.url(run_id=run.pk))
            intention = run_control.intended(request.user, form.wanted())  # type: ignore[arg-type]
        except DomainError as error:
            trouble, status = error.message, error.status if starts else 200
    in_the_way = named(intention.in_the_way) if intention and intention.in_the_way else None
    context = {
        "form": form, "media": form.media, "intention": intention, "trouble": trouble, "in_the_way": in_the_way,
        "chosen": form.cleaned_data.get("portfolio") if form.is_valid() else None,
    }  # fmt: skip
    return pages.show(request, f"{HERE}start.html", context, status=status)


def cancel_page(request: HttpRequest, run_id: UUID) -> HttpResponse:
    run = run_or_404(run_id)
    if request.method == "POST":
        try:
            run_control.cancel(request.user, run_id)  # type: ignore[arg-type]
            messages.success(
                request, f"Run {str(run_id)[:8]} was asked to stop; it ends after the shards that are at work."
            )
        except DomainError as error:
            messages.error(request, error.message)
        return redirect(RUN.url(run_id=run_id))
    return pages.show(request, f"{HERE}cancel.html", {"named": named(run), "run": run})


def retry_page(request: HttpRequest, run_id: UUID) -> HttpResponse:
    run = run_or_404(run_id)
    if request.method == "POST":
        try:
            again = run_control.retry(request.user, run_id)  # type: ignore[arg-type]
        except DomainError as error:
            messages.error(request, error.message)
            return redirect(RUN.url(run_id=run_id))
        messages.success(request, f"Run {str(again.pk)[:8]} does again what failed in run {str(run_id)[:8]}.")
        return redirect(BATCH.url())
    return pages.show(request, f"{HERE}retry.html", {"named": named(run), "run": run, "failures": failures(run)})


START = pages.register(ConsolePage("Start a run", "batch/start/", MAY, start_page, parent="batch/"))
CANCEL = pages.register(ConsolePage("Cancel", "batch/<uuid:run_id>/cancel/", MAY, cancel_page, parent="batch/"))
RETRY = pages.register(ConsolePage("Retry", "batch/<uuid:run_id>/retry/", MAY, retry_page, parent="batch/"))
