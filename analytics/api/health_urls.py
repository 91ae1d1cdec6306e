"""Paths of this app below /health."""

from __future__ import annotations

from django.urls import URLPattern

from analytics.api.views import health
from sigmasight.core.api.routes import endpoint

urlpatterns: list[URLPattern] = [
    *endpoint("prerequisites", health.PrerequisitesView, "health-prerequisites"),
    *endpoint("status", health.StatusView, "health-status"),
]
