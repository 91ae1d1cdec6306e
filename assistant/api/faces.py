"""Views that run beside the event loop: read, checked and answered in a thread of a pool, so that the web's few threads stay free."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from rest_framework.response import Response
from rest_framework.views import APIView

from assistant.services.threads import in_thread

View = Callable[..., Coroutine[Any, Any, HttpResponseBase]]


def asynchronous(view: type[APIView], *, within: Callable[..., Awaitable[Any]] = in_thread) -> View:
    """The asynchronous face of a view; its paths stand in `STREAMED` of `sigmasight/asgi.py`.

    Parameters
    ----------
    within : runs a function in a thread of a pool. DRF's checks, which are no coroutines, run there too.
    """
    handler = view.as_view()

    def checked(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponseBase = handler(request, **kwargs)
        return response.render() if isinstance(response, Response) else response

    @csrf_exempt
    async def face(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        if not isinstance(request, ASGIRequest):
            # A server without an event loop has its own thread for the request already.
            return await sync_to_async(checked)(request, **kwargs)
        answer: HttpResponseBase = await within(checked, request, **kwargs)
        return answer

    # How the schema and the tables of routes find the class behind a view.
    face.cls = view  # type: ignore[attr-defined]
    face.initkwargs = {}  # type: ignore[attr-defined]
    return face
