"""What the operations consoles of all apps share."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import DELETION
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import ValidationError
from django.db import DataError, NotSupportedError, ProgrammingError
from django.db.models import Model, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest
from django.utils.html import format_html
from unfold.admin import ModelAdmin, TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RelatedDropdownFilter

from sigmasight.core.console.roles import Role
from sigmasight.core.console.sections import Section
from sigmasight.core.manual_changes import record
from sigmasight.core.models import Alert, AlertDelivery, AlertMute, AlertRuleState, IdempotencyRecord, ManualChange
from sigmasight.core.paginator import EstimatingPaginator
from sigmasight.core.tables import SECRETS, ExportedTable

log = logging.getLogger(__name__)
Column = Callable[[Any], str]
UNKNOWN = "-"
# Rows of one action that are noted one by one.
MOST_NOTED = 1_000
# Characters of a value that the history tells.
MOST_TOLD = 60
# What Django, Python and PostgreSQL raise when an address filters by what cannot be, such as the year 0.
IMPOSSIBLE = (
    IncorrectLookupParameters,
    DataError,
    ProgrammingError,
    NotSupportedError,
    ArithmeticError,
    LookupError,
    TypeError,
    ValueError,
)


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


def _change_of(form: Any, field: str) -> str:
    """The values before and after, " (55 → 60)"; nothing of passwords and of references to other rows."""
    before, after = form.initial.get(field), form.cleaned_data.get(field)
    if field in SECRETS or isinstance(after, Model | QuerySet) or isinstance(form.fields[field], ModelChoiceField):
        return ""
    was, became = (UNKNOWN if value in (None, "") else str(value)[:MOST_TOLD] for value in (before, after))
    return f" ({was} → {became})"


@contextmanager
def _asked(request: HttpRequest) -> Iterator[None]:
    """Refuse, with 400, an address that asks a list for what cannot be; without a query the fault is ours."""
    try:
        yield
    except IMPOSSIBLE as error:
        if not request.GET:
            raise
        # A filter of our own that is broken would look the same.
        log.warning("%s was asked for what cannot be", request.path, exc_info=error)
        why = str(error).partition("\n")[0][:200]
        raise ValidationError(f"The list has no such filter or page{why and f': {why}'}.") from error


class TableAdmin(ExportedTable, ModelAdmin):  # type: ignore[misc]
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
    # Numbers beside every filter would count the table once for each of them.
    show_facets = admin.ShowFacets.NEVER
    list_per_page = settings.CONSOLE_ROWS
    list_fullwidth = True
    list_filter_submit = True
    warn_unsaved_form = True

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        with _asked(request):
            return super().get_changelist_instance(request)

    def get_export_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        with _asked(request):
            rows = super().get_export_queryset(request)
            # Asked here, because what PostgreSQL refuses shows only then.
            rows.exists()
            return rows

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """Which fields changed, and from what to what: the history is read by viewers, so that it tells no values they may not see."""
        told = super().construct_change_message(request, form, formsets, add)
        if self.readers is not Role.VIEWER:
            return told
        if isinstance(told, list) and told and form.changed_data and told[0].keys() == {"changed"}:
            told[0]["changed"]["fields"] = [
                name + _change_of(form, field)
                for name, field in zip(told[0]["changed"]["fields"], form.changed_data, strict=True)
            ]
        return told

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """An action on selected rows is a manual change like any other."""
        name = request.POST.get("action", "")
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        rows = list(queryset.filter(pk__in=chosen)[:MOST_NOTED]) if name in self.get_actions(request) else []
        answer = super().response_action(request, queryset)
        # Deleting notes itself, once it was confirmed.
        if answer is not None and rows and name != "delete_selected":
            record(request.user, f"Action: {self.get_actions(request)[name][2]}", rows)
        return answer


class ComputedAdmin(TableAdmin):
    """Rows that the system computed or recorded: staff look at them and change nothing."""

    writers = Role.NOBODY

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class RowsInline(TabularInline):  # type: ignore[misc]
    """Rows of another table that belong to this one, to look at: each leads to its own page. `fields` are the columns."""

    extra = 0
    per_page = 15
    can_delete = False
    show_change_link = True
    fields: Sequence[str] = ()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return self.fields

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ManualChange)
class ManualChangeAdmin(ComputedAdmin):
    section = Section.PEOPLE
    icon = "history_edu"
    list_display = ["action_time", "user", "told", "row", "content_type", "kind"]
    list_select_related = ["user", "content_type"]
    list_filter = ["action_flag", ("user", AutocompleteSelectFilter), ("content_type", RelatedDropdownFilter)]
    search_fields = ["object_repr", "object_id", "change_message", "user__email"]
    date_hierarchy = "action_time"
    fields = ["action_time", "user", "kind", "content_type", "object_id", "row", "told"]
    readonly_fields = fields

    @admin.display(description="kind", ordering="action_flag")
    def kind(self, entry: ManualChange) -> str:
        return entry.get_action_flag_display()

    @admin.display(description="row", ordering="object_repr")
    def row(self, entry: ManualChange) -> str:
        address = entry.get_admin_url() if entry.action_flag != DELETION else None
        return (
            format_html('<a href="{}">{}</a>', address, entry.object_repr) if address else entry.object_repr or UNKNOWN
        )

    @admin.display(description="what")
    def told(self, entry: ManualChange) -> str:
        return entry.get_change_message()


@admin.register(IdempotencyRecord)
class IdempotencyRecordAdmin(ComputedAdmin):
    icon = "key"
    list_display = ["key", "user_id", "status", "created_at"]
    # What was answered is its owner's.
    exclude = ["response"]
    search_fields = ["key"]
    date_hierarchy = "created_at"


class _AlertTable(ComputedAdmin):
    """People act on alerts on the page of that name; the tables are for looking back and for export."""

    off_sidebar = True


@admin.register(Alert)
class AlertAdmin(_AlertTable):
    icon = "notifications"
    list_display = [
        "title",
        "subject",
        "severity",
        "status",
        "as_of",
        "first_seen",
        "last_seen",
        "resolved_at",
        "count",
    ]
    list_filter = ["status", "severity"]
    search_fields = ["rule", "subject", "message"]
    date_hierarchy = "first_seen"


@admin.register(AlertDelivery)
class AlertDeliveryAdmin(_AlertTable):
    icon = "outgoing_mail"
    list_display = [
        "alert",
        "channel",
        "kind",
        "severity",
        "created_at",
        "sent_at",
        "attempts",
        "last_error",
        "given_up_at",
    ]
    list_select_related = ["alert"]
    list_filter = ["channel", "kind"]


@admin.register(AlertMute)
class AlertMuteAdmin(_AlertTable):
    icon = "notifications_off"
    list_display = ["rule", "subject", "until", "created_by", "reason"]
    list_select_related = ["created_by"]


@admin.register(AlertRuleState)
class AlertRuleStateAdmin(_AlertTable):
    icon = "rule"
    title = "Rules of alerts"
    list_display = ["rule", "evaluated_at", "seconds", "error"]
