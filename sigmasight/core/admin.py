"""What the operations consoles of all apps share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.admin import ModelAdmin

from sigmasight.core.console.roles import Role
from sigmasight.core.console.sections import Section
from sigmasight.core.models import IdempotencyRecord
from sigmasight.core.paginator import EstimatingPaginator

Column = Callable[[Any], str]
UNKNOWN = "-"


def figure(value: Any, pattern: str) -> str:
    """A number for a list, flush right; a dash if it is unknown or NaN."""
    if value is None or math.isnan(value):
        return UNKNOWN
    return format_html('<span class="number">{}</span>', format(value, pattern))


def _column(field: str, show: Column, label: str) -> Column:
    @admin.display(description=label or field.replace("_", " "), ordering=field)
    def column(row: Any) -> str:
        return show(getattr(row, field))

    return column


def money(field: str, label: str = "") -> Column:
    """A column of dollars and cents with thousands set apart."""
    return _column(field, lambda value: figure(value, ",.2f"), label)


def number(field: str, digits: int = 2, label: str = "") -> Column:
    """A column of numbers with so many decimals."""
    return _column(field, lambda value: figure(value, f",.{digits}f"), label)


def percent(field: str, label: str = "") -> Column:
    """A column of fractions shown as percent."""
    return _column(field, lambda value: figure(value, ".2%"), label)


def short_id(field: str, label: str = "") -> Column:
    """The first eight characters of an identifier; the whole one stands on its page."""
    return _column(field, lambda value: UNKNOWN if value is None else str(value)[:8], label)


def long_text(field: str, label: str = "") -> Column:
    """Text cut to what fits into a list; pointing at it shows all of it."""
    return _column(
        field,
        lambda value: format_html('<span class="long" title="{}">{}</span>', value, value) if value else UNKNOWN,
        label,
    )


class TableAdmin(ModelAdmin):
    """A table that staff may write to, by default from the role of operators upward.

    icon : Material symbol in the sidebar.     title : name in the sidebar, else the model's plural.
    section : where it stands, else the section of its app.     off_sidebar : reached from other pages alone.
    writers, readers : the least role that changes rows, and that sees them.
    """

    icon = "table_rows"
    title = ""
    section: Section | None = None
    off_sidebar = False
    readers: Role = Role.VIEWER
    writers: Role = Role.OPERATOR

    paginator = EstimatingPaginator
    show_full_result_count = False
    list_per_page = 50
    list_fullwidth = True
    list_filter_submit = True
    warn_unsaved_form = True


class ComputedAdmin(TableAdmin):
    """Rows that the system computed or recorded: staff look at them and change nothing."""

    writers = Role.NOBODY

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(IdempotencyRecord)
class IdempotencyRecordAdmin(ComputedAdmin):
    icon = "key"
    list_display = ["key", "user_id", "status", "created_at"]
    search_fields = ["key"]
    date_hierarchy = "created_at"
