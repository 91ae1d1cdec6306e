"""Liveness and readiness for container probes."""

from __future__ import annotations

from django.db import DatabaseError, connections
from django.http import HttpRequest, JsonResponse


def live(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "healthy"})


def ready(request: HttpRequest) -> JsonResponse:
    """The core database answers; without it nothing can be served. The AI database is not needed for that."""
    try:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "unavailable", "reason": "core database"}, status=503)
    return JsonResponse({"status": "ready"})
