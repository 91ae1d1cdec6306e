"""Paths of this app below /api/v1; fixed ones stand before those with an id."""

from __future__ import annotations

from django.urls import URLPattern

from portfolios.api.views import auth, company_profiles, equity_changes, prices
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
]
