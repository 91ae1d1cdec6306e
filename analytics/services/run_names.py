"""What a run is called and coloured where staff see it."""

from __future__ import annotations

from analytics.models import BatchRun, Phase, RunStatus
from analytics.services.run_states import client_status

TONES = {RunStatus.COMPLETED: "good", RunStatus.PARTIAL: "warn", RunStatus.FAILED: "bad", RunStatus.CANCELLED: "bad"}


def short_id(run: BatchRun) -> str:
    """The first eight characters of its identifier."""
    return str(run.pk)[:8]


def purpose(run: BatchRun) -> str:
    """What it was started for, e.g. "Nightly", "Risk analytics alone", "retry of 1a2b3c4d"."""
    params = run.params
    parts = []
    if "phase" in params:
        parts.append(f"{Phase(params['phase']).label} alone")
    if "retry_of" in params:
        parts.append(f"retry of {params['retry_of'][:8]}")
    if "collects" in params:
        parts.append(f"refresh of {params['collects']}")
    if "job_type" in params:
        parts.append(str(params["job_type"]))
    return ", ".join(parts) or run.get_kind_display()  # type: ignore[attr-defined]


def state(run: BatchRun) -> tuple[str, str]:
    """Its status in words and the tone of the badge: good, warn, bad or "" while it runs."""
    if run.is_active and client_status(run) == "failed":
        return "No sign of life", "bad"
    if run.is_active and run.cancel_requested:
        return "Stopping", "warn"
    return RunStatus(run.status).label, TONES.get(RunStatus(run.status), "")
