"""Abstract bases every app builds on, the idempotency record of the API plumbing; alerts stand in a folder of their own."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.admin.models import LogEntry
from django.db import models
from django.db.models.functions import Now

from sigmasight.core.alerts.models import Alert, AlertDelivery, AlertMute, AlertRuleState

__all__ = [
    "Alert", "AlertDelivery", "AlertMute", "AlertRuleState", "IdempotencyRecord", "ManualChange", "MonthlyModel",
    "TimestampedModel", "UUIDModel",
]  # fmt: skip


class UUIDModel(models.Model):
    """A row the API names: its key is a random UUID, so that it can be made before it is stored."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    class Meta:
        abstract = True


class TimestampedModel(models.Model):
    """Creation and change instants. The database fills them, so that rows written by COPY carry them too."""

    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), auto_now=True, editable=False)

    class Meta:
        abstract = True


class MonthlyModel(TimestampedModel):
    """A row of a table that PostgreSQL cuts by month of `partitioned_by`; see `sigmasight.core.partitions`.

    To Django `id` is the primary key as ever. In the database it is (id, date): no unique key may lack the date.
    """

    partitioned_by: ClassVar[str]

    class Meta:
        abstract = True

    def save(self, **options: Any) -> None:
        if self._state.adding:
            from sigmasight.core.partitions import ensure

            field = next(field for field in self._meta.concrete_fields if field.name == self.partitioned_by)
            ensure(type(self), [field.to_python(getattr(self, field.attname))], using=options.get("using") or "default")
        super().save(**options)


class IdempotencyRecord(models.Model):
    """The stored answer to a create that carried an `Idempotency-Key`; a retry gets it again. Kept 24 hours."""

    user_id = models.UUIDField()
    key = models.CharField(max_length=255)
    operation_hash = models.CharField(max_length=64, help_text="SHA-256 of method and path")
    request_hash = models.CharField(max_length=64, help_text="SHA-256 of the request body")
    status = models.PositiveSmallIntegerField()
    response = models.JSONField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "idempotency_records"
        constraints = [
            models.UniqueConstraint(fields=["user_id", "key", "operation_hash"], name="idempotency_once"),
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_created")]

    def __str__(self) -> str:
        return f"{self.key} ({self.status})"


class ManualChange(LogEntry):
    """What a person did to a row by hand, under the name it has in the console."""

    class Meta:
        proxy = True
        ordering = ["-action_time"]
        verbose_name = "manual change"
        verbose_name_plural = "manual changes"
