"""For operators: the figures."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from sigmasight.core.observability.guard import for_operators

TEXT = "text/plain; version=0.0.4; charset=utf-8"


@never_cache
@for_operators
def figures(request: HttpRequest) -> HttpResponse:
    # Loaded with the first scrape: most processes are never asked.
    from sigmasight.core.observability.exposition import exposition

    return HttpResponse(exposition(), content_type=TEXT)
