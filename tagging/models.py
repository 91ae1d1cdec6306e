"""Tags people and the system put on positions."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from portfolios.models import Position
from sigmasight.core.models import TimestampedModel, UUIDModel

DEFAULT_TAG_COLOR = "#4A90E2"


class Tag(UUIDModel, TimestampedModel):
    """A label of one user, usable in all their portfolios. Sector tags are kept by the nightly run.

    How often a tag is used is counted when asked for, never stored.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tags", db_index=False)
    name = models.CharField(max_length=50)
    color = models.CharField(max_length=7, default=DEFAULT_TAG_COLOR, db_default=DEFAULT_TAG_COLOR)
    description = models.TextField(blank=True, default="", db_default="")
    display_order = models.IntegerField(default=0, db_default=0)
    is_archived = models.BooleanField(default=False, db_default=False)
    archived_at = models.DateTimeField(null=True, blank=True)
    archived_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    is_sector = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "tags"
        ordering = ["display_order", "name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "name"], condition=Q(is_archived=False), name="tag_name_unique"),
            models.CheckConstraint(condition=Q(color__regex=r"^#[0-9A-F]{6}$"), name="tag_color_valid"),
            models.CheckConstraint(condition=~Q(name=""), name="tag_name_given"),
        ]
        indexes = [models.Index(fields=["user"], name="tag_user")]

    def __str__(self) -> str:
        return self.name


class PositionTag(UUIDModel):
    """A tag on a position."""

    position = models.ForeignKey(Position, on_delete=models.CASCADE, related_name="position_tags", db_index=False)
    tag = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name="position_tags")
    assigned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "position_tags"
        ordering = ["position", "created_at", "id"]
        constraints = [models.UniqueConstraint(fields=["position", "tag"], name="position_tag_unique")]

    def __str__(self) -> str:
        return f"{self.position_id}: {self.tag_id}"
