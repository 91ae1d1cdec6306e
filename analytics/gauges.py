"""Figures of the night for Prometheus: how the last one went, how old what it wrote is, what waits for the workers."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.text import slugify
from prometheus_client.core import Metric

from analytics.models import Phase, RunStatus
from analytics.services.freshness import freshness
from analytics.services.night_report import last_night
from analytics.services.queues import waiting
from sigmasight.core.observability.exposition import gauge, gauges_by, register


@register("batch")
def batch() -> Iterator[Metric]:
    """The last run over all portfolios, in five statements at most."""
    night = last_night()
    run = night.run
    if run is None:
        yield gauges_by("batch_last_status", "1 for the status of the last night", [({"status": "none"}, 1.0)])
        return
    yield gauges_by(
        "batch_last_status", "1 for the status of the last night",
        [({"status": status.value}, float(run.status == status)) for status in RunStatus],
    )  # fmt: skip
    for name, text, moment in (
        ("started", "When the last night began", run.started_at),
        ("finished", "When the last night ended", run.completed_at),
    ):
        yield gauge(f"batch_last_{name}_timestamp_seconds", text, moment.timestamp() if moment else None)
    yield gauge("batch_last_duration_seconds", "How long the last night took", night.seconds)
    durations = {phase: run.phase_durations.get(f"phase_{phase.value.replace('.', '_')}") for phase in Phase}
    yield gauges_by(
        "batch_last_phase_seconds", "How long each phase of the last night took",
        [({"phase": phase.value}, spent) for phase, spent in durations.items()],
    )  # fmt: skip
    yield gauges_by(
        "batch_last_jobs", "Jobs of the last night (a portfolio's session is one) by how they stand",
        [({"state": "all"}, run.total_jobs), ({"state": "done"}, run.completed_jobs), ({"state": "failed"}, run.failed_jobs)],
    )  # fmt: skip
    if night.books is not None:
        yield gauges_by(
            "batch_last_portfolios", "Active portfolios by whether they reached the last night's session",
            [({"state": "computed"}, night.books.computed), ({"state": "empty"}, night.books.empty),
             ({"state": "behind"}, night.books.behind)],
        )  # fmt: skip
    if night.coverage is not None:
        yield gauge(
            "batch_last_coverage_ratio", "Share of held symbols with a price at the last night's session",
            float(night.coverage.data_coverage_pct) / 100,
        )  # fmt: skip


@register("freshness")
def ages() -> Iterator[Metric]:
    """In two statements that read no price."""
    yield gauges_by(
        "sessions_behind", "Sessions since the newest date; 0 is the last session that can be complete",
        [({"what": slugify(age.name).replace("-", "_")}, age.sessions) for age in freshness().ages],
    )  # fmt: skip


@register("queues", reads_tables=False)
def queued() -> Iterator[Metric]:
    """What the broker holds."""
    lengths, unacknowledged = waiting()
    yield gauges_by(
        "queue_tasks",
        "Tasks that no worker has taken yet",
        [({"queue": name}, count) for name, count in lengths.items()],
    )
    yield gauge("tasks_at_work", "Tasks handed to workers and not finished", unacknowledged)
