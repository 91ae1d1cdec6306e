"""What holds for every answer of the API, whichever view made it."""

from __future__ import annotations

from collections.abc import Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

WRITES = ("POST", "PUT", "PATCH", "DELETE")


class ApiLimits:
    """Refuses bodies that are too large before they are read, and marks answers as nobody's but the caller's.

    A body without a declared length is refused as well: its size would be known only after it was taken in.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if iscoroutinefunction(self.get_response):
            return self._answer_later(request)  # type: ignore[return-value]
        return self._refuse(request) or self._mark(request, self.get_response(request))

    async def _answer_later(self, request: HttpRequest) -> HttpResponse:
        refused = self._refuse(request)
        return refused or self._mark(request, await self.get_response(request))  # type: ignore[misc]

    @staticmethod
    def _refuse(request: HttpRequest) -> HttpResponse | None:
        if request.method not in WRITES or not request.path.startswith("/api/"):
            return None
        if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
            return JsonResponse({"detail": "Send a Content-Length with the body."}, status=411)
        length = request.headers.get("Content-Length") or "0"
        upload = request.headers.get("Content-Type", "").startswith("multipart/form-data")
        limit = settings.API_MAX_UPLOAD_BYTES if upload else settings.API_MAX_BODY_BYTES
        if not length.isdigit() or int(length) > limit:
            return JsonResponse({"detail": f"The body is larger than {limit // 1024} KiB."}, status=413)
        return None

    @staticmethod
    def _mark(request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if request.path.startswith("/api/v1/"):
            response.headers.setdefault("Cache-Control", "private, no-cache")
        return response
