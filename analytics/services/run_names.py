"""What a run is called and coloured where staff see it."""

from __future__ import annotations

from analytics.batch.refresh import Collected
from analytics.models import BatchRun, Phase, RunStatus
from analytics.services.run_states import client_status

# What a run was that mended something, by its kind of job.
REPAIRS = {
    "clear-calculations": "Cleared calculations",
    "clear-by-hand": "Cleared calculations",
    "seed-portfolios": "Seeded the demo",
    "reseed-demo": "Reseeded the demo",
    "run-batch": "Computed what was missing",
    "fix-all": "Cleared, seeded, computed",
    "reroll-portfolio": "Rolled a portfolio again",
    "merge-symbol": "Merged a symbol",
    "apply-split": "Applied a split",
}
REFRESHES = {
    Collected.MARKET_DATA: "refresh-market-data",
    Collected.PROFILES: "refresh-profiles",
    Collected.SYMBOLS: "refetch-symbols",
}
RETRY, PHASE = "retry", "phase"
JOB_TYPES = (*REPAIRS, *REFRESHES.values(), RETRY, PHASE)
TONES = {RunStatus.COMPLETED: "good", RunStatus.PARTIAL: "warn", RunStatus.FAILED: "bad", RunStatus.CANCELLED: "bad"}


def short_id(run: BatchRun) -> str:
    """The first eight characters of its identifier."""
    return str(run.pk)[:8]


def job_type(run: BatchRun) -> str:
    """What a run of kind "Repair" was, one of `JOB_TYPES`: a repair by its own name, a refresh, a retry, or one phase again."""
    params = run.params
    if "job_type" in params:
        return str(params["job_type"])
    if "collects" in params:
        return REFRESHES[Collected(params["collects"])]
    return RETRY if "retry_of" in params else PHASE


def purpose(run: BatchRun) -> str:
    """What it was started for, e.g. "Nightly", "Risk analytics alone", "retry of 1a2b3c4d", "Merged a symbol"."""
    params = run.params
    parts = []
    if "phase" in params:
        parts.append(f"{Phase(params['phase']).label} alone")
    if "retry_of" in params:
        parts.append(f"retry of {params['retry_of'][:8]}")
    if "collects" in params:
        parts.append(f"refresh of {params['collects']}")
    if "job_type" in params:
        parts.append(REPAIRS.get(params["job_type"], "Repair"))
    return ", ".join(parts) or run.get_kind_display()  # type: ignore[attr-defined]


def purpose_and_scope(run: BatchRun) -> str:
    """With whom it was for, e.g. "Nightly, all portfolios"; repairs say in their log what they touched."""
    if "job_type" in run.params:
        return purpose(run)
    return f"{purpose(run)}, {run.scope_portfolio.name if run.scope_portfolio else 'all portfolios'}"


def state(run: BatchRun) -> tuple[str, str]:
    """Its status in words and the tone of the badge: good, warn, bad or "" while it runs."""
    if run.is_active and client_status(run) == "failed":
        return "No sign of life", "bad"
    if run.is_active and run.cancel_requested:
        return "Stopping", "warn"
    return RunStatus(run.status).label, TONES.get(RunStatus(run.status), "")
