"""The site of the console."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.sites import UnfoldAdminSite

from sigmasight.core.console import pages, panels, second_step, second_step_views


class ConsoleSite(UnfoldAdminSite):
    """Django's admin with the pages of our own and a dashboard as its index."""

    site_header = "SigmaSight operations"
    site_title = "SigmaSight operations"
    index_title = "Dashboard"
    index_template = "console/dashboard.html"
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        return super().has_permission(request) and not second_step.is_due(request.user)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Whoever gave the password and still owes the second step goes on to it."""
        if request.method == "GET" and super().has_permission(request) and second_step.is_due(request.user):
            return redirect(f"{reverse('admin:second_step', current_app=self.name)}?{request.GET.urlencode()}")
        return super().login(request, extra_context)

    def get_urls(self) -> list[URLPattern]:
        panel = path("panels/<slug:slug>/", self.admin_view(panels.panel_view), name="panel")
        # These guard themselves: who comes here has not yet all that `admin_view` asks for.
        steps = [
            path("second-step/", second_step_views.ask, name="second_step"),
            path("second-step/set-up/", second_step_views.set_up, name="second_step_set_up"),
            path("second-step/codes/", second_step_views.new_codes, name="second_step_codes"),
        ]
        return [*steps, panel, *pages.urls(self.admin_view), *super().get_urls()]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        shown = panels.drawn(request)
        return super().index(request, {"panels": shown, "is_fullwidth": "1", **(extra_context or {})})
