"""The page of audits, that of one of them with its findings, and its JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render

from analytics.audits.runs import KEPT, audit_run, last_runs, recent_runs, start_audit
from analytics.models import AuditRun
from portfolios.models import User
from sigmasight.core.audits import Severity
from sigmasight.core.console import pages
from sigmasight.core.console.pages import ConsolePage
from sigmasight.core.console.sections import Section
from sigmasight.core.errors import DomainError, NotFound

RUN = "analytics.run_batch"
LOOK = "analytics.view_batchrun"
HERE = "analytics/console/"


def audits_page(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _start(request)
    last, recent = last_runs(), recent_runs()
    context = {
        "audits": [(audit, last.get(name)) for name, audit in KEPT.items()],
        "recent": recent,
        "active": any(run.is_active for run in recent),
        "may_run": request.user.has_perm(RUN),
    }
    if request.GET.get("part") == "runs":
        return render(request, f"{HERE}audit_runs.html", context)
    return pages.show(request, f"{HERE}audits.html", context)


def audit_page(request: HttpRequest, run_id: UUID) -> HttpResponse:
    run = _run(run_id)
    report: Mapping[str, Any] = run.report or {"checks": []}
    asked = {name: request.GET.get(name, "") for name in ("severity", "check", "text")}
    found = [one for one in _findings(report) if _wanted(one, asked)]
    # Pages beyond the last show the last, names instead of numbers the first.
    shown = Paginator(found, settings.CONSOLE_ROWS).get_page(request.GET.get("page"))
    filters = urlencode({name: value for name, value in asked.items() if value})
    context = {
        "run": run, "audit": KEPT.get(run.audit), "report": report, "shown": shown, "asked": asked, "filters": filters,
        "severities": list(Severity), "checks": [one["name"] for one in report["checks"] if one["findings"]],
        "subtitle": run.audit, "json": JSON.url(run_id=run.pk),
    }  # fmt: skip
    return pages.show(request, f"{HERE}audit.html", context)


def audit_json(request: HttpRequest, run_id: UUID) -> HttpResponse:
    run = _run(run_id)
    if run.report is None:
        raise Http404("This audit has no report yet.")
    name = f"audit-{run.audit}-{run.created_at:%Y-%m-%d}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return JsonResponse(run.report, headers=headers, json_dumps_params={"indent": 2, "ensure_ascii": False})


def _run(run_id: UUID) -> AuditRun:
    try:
        return audit_run(run_id)
    except NotFound as error:
        raise Http404(error.message) from error


def _findings(report: Mapping[str, Any]) -> list[dict[str, str]]:
    """All findings with their check, the worst first."""
    found = [{**one, "check": check["name"]} for check in report["checks"] for one in check["findings"]]
    return sorted(found, key=lambda one: list(Severity).index(Severity(one["severity"])))


def _wanted(one: Mapping[str, str], asked: Mapping[str, str]) -> bool:
    said = " ".join((one["subject"], one["what"], one["where"])).lower()
    return (
        asked["severity"] in ("", one["severity"])
        and asked["check"] in ("", one["check"])
        and asked["text"].lower() in said
    )


def _start(request: HttpRequest) -> HttpResponse:
    pages.require(request, RUN)
    staff = request.user
    assert isinstance(staff, User)
    try:
        run = start_audit(request.POST.get("audit", ""), requested_by=staff)
        messages.success(request, f"The audit of {run.audit} was started; below stands what comes of it.")
    except DomainError as error:
        messages.error(request, error.message)
    return HttpResponseRedirect(AUDITS.url())


AUDITS = pages.register(
    ConsolePage(title="Audits", path="audits/", permission=LOOK, view=audits_page, icon="rule", section=Section.BATCH)
)
AUDIT = pages.register(
    ConsolePage(title="Audit", path="audits/<uuid:run_id>/", permission=LOOK, view=audit_page, parent="audits/")
)
JSON = pages.register(
    ConsolePage(title="JSON", path="audits/<uuid:run_id>/json/", permission=LOOK, view=audit_json, parent="audits/")
)
