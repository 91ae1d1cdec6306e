"""The site of the console."""

from __future__ import annotations

import logging
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import SimpleTemplateResponse, TemplateResponse
from django.urls import URLPattern, path, reverse
from redis.exceptions import RedisError
from unfold.sites import UnfoldAdminSite

from sigmasight.core.console import pages, panels, second_step, second_step_views
from sigmasight.core.console.pages import View

log = logging.getLogger(__name__)
NOT_ALLOWED = "Your role does not go that far. Ask an admin if it should."


def _require_text(request: HttpRequest) -> None:
    """Refuse what no database can look for: PostgreSQL keeps no NUL in texts. Forms refuse it themselves."""
    if any("\0" in value for _, values in request.GET.lists() for value in values):
        raise ValidationError("It holds a character that no text has (NUL). Type it again.")


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

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """Refusals, unknown rows and databases that are down are told in the console's own look, with the right status."""

        @wraps(view)
        def told(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                _require_text(request)
                answer = view(request, *args, **kwargs)
                # Lists are read while they are drawn.
                return answer.render() if isinstance(answer, SimpleTemplateResponse) else answer
            except PermissionDenied as refusal:
                return self._trouble(request, 403, "You may not do this", str(refusal) or NOT_ALLOWED)
            except Http404:
                return self._trouble(
                    request, 404, "There is nothing here", "The row or page does not exist, or not any more."
                )
            except ValidationError as error:
                return self._trouble(request, 400, "The address cannot be read", " ".join(error.messages))
            except (OperationalError, RedisError):
                log.exception("%s cannot be shown", request.path)
                return self._trouble(
                    request, 503, "Not reachable", "The server that holds this does not answer. Try again."
                )

        guarded = super().admin_view(told, cacheable)

        @wraps(guarded)
        def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if "HX-Request" in request.headers and not self.has_permission(request):
                return self._log_in_again(request)
            return guarded(request, *args, **kwargs)

        return asked

    def _log_in_again(self, request: HttpRequest) -> HttpResponse:
        """A page that refreshes itself outlived its session: it leads to the login and back, instead of drawing the login into a part."""
        shown = urlsplit(request.headers.get("HX-Current-URL", ""))
        place = f"{shown.path}?{shown.query}" if shown.query else shown.path
        login = reverse("admin:login", current_app=self.name, query={"next": place or reverse("admin:index")})
        return HttpResponse(headers={"HX-Redirect": login, "Cache-Control": "no-store"})

    def _trouble(self, request: HttpRequest, status: int, title: str, message: str) -> HttpResponse:
        context = {**self.each_context(request), "title": title, "message": message}
        return render(request, "console/trouble.html", context, status=status)

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
