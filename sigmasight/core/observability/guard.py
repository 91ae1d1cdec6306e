"""Who may read figures and the state of the parts: whoever knows METRICS_TOKEN; without one, this machine, and in production nobody."""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare


def for_operators(view: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Decorator: 404 for everybody else."""

    @functools.wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if not permitted(request):
            raise Http404
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        return view(request)

    return guarded


def permitted(request: HttpRequest) -> bool:
    """Whether this caller may."""
    if settings.METRICS_TOKEN:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and constant_time_compare(given.strip(), settings.METRICS_TOKEN)
    # What a proxy on this machine passes on comes from elsewhere.
    passed_on = "X-Forwarded-For" in request.headers or "Forwarded" in request.headers
    return not settings.PRODUCTION and not passed_on and _is_this_machine(request.META.get("REMOTE_ADDR", ""))


def _is_this_machine(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
