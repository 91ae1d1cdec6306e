"""Doing audits and keeping what they found: from the command line, by a button of the console, by the schedule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from uuid import UUID

from celery import current_app
from django.db import IntegrityError, transaction
from django.utils import timezone
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from analytics.audits.catalogue import AUDITS, Audit, run_audit
from analytics.audits.scope import Scope
from analytics.models import ACTIVE_AUDITS, AuditRun, AuditStatus, RunTrigger
from portfolios.models import User
from sigmasight.core.audits import AuditReport, Severity
from sigmasight.core.errors import Conflict, NotFound
from sigmasight.core.manual_changes import record

# A worker gives a task up after an hour; what is older died with its worker.
DEAD_AFTER = dt.timedelta(hours=2)
# The audits that are kept and shown; the others are parts of them.
KEPT = {name: audit for name, audit in AUDITS.items() if not audit.part_of}


def audit_now(
    audit: Audit, scope: Scope, *, done: Callable[[str, int], None] = lambda name, total: None
) -> AuditReport:
    """Do an audit in this process for whoever sits at the command line, and keep it if it is a whole one."""
    started = timezone.now()
    report = run_audit(audit, scope, done=done)
    if audit.name in KEPT:
        run = AuditRun(audit=audit.name, trigger=RunTrigger.CLI, started_at=started)
        _keep(run, report)
        run.save(force_insert=True)
    return report


def start_audit(name: str, *, requested_by: User | None = None, trigger: RunTrigger = RunTrigger.ADMIN) -> AuditRun:
    """Record an audit of everything and hand it to a worker.

    Raises
    ------
    NotFound for an unknown name. Conflict if it is being done already, or the broker cannot be reached.
    """
    if name not in KEPT:
        raise NotFound("audit_not_found", f"There is no audit called {name!r}; there are {', '.join(KEPT)}.")
    _bury(name)
    try:
        with transaction.atomic():
            run = AuditRun.objects.create(audit=name, trigger=trigger, requested_by=requested_by)
            if requested_by is not None:
                record(requested_by, f"Started the audit of {name}", [run])
    except IntegrityError as error:
        raise Conflict("audit_active", f"The audit of {name} is being done; wait until it has ended.") from error
    try:
        current_app.signature("analytics.tasks.audit", args=[str(run.pk)]).apply_async(ignore_result=True)
    except (OperationalError, RedisError) as error:
        _fail(run, "the queue of the workers could not be reached")
        raise Conflict(
            "broker_unreachable",
            "The queue of the workers cannot be reached, so that nothing was started. Start Redis and the workers.",
        ) from error
    return run


def start_all() -> list[str]:
    """Start every audit for the schedule; those that are being done are left to it. Returns the names of those started."""
    started = []
    for name in KEPT:
        try:
            start_audit(name, trigger=RunTrigger.BEAT)
        except Conflict:
            continue
        started.append(name)
    return started


def perform(run_id: str) -> None:
    """The work of a recorded audit, on a worker. One that came twice is done again if the first worker died over it."""
    run = AuditRun.objects.filter(pk=run_id, status__in=ACTIVE_AUDITS).first()
    if run is None:
        return
    run.status, run.started_at = AuditStatus.RUNNING, timezone.now()
    run.save(update_fields=["status", "started_at"])
    try:
        report = run_audit(AUDITS[run.audit], Scope())
    except Exception as error:
        _fail(run, f"{type(error).__name__}: {error}")
        raise
    _keep(run, report)
    run.save()


def last_runs() -> dict[str, AuditRun]:
    """The newest audit of everything by name, without its report."""
    runs = AuditRun.objects.filter(scope={}, audit__in=KEPT).order_by("audit", "-created_at", "id").distinct("audit")
    return {run.audit: run for run in runs.defer("report").select_related("requested_by")}


def recent_runs(count: int = 20) -> list[AuditRun]:
    """The newest audits of any name and scope, without their reports."""
    return list(AuditRun.objects.defer("report").select_related("requested_by")[:count])


def audit_run(run_id: UUID) -> AuditRun:
    """One audit with its report.

    Raises
    ------
    NotFound for an unknown id.
    """
    run = AuditRun.objects.filter(pk=run_id).select_related("requested_by").first()
    if run is None:
        raise NotFound("audit_not_found", "There is no such audit; it may have been deleted after its time.")
    return run


def _keep(run: AuditRun, report: AuditReport) -> None:
    run.status, run.completed_at, run.error = AuditStatus.COMPLETED, timezone.now(), ""
    run.scope, run.report, run.checks = dict(report.scope), report.document(), len(report.checks)
    run.errors, run.warnings, run.information = (report.count(one) for one in Severity)


def _fail(run: AuditRun, why: str) -> None:
    run.status, run.completed_at, run.error = AuditStatus.FAILED, timezone.now(), why
    run.save(update_fields=["status", "completed_at", "error"])


def _bury(name: str) -> None:
    """Close what a worker left open when it died."""
    dead = AuditRun.objects.filter(audit=name, status__in=ACTIVE_AUDITS, created_at__lt=timezone.now() - DEAD_AFTER)
    dead.update(status=AuditStatus.FAILED, completed_at=timezone.now(), error="the worker died over it")
