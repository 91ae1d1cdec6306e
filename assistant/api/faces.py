"""Views that run beside the event loop: read, checked and answered in a thread of a pool, so that the web's few threads stay free."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from rest_framework.response import Response
from rest_framework.views import APIView

from assistant.api.streams import AnswerResponse
from assistant.services.threads import in_thread

View = Callable[..., Coroutine[Any, Any, HttpResponseBase]]


def asynchronous(
    view: type[APIView], *, within: Callable[..., Coroutine[Any, Any, Any]] = in_thread, streams: bool = False
) -> View:
    """The asynchronous face of a view; its paths stand in `STREAMED` of `sigmasight/asgi.py`.

    Parameters
    ----------
    within : runs a function in a thread of a pool. DRF's checks, which are no coroutines, run there too.
    streams : whether it may answer with an `AnswerResponse`.
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
        work = within(checked, request, **kwargs)
        return await (_begun(asyncio.ensure_future(work)) if streams else work)

    # How the schema and the tables of routes find the class behind a view.
    face.cls = view  # type: ignore[attr-defined]
    face.initkwargs = {}  # type: ignore[attr-defined]
    return face


async def _begun(work: asyncio.Task[HttpResponseBase]) -> HttpResponseBase:
    """The response. An answer that streams is begun at once; where its reader left before it was there, it is ended."""
    try:
        response = await asyncio.shield(work)
    except asyncio.CancelledError:
        work.add_done_callback(_left)
        raise
    if isinstance(response, AnswerResponse):
        response.answer.begin()
    return response


def _left(work: asyncio.Task[HttpResponseBase]) -> None:
    """What a thread went on to do for a reader who was gone."""
    if not work.cancelled() and work.exception() is None and isinstance(response := work.result(), AnswerResponse):
        response.answer.leave()
