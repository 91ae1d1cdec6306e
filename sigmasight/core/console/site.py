"""The site of the console."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from unfold.sites import UnfoldAdminSite

from sigmasight.core.console import pages, panels


class ConsoleSite(UnfoldAdminSite):
    """Django's admin with the pages of our own and a dashboard as its index."""

    site_header = "SigmaSight operations"
    site_title = "SigmaSight operations"
    index_title = "Dashboard"
    index_template = "console/dashboard.html"
    enable_nav_sidebar = True

    def get_urls(self) -> list[URLPattern]:
        panel = path("panels/<slug:slug>/", self.admin_view(panels.panel_view), name="panel")
        return [panel, *pages.urls(self.admin_view), *super().get_urls()]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        shown = panels.drawn(request)
        return super().index(request, {"panels": shown, "is_fullwidth": "1", **(extra_context or {})})
