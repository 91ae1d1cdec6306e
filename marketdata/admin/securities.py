"""Securities, contracts and what is told of them from outside: benchmark weights, yields."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from marketdata.admin.imports import BenchmarkWeights, SecurityClassification
from marketdata.models import OptionContract, SectorBenchmarkWeight, Security, TreasuryYield
from sigmasight.core.admin import TableAdmin, long_text
from sigmasight.core.tables import ImportedTable


@admin.register(Security)
class SecurityAdmin(ImportedTable, TableAdmin):  # type: ignore[misc]
    import_resource = SecurityClassification
    icon = "sell"
    list_display = ["symbol", long_text("name"), "security_type", "sector", "exchange", "price_status", "is_active"]
    search_fields = ["symbol", "name"]
    list_filter = ["security_type", "price_status", "is_active", "sector"]
    autocomplete_fields = ["renamed_to"]
    readonly_fields = ["created_at", "updated_at"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        """Renamed symbols are merged under Repairs: lots, contracts and prices go by them."""
        return self.readonly_fields if obj is None else [*self.readonly_fields, "symbol", "security_type"]


@admin.register(OptionContract)
class OptionContractAdmin(TableAdmin):
    icon = "contract"
    list_display = ["security", "underlying", "option_type", "strike", "expiration", "multiplier", "exercise_style"]
    list_select_related = ["security", "underlying"]
    search_fields = ["security__symbol", "underlying__symbol"]
    list_filter = ["option_type", "exercise_style"]
    date_hierarchy = "expiration"
    autocomplete_fields = ["security", "underlying"]


@admin.register(SectorBenchmarkWeight)
class SectorBenchmarkWeightAdmin(ImportedTable, TableAdmin):  # type: ignore[misc]
    import_resource = BenchmarkWeights
    icon = "pie_chart"
    list_display = ["benchmark_code", "asof_date", "sector", "weight", "num_constituents", "data_source"]
    search_fields = ["sector"]
    list_filter = ["benchmark_code", "data_source", "sector"]
    date_hierarchy = "asof_date"


@admin.register(TreasuryYield)
class TreasuryYieldAdmin(TableAdmin):
    icon = "account_balance"
    list_display = ["series_id", "date", "percent", "source"]
    list_filter = ["series_id", "source"]
    date_hierarchy = "date"
