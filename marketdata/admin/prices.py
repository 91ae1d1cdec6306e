"""Prices, corporate actions, marks and option quotes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateFilter
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from marketdata.models import DailyPrice, Dividend, InstrumentMark, OptionQuote, PriceHistory, SecurityType, Split
from marketdata.providers.registry import DEFAULT_ORDER
from marketdata.services.acceptance import accept_prices
from marketdata.services.decisions import STAFF
from marketdata.services.edited_rows import delete_prices, rows_edited
from marketdata.services.overrides import LONGEST_REASON, override_price
from sigmasight.core.admin import ComputedAdmin, TableAdmin, number, short_id
from sigmasight.core.errors import DomainError
from sigmasight.core.filters import one_of
from sigmasight.core.served_tables import ServedForm, ServedTable

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


class EnteredPrice(ServedForm):
    """A price that staff enter, with what is kept of it beside the figure."""

    reason = forms.CharField(
        max_length=LONGEST_REASON,
        widget=UnfoldAdminTextInputWidget,
        help_text="Kept with the price, which stands against whatever a source sends until it is taken back under Data quality.",
    )
    unusual = forms.BooleanField(
        required=False, widget=UnfoldBooleanSwitchWidget, label="Far from its neighbours, and meant"
    )


class EnteredTable(ServedTable):
    """A table of prices as sources sent them: what staff enter here is an override, as under Data quality.

    `day`, `price` : the fields of the session and of what is entered.
    """

    form = EnteredPrice
    day: str
    price: str

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        fields = super().get_fields(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return fields
        return [name for name in fields if name not in EnteredPrice.declared_fields]

    def enter(self, request: HttpRequest, row: Any, given: dict[str, Any]) -> Any:
        security = given["security"]
        if (security.security_type == SecurityType.OPTION) != (self.model is OptionQuote):
            raise DomainError(
                "wrong_table",
                "Of an option contract it is the quote that is entered, of everything else the daily price.",
            )
        self._override(request, row, given)
        return self.model.objects.get(**{"security": security, self.day: given[self.day]})

    def correct(self, request: HttpRequest, row: Any, given: dict[str, Any]) -> None:
        self._override(request, row, given)

    def remove(self, request: HttpRequest, row: Any) -> None:
        delete_prices([row])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        delete_prices(list(queryset))

    def _override(self, request: HttpRequest, row: Any, given: dict[str, Any]) -> None:
        price, unusual = getattr(row, self.price), given.get("unusual", False)
        if price is None:
            raise DomainError("price_missing", "Enter a price, or delete the row.")
        day, by = getattr(row, self.day), request.user.pk
        override_price(row.security_id, day, price, given["reason"], by=by, unusual=unusual)  # type: ignore[arg-type]


@admin.register(DailyPrice)
class DailyPriceAdmin(EnteredTable):
    entered = ["security", "date", "close", *EnteredPrice.declared_fields]
    corrected = ["close", *EnteredPrice.declared_fields]
    day, price = "date", "close"
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
class OptionQuoteAdmin(EnteredTable):
    entered = ["security", "session", "last", *EnteredPrice.declared_fields]
    corrected = ["last", *EnteredPrice.declared_fields]
    day, price = "session", "last"
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
