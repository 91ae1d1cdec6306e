"""Paths of this app below /api/v1; fixed ones stand before those with an id."""

from __future__ import annotations

from django.urls import URLPattern

from portfolios.api.views import auth
from sigmasight.core.api.routes import endpoint

urlpatterns: list[URLPattern] = [
    *endpoint("auth/login", auth.LoginView, "login"),
    *endpoint("auth/register", auth.RegisterView, "register"),
    *endpoint("auth/me", auth.MeView, "me"),
    *endpoint("auth/refresh", auth.RefreshView, "refresh"),
    *endpoint("auth/logout", auth.LogoutView, "logout"),
]
