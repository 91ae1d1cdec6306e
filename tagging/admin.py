from __future__ import annotations

from django.contrib import admin

from sigmasight.core.admin import TableAdmin
from tagging.models import PositionTag, Tag


@admin.register(Tag)
class TagAdmin(TableAdmin):
    icon = "label"
    list_display = ["name", "color", "user", "display_order", "is_sector", "is_archived"]
    list_select_related = ["user"]
    search_fields = ["name", "user__email"]
    list_filter = ["is_sector", "is_archived"]
    date_hierarchy = "created_at"
    autocomplete_fields = ["user", "archived_by"]
    readonly_fields = ["created_at", "updated_at"]


@admin.register(PositionTag)
class PositionTagAdmin(TableAdmin):
    icon = "new_label"
    list_display = ["tag", "position", "assigned_by", "created_at"]
    list_select_related = ["tag", "position", "assigned_by"]
    search_fields = ["tag__name", "position__symbol"]
    list_filter = ["tag__is_sector"]
    date_hierarchy = "created_at"
    autocomplete_fields = ["position", "tag", "assigned_by"]
