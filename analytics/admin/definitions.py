"""What engines compute by: factors and stress scenarios. Staff switch them on and off and word them."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from analytics.models import FactorDefinition, StressScenario
from sigmasight.core.admin import TableAdmin


@admin.register(FactorDefinition)
class FactorDefinitionAdmin(TableAdmin):
    icon = "function"
    list_display = [
        "display_order",
        "name",
        "factor_type",
        "calculation_method",
        "etf_proxy",
        "window_sessions",
        "min_observations",
        "is_active",
    ]
    list_display_links = ["name"]
    search_fields = ["name", "etf_proxy"]
    list_filter = ["factor_type", "calculation_method", "is_active"]
    # Slots of stored arrays: changing one would relabel every result.
    readonly_fields = ["display_order", "created_at", "updated_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(StressScenario)
class StressScenarioAdmin(TableAdmin):
    icon = "thunderstorm"
    list_display = ["slot", "scenario_id", "name", "category", "severity", "active"]
    list_display_links = ["scenario_id"]
    search_fields = ["scenario_id", "name"]
    list_filter = ["category", "severity", "active"]
    readonly_fields = ["slot", "scenario_id", "created_at", "updated_at"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
