"""Prices, corporate actions, marks and option quotes."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateFilter

from marketdata.models import DailyPrice, Dividend, InstrumentMark, OptionQuote, PriceHistory, Split
from marketdata.providers.registry import DEFAULT_ORDER
from marketdata.services.acceptance import accept_prices
from sigmasight.core.admin import ComputedAdmin, TableAdmin, number, short_id
from sigmasight.core.filters import one_of

PRICE_SOURCES = (*DEFAULT_ORDER, "simulated", "file", "seed")


@admin.register(DailyPrice)
class DailyPriceAdmin(TableAdmin):
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
class SplitAdmin(TableAdmin):
    icon = "call_split"
    list_display = ["security", "ex_date", "ratio", "kind", "source"]
    list_select_related = ["security"]
    search_fields = ["security__symbol"]
    list_filter = ["kind", "source"]
    date_hierarchy = "ex_date"
    autocomplete_fields = ["security"]


@admin.register(Dividend)
class DividendAdmin(TableAdmin):
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
class OptionQuoteAdmin(TableAdmin):
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
