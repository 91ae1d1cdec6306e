"""Audits that were done: who asked, when, and what was found."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from analytics.models.batch import RunTrigger
from sigmasight.core.models import UUIDModel


class AuditStatus(models.TextChoices):
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"


ACTIVE_AUDITS = (AuditStatus.QUEUED, AuditStatus.RUNNING)


class AuditRun(UUIDModel):
    """One audit with its report as JSON (docs/audits.md). One of a name is active at a time."""

    audit = models.CharField(max_length=32)
    trigger = models.CharField(max_length=16, choices=RunTrigger)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    scope = models.JSONField(default=dict, blank=True, help_text="What it was limited to; empty for everything")
    status = models.CharField(
        max_length=16, choices=AuditStatus, default=AuditStatus.QUEUED, db_default=AuditStatus.QUEUED
    )
    checks = models.PositiveIntegerField(default=0, db_default=0)
    errors = models.PositiveIntegerField(default=0, db_default=0)
    warnings = models.PositiveIntegerField(default=0, db_default=0)
    information = models.PositiveIntegerField(default=0, db_default=0)
    report = models.JSONField(null=True, blank=True)
    error = models.TextField(blank=True, default="", db_default="", help_text="Why it was not done")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    started_at = models.DateTimeField(null=True, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "audit_runs"
        ordering = ["-created_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["audit"], condition=Q(status__in=ACTIVE_AUDITS), name="audit_run_one_active"
            ),
            models.CheckConstraint(condition=Q(status__in=AuditStatus.values), name="audit_run_status_valid"),
            models.CheckConstraint(condition=Q(trigger__in=RunTrigger.values), name="audit_run_trigger_valid"),
        ]
        indexes = [models.Index(fields=["audit", "-created_at"], name="audit_run_newest")]

    def __str__(self) -> str:
        return f"{self.audit} {self.status}"

    @property
    def is_active(self) -> bool:
        return self.status in ACTIVE_AUDITS

    @property
    def seconds(self) -> float | None:
        """How long it took, None before it ended."""
        if self.started_at is None or self.completed_at is None:
            return None
        return (self.completed_at - self.started_at).total_seconds()
