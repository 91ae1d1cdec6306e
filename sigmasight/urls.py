"""Every path of the web server. Below /api/v1 the upper floors come first: their fixed paths stand before `{id}` paths."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularRedocView, SpectacularSwaggerView

from sigmasight.core.health import live, ready

handler400 = "sigmasight.core.api.errors.bad_request"
handler404 = "sigmasight.core.api.errors.not_found"
handler500 = "sigmasight.core.api.errors.server_error"

API_APPS = ("assistant", "analytics", "tagging", "portfolios", "marketdata")

urlpatterns = [
    path("admin/", admin.site.urls),
    path("health/live", live, name="health-live"),
    path("health/ready", ready, name="health-ready"),
    *(path("api/v1/", include(f"{app}.api.urls")) for app in API_APPS),
    path("api/schema", SpectacularAPIView.as_view(), name="schema"),
    path("docs", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("redoc", SpectacularRedocView.as_view(url_name="schema"), name="redoc"),
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
]
