"""How market data is collected: requests, breakers, refusals, corrections."""

from __future__ import annotations

from django.contrib import admin

from marketdata.models import (
    PriceCorrection,
    PriceDecision,
    PriceFamily,
    PriceRejection,
    ProviderRequest,
    ProviderState,
    SymbolCollection,
)
from sigmasight.core.admin import ComputedAdmin, TableAdmin, long_text


@admin.register(SymbolCollection)
class SymbolCollectionAdmin(ComputedAdmin):
    icon = "download"
    list_display = [
        "security",
        "first_session",
        "last_session",
        "last_attempt_at",
        "consecutive_failures",
        "priority",
        long_text("last_error"),
    ]
    list_select_related = ["security"]
    search_fields = ["security__symbol", "last_error"]


@admin.register(ProviderRequest)
class ProviderRequestAdmin(ComputedAdmin):
    icon = "lan"
    list_display = [
        "started_at",
        "provider",
        "operation",
        "symbols_asked",
        "rows",
        "outcome",
        "http_status",
        "latency_ms",
        long_text("error"),
    ]
    search_fields = ["operation", "error"]
    list_filter = ["provider", "outcome"]
    date_hierarchy = "started_at"


@admin.register(ProviderState)
class ProviderStateAdmin(TableAdmin):
    icon = "electric_bolt"
    list_display = ["provider", "breaker", "open_until", "failures", "budget_used", "budget_resets_at"]
    list_filter = ["breaker"]


@admin.register(PriceRejection)
class PriceRejectionAdmin(TableAdmin):
    icon = "block"
    list_display = ["symbol", "date", "provider", "reason", "resolved", "created_at"]
    search_fields = ["symbol", "reason"]
    list_filter = ["resolved", "provider", "reason"]
    date_hierarchy = "date"
    readonly_fields = ["symbol", "date", "provider", "reason", "payload", "created_at", "updated_at"]


@admin.register(PriceCorrection)
class PriceCorrectionAdmin(ComputedAdmin):
    icon = "published_with_changes"
    list_display = ["security", "from_date", "kind", "detected_at", "processed_at"]
    list_select_related = ["security"]
    search_fields = ["security__symbol"]
    list_filter = ["kind"]
    date_hierarchy = "detected_at"


@admin.register(PriceDecision)
class PriceDecisionAdmin(ComputedAdmin):
    icon = "gavel"
    list_display = ["security", "date", "decision", "close", long_text("reason"), "created_at", "withdrawn_at"]
    list_select_related = ["security"]
    search_fields = ["security__symbol", "reason"]
    list_filter = ["decision"]
    date_hierarchy = "date"


@admin.register(PriceFamily)
class PriceFamilyAdmin(ComputedAdmin):
    icon = "family_history"
    list_display = ["family", "directory", "adopted_at"]
