"""The nightly run as rows: what was started, how far it is, what it said, which sessions had prices."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from portfolios.models import Portfolio
from sigmasight.core.models import UUIDModel


class RunKind(models.TextChoices):
    NIGHTLY = "nightly", "Nightly"
    BACKFILL = "backfill", "Backfill"
    PORTFOLIO = "portfolio", "One portfolio"
    FIX = "fix", "Repair"


class RunTrigger(models.TextChoices):
    BEAT = "beat", "Schedule"
    CLI = "cli", "Command line"
    ADMIN = "admin", "Staff"
    OWNER = "owner", "Owner"


class RunStatus(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    COMPLETED = "completed", "Completed"
    PARTIAL = "partial", "Partly completed"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


ACTIVE_STATUSES = (RunStatus.QUEUED, RunStatus.RUNNING)


class BatchRun(UUIDModel):
    """One run of the batch over all portfolios or one, with its progress. One run a scope is active at a time.

    A run whose heartbeat stands still is dead; the next start or the sweeper frees its scope.
    """

    kind = models.CharField(max_length=16, choices=RunKind)
    trigger = models.CharField(max_length=16, choices=RunTrigger)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    scope_portfolio = models.ForeignKey(
        Portfolio, on_delete=models.CASCADE, null=True, blank=True, related_name="batch_runs", help_text="Empty: all"
    )
    params = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=16, choices=RunStatus, default=RunStatus.QUEUED, db_default=RunStatus.QUEUED)
    target_from = models.DateField(null=True, blank=True)
    target_to = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=32, help_text="Where prices come from: simulated, file or live")
    total_jobs = models.PositiveIntegerField(default=0, db_default=0)
    completed_jobs = models.PositiveIntegerField(default=0, db_default=0)
    failed_jobs = models.PositiveIntegerField(default=0, db_default=0)
    current_job = models.CharField(max_length=255, blank=True, default="", db_default="")
    current_portfolio = models.CharField(max_length=255, blank=True, default="", db_default="")
    phase_durations = models.JSONField(default=dict, blank=True)
    error_summary = models.JSONField(null=True, blank=True, help_text="count, types, details")
    cancel_requested = models.BooleanField(default=False, db_default=False)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "batch_run_history"
        ordering = ["-created_at", "id"]
        permissions = [
            ("run_batch", "Can start, cancel and retry runs"),
            ("repair_data", "Can repair data and clear results"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["scope_portfolio"],
                condition=Q(status__in=ACTIVE_STATUSES),
                nulls_distinct=False,
                name="batch_run_one_active_per_scope",
            ),
            models.CheckConstraint(condition=Q(kind__in=RunKind.values), name="batch_run_kind_valid"),
            models.CheckConstraint(condition=Q(trigger__in=RunTrigger.values), name="batch_run_trigger_valid"),
            models.CheckConstraint(condition=Q(status__in=RunStatus.values), name="batch_run_status_valid"),
        ]
        indexes = [
            models.Index(fields=["started_at"], name="batch_run_started"),
            models.Index(fields=["status"], name="batch_run_status"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.status} {self.id}"

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE_STATUSES


class Phase(models.TextChoices):
    MARKET_DATA = "1", "Market data"
    SNAPSHOTS = "2", "P&L and snapshots"
    MARKET_VALUES = "2.5", "Position market values"
    RISK = "3", "Risk analytics"


class StepStatus(models.TextChoices):
    PENDING = "pending", "Pending"
    RUNNING = "running", "Running"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    SKIPPED = "skipped", "Skipped"


class BatchStep(models.Model):
    """One step of a run, or one shard of it: the smallest thing that is started again after a crash."""

    run = models.ForeignKey(BatchRun, on_delete=models.CASCADE, related_name="steps", db_index=False)
    phase = models.CharField(max_length=3, choices=Phase)
    name = models.CharField(max_length=64)
    shard_no = models.PositiveIntegerField(default=0, db_default=0)
    portfolio_from = models.UUIDField(null=True, blank=True)
    portfolio_to = models.UUIDField(null=True, blank=True)
    sessions_from = models.DateField(null=True, blank=True)
    sessions_to = models.DateField(null=True, blank=True)
    status = models.CharField(
        max_length=16, choices=StepStatus, default=StepStatus.PENDING, db_default=StepStatus.PENDING
    )
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    done = models.PositiveIntegerField(default=0, db_default=0)
    total = models.PositiveIntegerField(default=0, db_default=0)
    unit = models.CharField(max_length=32, blank=True, default="", db_default="")
    rows_written = models.PositiveIntegerField(default=0, db_default=0)
    seconds = models.JSONField(default=dict, blank=True, help_text="read, compute, write")
    measured = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        help_text="CPU seconds by part and engine, rows by table, SQL statements",
    )
    error = models.TextField(blank=True, default="", db_default="")
    needs = models.JSONField(
        null=True,
        blank=True,
        help_text="Of a shard on the workers, until it is counted: its portfolios and their sessions; then those that failed",
    )
    settled_at = models.DateTimeField(
        null=True, blank=True, help_text="When a shard was counted, which happens once however often it is done"
    )
    worker = models.CharField(max_length=128, blank=True, default="", db_default="")
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "batch_steps"
        ordering = ["run", "id"]
        constraints = [
            models.UniqueConstraint(fields=["run", "phase", "name", "shard_no"], name="batch_step_unique"),
            models.CheckConstraint(condition=Q(phase__in=Phase.values), name="batch_step_phase_valid"),
            models.CheckConstraint(condition=Q(status__in=StepStatus.values), name="batch_step_status_valid"),
        ]
        indexes = [models.Index(fields=["status"], name="batch_step_status")]

    def __str__(self) -> str:
        return f"{self.phase} {self.name} #{self.shard_no}: {self.status}"

    @property
    def lasted(self) -> float | None:
        """Seconds from begin to end; None before the end."""
        if self.started_at is None or self.completed_at is None:
            return None
        return (self.completed_at - self.started_at).total_seconds()


class LogLevel(models.TextChoices):
    INFO = "info", "Info"
    WARNING = "warning", "Warning"
    ERROR = "error", "Error"


class BatchLogEntry(models.Model):
    """A line of a run's log. Lines about a portfolio are shown to its owner."""

    run = models.ForeignKey(BatchRun, on_delete=models.CASCADE, related_name="log", db_index=False)
    portfolio = models.ForeignKey(Portfolio, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    at = models.DateTimeField(db_default=Now(), editable=False)
    level = models.CharField(max_length=8, choices=LogLevel, default=LogLevel.INFO, db_default=LogLevel.INFO)
    message = models.TextField()

    class Meta:
        db_table = "batch_log_entries"
        verbose_name_plural = "batch log entries"
        ordering = ["run", "id"]
        constraints = [models.CheckConstraint(condition=Q(level__in=LogLevel.values), name="batch_log_level_valid")]
        indexes = [models.Index(fields=["run", "id"], name="batch_log_run")]

    def __str__(self) -> str:
        return self.message


class SessionCoverage(models.Model):
    """How many of the held, priceable symbols had a close at a session. Too few and the session is not marked."""

    session = models.DateField(unique=True)
    symbols_held = models.PositiveIntegerField()
    symbols_priced = models.PositiveIntegerField()
    data_coverage_pct = models.DecimalField(max_digits=5, decimal_places=2)
    missing = models.JSONField(default=list, blank=True, help_text="Symbols without a close")
    marked = models.BooleanField(default=False, db_default=False)
    accepted_by = models.CharField(
        max_length=254, blank=True, default="", db_default="", help_text="Who let it pass below the floor"
    )
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "batch_run_tracking"
        verbose_name_plural = "session coverage"
        ordering = ["-session"]
        constraints = [
            models.CheckConstraint(
                condition=Q(data_coverage_pct__gte=0, data_coverage_pct__lte=100), name="session_coverage_in_percent"
            ),
            models.CheckConstraint(
                condition=Q(symbols_priced__lte=models.F("symbols_held")), name="session_coverage_priced_of_held"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.session}: {self.data_coverage_pct} %"
