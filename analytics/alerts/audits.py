"""Audits that found errors, until one of the same name finds none."""

from __future__ import annotations

from collections.abc import Iterator

from analytics.alerts import places
from analytics.audits.runs import last_runs
from analytics.models import AuditStatus
from sigmasight.core.alerts.models import Severity
from sigmasight.core.alerts.rules import Condition, Rule, register
from sigmasight.core.audits import counted


def found_by_audits() -> Iterator[Condition]:
    for name, run in last_runs().items():
        if run.status == AuditStatus.FAILED:
            message = f"The audit of {name} was not done: {run.error}."
        elif run.errors:
            message = f"The audit of {name} found {counted(run.errors, 'error')} in {counted(run.checks, 'check')}."
        else:
            continue
        yield Condition(
            key=name,
            subject=f"audit {name}",
            severity=Severity.WARNING,
            message=message,
            as_of=run.completed_at,
            figures={"errors": run.errors, "warnings": run.warnings, "checks": run.checks},
            named={"audit": str(run.pk)},
        )


register(
    Rule(
        name="audit-errors",
        title="An audit found errors",
        check=found_by_audits,
        meaning=(
            "The newest audit of everything (they are done on Sundays, or by a button) found rows or figures that are wrong, or could not "
            "be done. Audits recompute stored results by other means and hold endpoints, lots, prices and tags against each other."
        ),
        look="The findings on the page of the audit, the worst first: each says what is wrong, where, and what to do.",
        action=(
            "Do what the findings say, then press Run now on the page Audits: the alert ends with an audit without errors. If the audit "
            "was not done, the server's log says why."
        ),
        escalate="To the developers where results of several portfolios are not what is recomputed and a new run does not mend them.",
        place=places.audit,
    )
)
