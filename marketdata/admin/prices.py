"""Prices, corporate actions, marks and option quotes."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateFilter

from marketdata.models import DailyPrice, Dividend, InstrumentMark, OptionQuote, PriceHistory, Split
from marketdata.providers.registry import DEFAULT_ORDER
from marketdata.services.acceptance import accept_prices
from marketdata.services.decisions import STAFF
from marketdata.services.edited_rows import rows_edited
from sigmasight.core.admin import ComputedAdmin, TableAdmin, number, short_id
from sigmasight.core.filters import one_of

PRICE_SOURCES = (*DEFAULT_ORDER, "simulated", "file", "seed", STAFF)


class EditedTable(TableAdmin):
    """A table that others are made of: the arrays follow an edit at once, and the next run rolls the holders again."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        before = type(obj).objects.filter(pk=obj.pk).first() if change else None
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            rows_edited([(before, obj)])

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with transaction.atomic():
            super().delete_model(request, obj)
            rows_edited([(obj, None)])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        rows = list(queryset)
        with transaction.atomic():
            super().delete_queryset(request, queryset)
            rows_edited([(row, None) for row in rows])


@admin.register(DailyPrice)
class DailyPriceAdmin(EditedTable):
    icon = "candlestick_chart"
    list_display = [
        "security",
        "date",
        number("open"),
        number("high"),
        number("low"),
        number("close"),
        number("volume", 0),
        "source",
        "quality",
    ]
    list_select_related = ["security"]
    search_fields = ["=security__symbol", "security__name"]
    search_help_text = "symbol, or part of the name"
    list_filter = [
        ("security", AutocompleteSelectFilter),
        ("date", RangeDateFilter),
        "quality",
        one_of("source", PRICE_SOURCES),
    ]
    autocomplete_fields = ["security"]
    readonly_fields = ["created_at", "updated_at"]
    actions = ["accept"]

    @admin.action(description="Accept suspect prices: let them count from their day on", permissions=["change"])
    def accept(self, request: HttpRequest, prices: QuerySet[DailyPrice]) -> None:
        count = accept_prices(list(prices.values_list("pk", flat=True)), by=request.user.pk)  # type: ignore[arg-type]
        self.message_user(request, f"{count} suspect prices accepted; the next run rolls their holders again.")


@admin.register(PriceHistory)
class PriceHistoryAdmin(ComputedAdmin):
    icon = "history"
    list_display = ["security", "version", "first_session", short_id("checksum"), "updated_at"]
    list_select_related = ["security"]
    search_fields = ["security__symbol"]


@admin.register(Split)
class SplitAdmin(EditedTable):
    icon = "call_split"
    list_display = ["security", "ex_date", "ratio", "kind", "source"]
    list_select_related = ["security"]
    search_fields = ["security__symbol"]
    list_filter = ["kind", "source"]
    date_hierarchy = "ex_date"
    autocomplete_fields = ["security"]


@admin.register(Dividend)
class DividendAdmin(EditedTable):
    icon = "payments"
    list_display = ["security", "ex_date", "amount", "kind", "source"]
    list_select_related = ["security"]
    search_fields = ["security__symbol"]
    list_filter = ["kind", "source"]
    date_hierarchy = "ex_date"
    autocomplete_fields = ["security"]


@admin.register(InstrumentMark)
class InstrumentMarkAdmin(ComputedAdmin):
    icon = "price_check"
    list_display = ["security", "session", "price", "price_date", "age_sessions", "quality", "price_source"]
    list_select_related = ["security"]
    search_fields = ["security__symbol"]
    list_filter = [
        ("security", AutocompleteSelectFilter),
        ("session", RangeDateFilter),
        "quality",
        one_of("price_source", PRICE_SOURCES),
    ]


@admin.register(OptionQuote)
class OptionQuoteAdmin(EditedTable):
    icon = "request_quote"
    list_display = [
        "security",
        "session",
        "bid",
        "ask",
        "last",
        "implied_volatility",
        "volume",
        "open_interest",
        "source",
    ]
    list_select_related = ["security"]
    search_fields = ["security__symbol"]
    list_filter = ["source"]
    date_hierarchy = "session"
    autocomplete_fields = ["security"]
