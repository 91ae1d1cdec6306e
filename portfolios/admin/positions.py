"""Lots with their trades, valuations and targets."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from portfolios.models import Position, PositionValuation, TargetPrice, Trade
from sigmasight.core.admin import RowsInline, TableAdmin, money, number


class Open(admin.SimpleListFilter):
    """Lots that are held today, or were closed, or deleted."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", "Open"), ("closed", "Closed"), ("deleted", "Deleted")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Position]) -> QuerySet[Position]:
        if self.value() == "open":
            return queryset.filter(exit_date=None, deleted_at=None)
        if self.value() == "closed":
            return queryset.filter(exit_date__isnull=False, deleted_at=None)
        return queryset.filter(deleted_at__isnull=False) if self.value() == "deleted" else queryset


class TradeInline(RowsInline):
    model = Trade
    fields = ["kind", "trade_date", "quantity", "price", "fees", "realized_pnl", "units_as_of"]


@admin.register(Position)
class PositionAdmin(TableAdmin):
    icon = "stacked_bar_chart"
    list_display = [
        "symbol",
        "position_type",
        number("quantity", 4),
        money("entry_price"),
        "entry_date",
        "exit_date",
        money("realized_pnl"),
        "investment_class",
        "portfolio",
    ]
    list_select_related = ["portfolio"]
    search_fields = ["symbol", "portfolio__name", "portfolio__user__email"]
    list_filter = [("portfolio", AutocompleteSelectFilter), "investment_class", "position_type", Open]
    date_hierarchy = "entry_date"
    autocomplete_fields = ["portfolio", "security"]
    readonly_fields = ["created_at", "updated_at"]
    inlines = [TradeInline]


@admin.register(Trade)
class TradeAdmin(TableAdmin):
    icon = "receipt"
    list_display = [
        "position",
        "kind",
        "trade_date",
        number("quantity", 4),
        money("price"),
        money("fees"),
        money("realized_pnl"),
        "units_as_of",
    ]
    list_select_related = ["position"]
    search_fields = ["position__symbol", "position__portfolio__name"]
    list_filter = ["kind", ("position__portfolio", AutocompleteSelectFilter)]
    date_hierarchy = "trade_date"
    autocomplete_fields = ["position", "created_by"]
    readonly_fields = ["created_at", "updated_at"]


@admin.register(PositionValuation)
class PositionValuationAdmin(TableAdmin):
    icon = "price_change"
    list_display = ["position", "date", money("price"), "created_by"]
    list_select_related = ["position", "created_by"]
    search_fields = ["position__symbol", "position__portfolio__name"]
    date_hierarchy = "date"
    autocomplete_fields = ["position", "created_by"]


@admin.register(TargetPrice)
class TargetPriceAdmin(TableAdmin):
    icon = "target"
    list_display = [
        "symbol",
        "position_type",
        "portfolio",
        money("current_price", "price"),
        money("target_price_eoy", "end of year"),
        money("target_price_next_year", "next year"),
        money("downside_target_price", "downside"),
        number("expected_return_eoy", 2, "return, %"),
    ]
    list_select_related = ["portfolio"]
    search_fields = ["symbol", "portfolio__name"]
    list_filter = [("portfolio", AutocompleteSelectFilter), "position_type"]
    date_hierarchy = "created_at"
    autocomplete_fields = ["portfolio", "position", "created_by"]
    readonly_fields = ["contribution_to_portfolio_risk", "position_weight", "created_at", "updated_at"]
