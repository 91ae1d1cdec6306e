from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as AccountAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.http import HttpRequest

from portfolios.models import (
    AdminSession,
    EquityChange,
    Portfolio,
    PortfolioSnapshot,
    Position,
    PositionSnapshot,
    PositionValuation,
    RevokedToken,
    TargetPrice,
    Trade,
    User,
    UserActivityEvent,
)
from sigmasight.core.admin import ComputedAdmin, money, number, percent


class UserCreationForm(AdminUserCreationForm):
    class Meta:
        model = User
        fields = ["email", "full_name"]


class UserEditForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"


@admin.register(User)
class UserAdmin(AccountAdmin):
    form = UserEditForm
    add_form = UserCreationForm
    list_display = ["email", "full_name", "is_active", "is_staff", "is_superuser", "last_login", "created_at"]
    search_fields = ["email", "full_name"]
    list_filter = ["is_active", "is_staff", "is_superuser"]
    date_hierarchy = "created_at"
    ordering = ["email"]
    readonly_fields = ["last_login", "created_at", "updated_at"]
    fieldsets = [
        (None, {"fields": ["email", "full_name", "password"]}),
        ("Rights", {"fields": ["is_active", "is_staff", "is_superuser", "groups", "user_permissions"]}),
        ("Times", {"fields": ["tokens_valid_from", "last_login", "created_at", "updated_at"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "full_name", "usable_password", "password1", "password2"]})]


@admin.register(RevokedToken)
class RevokedTokenAdmin(ComputedAdmin):
    list_display = ["jti", "user", "expires_at"]
    list_select_related = ["user"]
    search_fields = ["user__email"]
    date_hierarchy = "expires_at"


@admin.register(AdminSession)
class AdminSessionAdmin(ComputedAdmin):
    list_display = ["user", "ip_address", "created_at", "expires_at"]
    list_select_related = ["user"]
    search_fields = ["user__email", "ip_address"]
    date_hierarchy = "created_at"


@admin.register(UserActivityEvent)
class UserActivityEventAdmin(ComputedAdmin):
    list_display = ["created_at", "event_type", "user", "error_code", "ip_address"]
    list_select_related = ["user"]
    search_fields = ["user__email", "event_type", "error_code"]
    list_filter = ["event_category", "event_type"]
    date_hierarchy = "created_at"


@admin.register(Portfolio)
class PortfolioAdmin(admin.ModelAdmin):
    list_display = [
        "name",
        "user",
        "account_type",
        money("opening_equity"),
        "equity_as_of",
        "results_as_of",
        "dirty_from",
        "is_active",
    ]
    list_select_related = ["user"]
    search_fields = ["name", "account_name", "user__email"]
    list_filter = ["account_type", "is_active"]
    date_hierarchy = "created_at"
    autocomplete_fields = ["user"]
    readonly_fields = ["results_as_of", "created_at", "updated_at"]


@admin.register(EquityChange)
class EquityChangeAdmin(admin.ModelAdmin):
    list_display = ["portfolio", "change_date", "change_type", money("amount"), "is_system", "created_by", "deleted_at"]
    list_select_related = ["portfolio", "created_by"]
    search_fields = ["portfolio__name", "notes"]
    list_filter = ["change_type", "is_system"]
    date_hierarchy = "change_date"
    autocomplete_fields = ["portfolio", "created_by"]
    readonly_fields = ["created_at", "updated_at"]


class TradeInline(admin.TabularInline):
    model = Trade
    extra = 0
    can_delete = False
    fields = ["kind", "trade_date", "quantity", "price", "fees", "realized_pnl", "units_as_of"]
    readonly_fields = ["kind", "trade_date", "quantity", "price", "fees", "realized_pnl", "units_as_of"]

    def has_add_permission(self, request: HttpRequest, obj: Position | None = None) -> bool:
        return False


@admin.register(Position)
class PositionAdmin(admin.ModelAdmin):
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
    list_filter = ["investment_class", "position_type", "investment_subtype"]
    date_hierarchy = "entry_date"
    autocomplete_fields = ["portfolio", "security"]
    readonly_fields = ["created_at", "updated_at"]
    inlines = [TradeInline]


@admin.register(Trade)
class TradeAdmin(admin.ModelAdmin):
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
    list_filter = ["kind"]
    date_hierarchy = "trade_date"
    autocomplete_fields = ["position", "created_by"]
    readonly_fields = ["created_at", "updated_at"]


@admin.register(PositionValuation)
class PositionValuationAdmin(admin.ModelAdmin):
    list_display = ["position", "date", money("price"), "created_by"]
    list_select_related = ["position", "created_by"]
    search_fields = ["position__symbol", "position__portfolio__name"]
    date_hierarchy = "date"
    autocomplete_fields = ["position", "created_by"]


@admin.register(TargetPrice)
class TargetPriceAdmin(admin.ModelAdmin):
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
    list_filter = ["position_type"]
    date_hierarchy = "created_at"
    autocomplete_fields = ["portfolio", "position", "created_by"]
    readonly_fields = ["contribution_to_portfolio_risk", "position_weight", "created_at", "updated_at"]


@admin.register(PortfolioSnapshot)
class PortfolioSnapshotAdmin(ComputedAdmin):
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
    list_filter = ["nav_quality", "is_complete"]
    date_hierarchy = "snapshot_date"

    @admin.display(description="quality", ordering="nav_quality")
    def quality(self, snapshot: PortfolioSnapshot) -> str:
        return snapshot.nav_quality


@admin.register(PositionSnapshot)
class PositionSnapshotAdmin(ComputedAdmin):
    list_display = ["portfolio", "snapshot_date", "lots"]
    list_select_related = ["portfolio"]
    search_fields = ["portfolio__name"]
    date_hierarchy = "snapshot_date"

    @admin.display(description="lots")
    def lots(self, snapshot: PositionSnapshot) -> int:
        return len(snapshot.position_ids)
