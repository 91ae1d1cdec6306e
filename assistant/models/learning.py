"""What the assistant remembers and what people and staff thought of its answers, in the AI database.

Users, portfolios and messages live in the core database: their ids cross, foreign keys do not.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from sigmasight.core.models import TimestampedModel, UUIDModel


class MemoryScope(models.TextChoices):
    USER = "user", "User"
    PORTFOLIO = "portfolio", "Portfolio"
    GLOBAL = "global", "Everybody"


class Memory(UUIDModel, TimestampedModel):
    """A lasting fact about a user or one of their portfolios, told or learned."""

    user_id = models.UUIDField(null=True, blank=True)
    scope = models.CharField(max_length=20, choices=MemoryScope)
    portfolio_id = models.UUIDField(null=True, blank=True)
    content = models.CharField(max_length=500)
    tags = models.JSONField(default=dict, blank=True)
    source = models.CharField(max_length=32, blank=True, default="", help_text="Empty: written by hand")

    class Meta:
        db_table = "ai_memories"
        verbose_name_plural = "memories"
        ordering = ["-created_at", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(scope__in=MemoryScope.values), name="memory_scope_valid"),
            models.CheckConstraint(
                condition=Q(scope=MemoryScope.GLOBAL) | Q(user_id__isnull=False), name="memory_belongs_to_somebody"
            ),
            models.CheckConstraint(
                condition=~Q(scope=MemoryScope.PORTFOLIO) | Q(portfolio_id__isnull=False),
                name="memory_names_its_portfolio",
            ),
        ]
        indexes = [models.Index(fields=["user_id", "created_at"], name="memory_user")]

    def __str__(self) -> str:
        # Without the text: names of rows stand in the history, which every member of staff may read.
        return f"{self.scope} memory {str(self.pk)[:8]}"


class Rating(models.TextChoices):
    UP = "up", "Up"
    DOWN = "down", "Down"


class Feedback(UUIDModel, TimestampedModel):
    """A user's verdict on one answer. What was learned from it is listed, so that it can be taken back."""

    message_id = models.UUIDField(unique=True)
    user_id = models.UUIDField(db_index=True)
    rating = models.CharField(max_length=10, choices=Rating)
    edited_text = models.TextField(blank=True, default="")
    comment = models.TextField(blank=True, default="")
    learned_ids = models.JSONField(default=list, blank=True, help_text="Documents and memories made from it")

    class Meta:
        db_table = "ai_feedback"
        verbose_name_plural = "feedback"
        ordering = ["-created_at", "id"]
        constraints = [models.CheckConstraint(condition=Q(rating__in=Rating.values), name="feedback_rating_valid")]

    def __str__(self) -> str:
        return f"{self.rating} on {self.message_id}"


class AnnotationType(models.TextChoices):
    CORRECTION = "correction", "Correction"
    IMPROVEMENT = "improvement", "Improvement"
    FLAG = "flag", "Flag"
    APPROVED = "approved", "Approved"


class AnnotationSeverity(models.TextChoices):
    MINOR = "minor", "Minor"
    MODERATE = "moderate", "Moderate"
    CRITICAL = "critical", "Critical"


class AnnotationStatus(models.TextChoices):
    PENDING = "pending", "Pending"
    REVIEWED = "reviewed", "Reviewed"
    APPLIED = "applied", "Applied"


class Annotation(UUIDModel, TimestampedModel):
    """A note of staff on an answer: what was wrong with it and how it should have read."""

    message_id = models.UUIDField(db_index=True)
    admin_user_id = models.UUIDField(db_index=True)
    annotation_type = models.CharField(max_length=50, choices=AnnotationType)
    content = models.TextField()
    suggested_response = models.TextField(blank=True, default="")
    severity = models.CharField(max_length=20, choices=AnnotationSeverity, null=True, blank=True)
    tags = models.JSONField(default=list, blank=True)
    status = models.CharField(
        max_length=20, choices=AnnotationStatus, default=AnnotationStatus.PENDING, db_default=AnnotationStatus.PENDING
    )

    class Meta:
        db_table = "ai_admin_annotations"
        ordering = ["-created_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(annotation_type__in=AnnotationType.values), name="annotation_type_valid"
            ),
            models.CheckConstraint(condition=Q(status__in=AnnotationStatus.values), name="annotation_status_valid"),
            models.CheckConstraint(
                condition=Q(severity=None) | Q(severity__in=AnnotationSeverity.values), name="annotation_severity_valid"
            ),
        ]
        indexes = [models.Index(fields=["status", "annotation_type"], name="annotation_status")]

    def __str__(self) -> str:
        return f"{self.annotation_type} on {self.message_id}"
