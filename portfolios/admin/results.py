"""What the nights wrote of portfolios: read only."""

from __future__ import annotations

from django.contrib import admin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateFilter

from portfolios.models import PortfolioSnapshot, PositionSnapshot
from sigmasight.core.admin import ComputedAdmin, money, number, percent
from sigmasight.core.console.sections import Section


@admin.register(PortfolioSnapshot)
class PortfolioSnapshotAdmin(ComputedAdmin):
    icon = "photo_camera"
    section = Section.RESULTS
    list_display = [
        "portfolio",
        "snapshot_date",
        money("net_asset_value", "NAV"),
        money("daily_pnl", "day P&L"),
        percent("daily_return", "return"),
        money("gross_exposure", "gross"),
        money("net_exposure", "net"),
        number("beta_calculated_90d", 2, "beta"),
        percent("expected_volatility_21d", "vol forecast"),
        "quality",
    ]
    list_select_related = ["portfolio"]
    search_fields = ["portfolio__name", "portfolio__user__email"]
    list_filter = [
        ("portfolio", AutocompleteSelectFilter),
        ("snapshot_date", RangeDateFilter),
        "nav_quality",
        "is_complete",
    ]

    @admin.display(description="quality", ordering="nav_quality")
    def quality(self, snapshot: PortfolioSnapshot) -> str:
        return snapshot.nav_quality


@admin.register(PositionSnapshot)
class PositionSnapshotAdmin(ComputedAdmin):
    icon = "grid_on"
    section = Section.RESULTS
    list_display = ["portfolio", "snapshot_date", "lots"]
    list_select_related = ["portfolio"]
    search_fields = ["portfolio__name"]
    list_filter = [("portfolio", AutocompleteSelectFilter), ("snapshot_date", RangeDateFilter)]

    @admin.display(description="lots")
    def lots(self, snapshot: PositionSnapshot) -> int:
        return len(snapshot.position_ids)
