"""Whether somebody works, and how old the last night is."""

from __future__ import annotations

from analytics.batch.canvas import workers_answer
from analytics.models import RunStatus
from analytics.services.freshness import freshness
from analytics.services.night_report import nights
from sigmasight.core.observability.deep_health import register
from sigmasight.core.setup_checks import Finding, failed, ok, warning

# The session of today counts from its close on, hours before its night.
SESSIONS_BEHIND = 1


@register("workers")
def workers() -> Finding:
    return ok("one answers") if workers_answer() else failed("none answers: start celery worker")


@register("night")
def night() -> Finding:
    run = nights().first()
    if run is None:
        return warning("there was none yet")
    behind = next(
        (age.sessions for age in freshness().ages if age.sessions is not None and age.name.startswith("Snapshots")),
        None,
    )
    ended = f"{run.completed_at:%Y-%m-%d %H:%M} UTC" if run.completed_at else "not yet"
    text = f"{run.status}, ended {ended}, results {'missing' if behind is None else f'{behind} sessions behind'}"
    if run.status == RunStatus.FAILED or (behind is not None and behind > SESSIONS_BEHIND and not run.is_active):
        return failed(text)
    return ok(text) if run.status == RunStatus.COMPLETED or run.is_active else warning(text)
