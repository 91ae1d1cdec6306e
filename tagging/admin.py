"""Tags and their links; the lists of positions and portfolios learn here to be filtered by tag."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter, TextFilter

from portfolios.admin.books import PortfolioAdmin
from portfolios.admin.positions import PositionAdmin
from sigmasight.core.admin import TableAdmin
from tagging.models import PositionTag, Tag


class _ByTag(TextFilter):  # type: ignore[misc]
    title = "tag"
    parameter_name = "tag"
    lot = "pk"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        name = (self.value() or "").strip()
        if not name:
            return queryset
        links = PositionTag.objects.filter(tag__name__iexact=name, tag__is_archived=False)
        return queryset.filter(Exists(links.filter(**{self.lot: OuterRef("pk")})))


class LotsByTag(_ByTag):
    lot = "position"


class PortfoliosByTag(_ByTag):
    lot = "position__portfolio"


class LinkForm(ModelForm):  # type: ignore[type-arg]
    """A lot carries tags of its owner alone."""

    def clean(self) -> Any:
        given = super().clean() or {}
        tag, lot = given.get("tag"), given.get("position")
        if tag and lot and tag.user_id != lot.portfolio.user_id:
            self.add_error("tag", f"This tag is of {tag.user.email}, the lot is of {lot.portfolio.user.email}.")
        return given


class PositionTagInline(TabularInline):  # type: ignore[misc]
    model = PositionTag
    form = LinkForm
    extra = 0
    autocomplete_fields = ["tag"]
    fields = ["tag", "assigned_by", "created_at"]
    readonly_fields = ["assigned_by", "created_at"]
    verbose_name_plural = "tags"
    hide_title = True


PositionAdmin.list_filter = [*PositionAdmin.list_filter, LotsByTag]
PositionAdmin.inlines = [*PositionAdmin.inlines, PositionTagInline]
PortfolioAdmin.list_filter = [*PortfolioAdmin.list_filter, PortfoliosByTag]


@admin.register(Tag)
class TagAdmin(TableAdmin):
    icon = "label"
    list_display = ["name", "color", "user", "display_order", "is_sector", "is_archived"]
    list_select_related = ["user"]
    search_fields = ["name", "user__email"]
    list_filter = [("user", AutocompleteSelectFilter), "is_sector", "is_archived"]
    date_hierarchy = "created_at"
    autocomplete_fields = ["user", "archived_by"]
    readonly_fields = ["created_at", "updated_at"]


@admin.register(PositionTag)
class PositionTagAdmin(TableAdmin):
    form = LinkForm
    icon = "new_label"
    list_display = ["tag", "position", "assigned_by", "created_at"]
    list_select_related = ["tag", "position", "assigned_by"]
    search_fields = ["tag__name", "position__symbol"]
    list_filter = [("tag", AutocompleteSelectFilter), "tag__is_sector"]
    date_hierarchy = "created_at"
    autocomplete_fields = ["position", "tag", "assigned_by"]
