"""Paths of this app below /api/v1; fixed ones stand before those with an id."""

from __future__ import annotations

from django.urls import URLPattern

from portfolios.api.views import (
    admin_auth,
    auth,
    company_profiles,
    equity_changes,
    onboarding,
    onboarding_activity,
    portfolios,
    positions,
    prices,
    target_prices,
)
from sigmasight.core.api.routes import endpoint

urlpatterns: list[URLPattern] = [
    *endpoint("auth/login", auth.LoginView, "login"),
    *endpoint("auth/register", auth.RegisterView, "register"),
    *endpoint("auth/me", auth.MeView, "me"),
    *endpoint("auth/refresh", auth.RefreshView, "refresh"),
    *endpoint("auth/logout", auth.LogoutView, "logout"),
    *endpoint("data/company-profiles", company_profiles.CompanyProfilesView, "company-profiles"),
    *endpoint("portfolios/<str:portfolio_id>/equity-changes", equity_changes.EquityChangesView, "equity-changes"),
    *endpoint(
        "portfolios/<str:portfolio_id>/equity-changes/summary", equity_changes.EquityChangeSummaryView, "equity-summary"
    ),
    *endpoint(
        "portfolios/<str:portfolio_id>/equity-changes/export", equity_changes.EquityChangeExportView, "equity-export"
    ),
    *endpoint(
        "portfolios/<str:portfolio_id>/equity-changes/<str:equity_change_id>",
        equity_changes.EquityChangeView,
        "equity-change",
    ),
    *endpoint("data/prices/historical/<str:portfolio_id>", prices.HistoricalPricesView, "prices-historical"),
    *endpoint("data/portfolios", portfolios.DataPortfoliosView, "data-portfolios"),
    *endpoint("portfolios", portfolios.PortfoliosView, "portfolios"),
    *endpoint("portfolios/<str:portfolio_id>", portfolios.PortfolioView, "portfolio"),
    *endpoint("positions", positions.PositionsView, "positions"),
    *endpoint("positions/bulk", positions.PositionBulkView, "position-bulk"),
    *endpoint("positions/validate-symbol", positions.ValidateSymbolView, "validate-symbol"),
    *endpoint("positions/validate-symbol/<str:symbol>", positions.ValidateSymbolPathView, "validate-symbol-path"),
    *endpoint("positions/<str:position_id>", positions.PositionView, "position"),
    *endpoint("positions/<str:position_id>/hard", positions.UndoPositionView, "undo-position"),
    *endpoint("admin/auth/login", admin_auth.AdminLoginView, "admin-login"),
    *endpoint("admin/auth/logout", admin_auth.AdminLogoutView, "admin-logout"),
    *endpoint("admin/auth/me", admin_auth.AdminMeView, "admin-me"),
    *endpoint("admin/auth/refresh", admin_auth.AdminRefreshView, "admin-refresh"),
    *endpoint("admin/onboarding/funnel", onboarding_activity.FunnelView, "onboarding-funnel"),
    *endpoint("admin/onboarding/errors", onboarding_activity.ErrorsView, "onboarding-errors"),
    *endpoint("admin/onboarding/daily", onboarding_activity.DailyView, "onboarding-daily"),
    *endpoint("admin/onboarding/events", onboarding_activity.EventsView, "onboarding-events"),
    *endpoint("onboarding/register", onboarding.RegisterView, "onboarding-register"),
    *endpoint("onboarding/create-portfolio", onboarding.CreatePortfolioView, "onboarding-create-portfolio"),
    *endpoint("onboarding/csv-template", onboarding.CsvTemplateView, "onboarding-csv-template"),
    *endpoint("target-prices/target/<str:target_price_id>", target_prices.TargetPriceView, "target-price"),
    *endpoint("target-prices/<str:portfolio_id>", target_prices.TargetPricesView, "target-prices"),
    *endpoint("target-prices/<str:portfolio_id>/summary", target_prices.TargetPriceSummaryView, "target-summary"),
    *endpoint("target-prices/<str:portfolio_id>/bulk", target_prices.BulkTargetPricesView, "target-bulk"),
    *endpoint(
        "target-prices/<str:portfolio_id>/bulk-update", target_prices.BulkUpdateTargetPricesView, "target-bulk-update"
    ),
    *endpoint("target-prices/<str:portfolio_id>/import-csv", target_prices.ImportTargetPricesView, "target-import"),
    *endpoint("target-prices/<str:portfolio_id>/export", target_prices.ExportTargetPricesView, "target-export"),
]
