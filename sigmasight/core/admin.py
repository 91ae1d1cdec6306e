"""What the operations consoles of all apps share."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from sigmasight.core.models import IdempotencyRecord


class ComputedAdmin(admin.ModelAdmin):
    """Rows that the system computed or recorded: staff look at them and change nothing."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(IdempotencyRecord)
class IdempotencyRecordAdmin(ComputedAdmin):
    list_display = ["key", "user_id", "status", "created_at"]
    search_fields = ["key"]
    date_hierarchy = "created_at"
