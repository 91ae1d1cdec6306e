"""Every path of the web server. Below /api/v1 the upper floors come first: their fixed paths stand before `{id}` paths."""

from importlib import import_module

from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerView

from sigmasight.core import health
from sigmasight.core.api.publication import SchemaView
from sigmasight.core.api.routes import by_segment, endpoint
from sigmasight.core.observability import views

handler400 = "sigmasight.core.api.errors.bad_request"
handler404 = "sigmasight.core.api.errors.not_found"
handler500 = "sigmasight.core.api.errors.server_error"

API_APPS = ("assistant", "analytics", "tagging", "portfolios", "marketdata")
ROUTES = [pattern for app in API_APPS for pattern in import_module(f"{app}.api.urls").urlpatterns]

urlpatterns = [
    path("", health.RootView.as_view(), name="home"),
    path("admin/", admin.site.urls),
    *endpoint("health", health.HealthView, "health"),
    *endpoint("health/live", health.LiveView, "health-live"),
    *endpoint("health/ready", health.ReadyView, "health-ready"),
    path("health/deep", views.deep_health, name="health-deep"),
    path("health/", include("analytics.api.health_urls")),
    path("metrics", views.figures, name="metrics"),
    path("api/v1/", include(by_segment(ROUTES))),
    *endpoint("api/schema", SchemaView, "schema"),
    *endpoint("docs", SpectacularSwaggerView, "docs", url_name="schema"),
    *endpoint("redoc", SpectacularRedocView, "redoc", url_name="schema"),
    *(endpoint("debug/routes", health.RoutesView, "debug-routes") if settings.DEBUG else ()),
]
