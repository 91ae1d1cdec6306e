"""The nightly run and what it counted: read only, the pages of the console start and stop it."""

from __future__ import annotations

from django.contrib import admin

from analytics.models import BatchLogEntry, BatchRun, BatchStep, DailyMetric, SessionCoverage
from sigmasight.core.admin import UNKNOWN, ComputedAdmin, RowsInline, figure, long_text, number, short_id
from sigmasight.core.console.sections import Section


class StepsInline(RowsInline):
    model = BatchStep
    fields = ["phase", "name", "shard_no", "status", "attempts", "done", "total", "rows_written", "error"]


@admin.register(BatchRun)
class BatchRunAdmin(ComputedAdmin):
    section = Section.BATCH
    icon = "play_circle"
    list_display = [
        short_id("id", "run"),
        "started_at",
        "status",
        "kind",
        "trigger",
        "scope",
        "target_from",
        "target_to",
        "source",
        "jobs",
        number("failed_jobs", 0, "failed"),
        "seconds",
    ]
    list_select_related = ["scope_portfolio"]
    search_fields = ["id", "scope_portfolio__name"]
    list_filter = ["status", "kind", "trigger", "source"]
    inlines = [StepsInline]
    date_hierarchy = "created_at"

    @admin.display(description="scope", ordering="scope_portfolio__name")
    def scope(self, run: BatchRun) -> str:
        return run.scope_portfolio.name if run.scope_portfolio else "all"

    @admin.display(description="jobs", ordering="completed_jobs")
    def jobs(self, run: BatchRun) -> str:
        return f"{run.completed_jobs:,} of {run.total_jobs:,}"

    @admin.display(description="seconds")
    def seconds(self, run: BatchRun) -> str:
        if run.started_at is None or run.completed_at is None:
            return UNKNOWN
        return figure((run.completed_at - run.started_at).total_seconds(), ",.1f")


@admin.register(BatchStep)
class BatchStepAdmin(ComputedAdmin):
    section = Section.BATCH
    icon = "checklist"
    list_display = [
        short_id("run_id", "run"),
        "phase",
        "name",
        "shard_no",
        "status",
        "attempts",
        "progress",
        number("rows_written", 0, "rows"),
        "duration",
        long_text("error"),
    ]
    search_fields = ["run__id", "name", "error"]
    list_filter = ["status", "phase", "name"]
    date_hierarchy = "started_at"

    @admin.display(description="progress", ordering="done")
    def progress(self, step: BatchStep) -> str:
        return f"{step.done:,} of {step.total:,} {step.unit}"

    @admin.display(description="seconds")
    def duration(self, step: BatchStep) -> str:
        return figure(sum(step.seconds.values()), ",.1f")


@admin.register(BatchLogEntry)
class BatchLogEntryAdmin(ComputedAdmin):
    section = Section.BATCH
    icon = "article"
    list_display = ["at", "level", long_text("message"), "portfolio", short_id("run_id", "run")]
    list_select_related = ["portfolio"]
    search_fields = ["message", "run__id"]
    list_filter = ["level"]
    date_hierarchy = "at"


@admin.register(SessionCoverage)
class SessionCoverageAdmin(ComputedAdmin):
    section = Section.BATCH
    icon = "fact_check"
    list_display = [
        "session",
        "symbols_priced",
        "symbols_held",
        "data_coverage_pct",
        "marked",
        "accepted_by",
        "completed_at",
    ]
    list_filter = ["marked"]
    date_hierarchy = "session"


@admin.register(DailyMetric)
class DailyMetricAdmin(ComputedAdmin):
    section = Section.BATCH
    icon = "query_stats"
    list_display = ["date", "metric_type", "metric_value", long_text("dimensions")]
    search_fields = ["metric_type"]
    list_filter = ["metric_type"]
    date_hierarchy = "date"
