"""For operators: the figures, and how every part does."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from sigmasight.core.observability.deep_health import examine, worst
from sigmasight.core.observability.guard import for_operators
from sigmasight.core.setup_checks import Verdict

TEXT = "text/plain; version=0.0.4; charset=utf-8"


@never_cache
@for_operators
def figures(request: HttpRequest) -> HttpResponse:
    # Loaded with the first scrape: most processes are never asked.
    from sigmasight.core.observability.exposition import exposition

    return HttpResponse(exposition(), content_type=TEXT)


@never_cache
@for_operators
def deep_health(request: HttpRequest) -> HttpResponse:
    """503 if a part has failed; a warning is none."""
    found = examine()
    verdict = worst(found)
    body = {
        "status": verdict.value,
        "version": settings.VERSION,
        "at": timezone.now().isoformat(),
        "checks": [
            {
                "name": one.name, "status": one.finding.verdict.value, "milliseconds": one.milliseconds,
                "message": one.finding.message,
            }
            for one in found
        ],
    }  # fmt: skip
    response = JsonResponse(body, status=503 if verdict == Verdict.FAILED else 200)
    # Django would tell of every 503 as an error of this server's.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response
