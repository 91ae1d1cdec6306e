"""Portfolios and what was paid in and out of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateFilter

from portfolios.models import EquityChange, InvestmentClass, Portfolio, Position
from portfolios.services.equity import (
    correct_opening_equity,
    delete_equity_change,
    record_equity_change,
    update_equity_change,
)
from portfolios.services.portfolios import change_portfolio, create_portfolio, delete_portfolio
from sigmasight.core.admin import UNKNOWN, RowsInline, money
from sigmasight.core.served_tables import ServedTable


class LotsInline(RowsInline):
    model = Position
    fields = ["symbol", "position_type", "quantity", "entry_price", "entry_date", "exit_date", "investment_class"]
    verbose_name_plural = "positions"


class EquityChangesInline(RowsInline):
    model = EquityChange
    fields = ["change_date", "change_type", "amount", "notes", "is_system"]


class Holds(admin.SimpleListFilter):
    """Portfolios with an open lot of a class."""

    title = "class held"
    parameter_name = "class"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return InvestmentClass.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Portfolio]) -> QuerySet[Portfolio]:
        if self.value() not in InvestmentClass.values:
            return queryset
        lots = Position.objects.filter(portfolio=OuterRef("pk"), investment_class=self.value())
        return queryset.filter(Exists(lots.filter(exit_date=None, deleted_at=None)))


@admin.register(Portfolio)
class PortfolioAdmin(ServedTable):
    icon = "work"
    list_display = [
        "name",
        "user",
        "account_type",
        money("opening_equity"),
        "equity_as_of",
        "results_as_of",
        "dirty_from",
        "is_active",
        "figures",
    ]
    list_select_related = ["user"]
    search_fields = ["name", "account_name", "user__email"]
    list_filter: Sequence[Any] = [
        ("user", AutocompleteSelectFilter),
        Holds,
        "account_type",
        "is_active",
        ("results_as_of", RangeDateFilter),
    ]
    date_hierarchy = "created_at"
    autocomplete_fields = ["user"]
    entered = ["user", "name", "account_name", "account_type", "currency", "description", "opening_equity", "is_active"]
    corrected = ["name", "account_name", "account_type", "currency", "description", "opening_equity", "is_active"]
    readonly_fields = ["figures"]
    inlines = [LotsInline, EquityChangesInline]

    def enter(self, request: HttpRequest, row: Portfolio, given: dict[str, Any]) -> Portfolio:
        return create_portfolio(given.pop("user"), given.pop("name"), given.pop("account_name"), **given)

    def correct(self, request: HttpRequest, row: Portfolio, given: dict[str, Any]) -> None:
        opening = given.pop("opening_equity", None)
        change_portfolio(row.user, row.pk, **given)  # type: ignore[typeddict-item]
        if opening is not None:
            correct_opening_equity(row.pk, opening)

    def remove(self, request: HttpRequest, row: Portfolio) -> None:
        delete_portfolio(row.user, row.pk)

    @admin.display(description="figures")
    def figures(self, portfolio: Portfolio) -> str:
        """The page of its exposures and results."""
        if portfolio.deleted_at is not None or portfolio._state.adding:
            return UNKNOWN
        # The page is of an app above this one; its address is all that is known here.
        address = reverse("admin:console_portfolios_portfolio_id", args=[portfolio.pk])
        return format_html('<a class="text-primary-600 dark:text-primary-400" href="{}">Portfolio page</a>', address)


@admin.register(EquityChange)
class EquityChangeAdmin(ServedTable):
    icon = "swap_vert"
    list_display = ["portfolio", "change_date", "change_type", money("amount"), "is_system", "created_by", "deleted_at"]
    list_select_related = ["portfolio", "created_by"]
    search_fields = ["portfolio__name", "notes"]
    list_filter = [("portfolio", AutocompleteSelectFilter), "change_type", "is_system"]
    date_hierarchy = "change_date"
    autocomplete_fields = ["portfolio"]
    entered = ["portfolio", "change_type", "amount", "change_date", "notes"]
    corrected = ["amount", "change_date", "notes"]

    def enter(self, request: HttpRequest, row: EquityChange, given: dict[str, Any]) -> EquityChange:
        return record_equity_change(given.pop("portfolio").pk, created_by=request.user, **given)  # type: ignore[arg-type]

    def correct(self, request: HttpRequest, row: EquityChange, given: dict[str, Any]) -> None:
        update_equity_change(row.pk, **given, at_any_time=True)

    def remove(self, request: HttpRequest, row: EquityChange) -> None:
        delete_equity_change(row.pk, at_any_time=True)
