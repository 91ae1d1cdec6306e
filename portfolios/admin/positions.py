"""Lots with their trades, valuations and targets."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import AutocompleteSelectFilter

from portfolios.models import Position, PositionValuation, TargetPrice, Trade
from portfolios.services.corrections import correct_position
from portfolios.services.deletions import delete_position
from portfolios.services.dirty import lock_portfolio
from portfolios.services.inception import begin_with_the_first_lot
from portfolios.services.new_lots import NewLot
from portfolios.services.positions import open_position, record_valuation, remove_valuation
from portfolios.services.target_prices import NewTarget, create_target_price, delete_target_price, update_target_price
from sigmasight.core.admin import ComputedAdmin, RowsInline, money, number
from sigmasight.core.served_tables import ServedTable

# What of a lot the ledger is not made of: written as it is.
BESIDE_THE_LEDGER = ("investment_subtype", "proxy_symbol", "proxy_multiple")


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
class PositionAdmin(ServedTable):
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
    autocomplete_fields = ["portfolio"]
    entered = ["portfolio", "symbol", "investment_class", "investment_subtype", "position_type", "quantity", "entry_price",
               "entry_date", "notes"]  # fmt: skip
    corrected = ["quantity", "entry_price", "position_type", "entry_date", "notes", *BESIDE_THE_LEDGER]
    inlines = [TradeInline]

    def enter(self, request: HttpRequest, row: Position, given: dict[str, Any]) -> Position:
        portfolio = given.pop("portfolio")
        lot = open_position(portfolio.pk, NewLot(**given, id=row.pk), created_by=request.user)  # type: ignore[arg-type]
        begin_with_the_first_lot(lock_portfolio(portfolio.pk))
        return lot

    def correct(self, request: HttpRequest, row: Position, given: dict[str, Any]) -> None:
        beside = {name: given.pop(name) for name in BESIDE_THE_LEDGER if name in given}
        if given:
            correct_position(row.pk, **given)
        if beside:
            Position.objects.filter(pk=row.pk).update(**beside, updated_at=timezone.now())

    def remove(self, request: HttpRequest, row: Position) -> None:
        delete_position(row.pk)


@admin.register(Trade)
class TradeAdmin(ComputedAdmin):
    """What the verbs of lots booked: corrected by correcting the lot."""

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


@admin.register(PositionValuation)
class PositionValuationAdmin(ServedTable):
    icon = "price_change"
    list_display = ["position", "date", money("price"), "created_by"]
    list_select_related = ["position", "created_by"]
    search_fields = ["position__symbol", "position__portfolio__name"]
    date_hierarchy = "date"
    autocomplete_fields = ["position"]
    entered = ["position", "date", "price"]
    corrected = ["price"]

    def enter(self, request: HttpRequest, row: PositionValuation, given: dict[str, Any]) -> PositionValuation:
        return record_valuation(given["position"].pk, given["price"], given["date"], created_by=request.user)  # type: ignore[arg-type]

    def correct(self, request: HttpRequest, row: PositionValuation, given: dict[str, Any]) -> None:
        record_valuation(row.position_id, given["price"], row.date, created_by=request.user)  # type: ignore[arg-type]

    def remove(self, request: HttpRequest, row: PositionValuation) -> None:
        remove_valuation(row)


@admin.register(TargetPrice)
class TargetPriceAdmin(ServedTable):
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
    autocomplete_fields = ["portfolio", "position"]
    corrected = ["target_price_eoy", "target_price_next_year", "downside_target_price", "current_price"]
    entered = ["portfolio", "symbol", "position_type", "position", *corrected]

    def enter(self, request: HttpRequest, row: TargetPrice, given: dict[str, Any]) -> TargetPrice:
        portfolio, lot = given.pop("portfolio"), given.pop("position")
        return create_target_price(portfolio, portfolio.user, NewTarget(**given, position_id=lot and lot.pk))

    def correct(self, request: HttpRequest, row: TargetPrice, given: dict[str, Any]) -> None:
        update_target_price(row.pk, given)

    def remove(self, request: HttpRequest, row: TargetPrice) -> None:
        delete_target_price(row.pk)
