from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from sigmasight.core.health import live, ready

urlpatterns = [
    path("admin/", admin.site.urls),
    path("health/live", live, name="health-live"),
    path("health/ready", ready, name="health-ready"),
    path("", RedirectView.as_view(pattern_name="admin:index"), name="home"),
]
