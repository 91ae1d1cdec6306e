"""Work that blocks (the databases, the tools), done for the event loop in a few threads that keep their database connections."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

from django.conf import settings
from django.db import close_old_connections

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of `work`. What it raises is raised here; cancelling stops waiting, not the work."""
    loop = asyncio.get_running_loop()
    inside = functools.partial(_bounded, work, *args, **kwargs)
    return await loop.run_in_executor(_threads(), copy_context().run, inside)


async def in_patient_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The same for work that itself waits for a model, in threads of its own: neither chats nor reads wait for it."""
    loop = asyncio.get_running_loop()
    inside = functools.partial(_bounded, work, *args, **kwargs)
    return await loop.run_in_executor(_patient_threads(), copy_context().run, inside)


def _bounded(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    close_old_connections()
    try:
        return work(*args, **kwargs)
    finally:
        close_old_connections()


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(settings.CHAT_THREADS, thread_name_prefix="chat")


@functools.cache
def _patient_threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(settings.INSIGHT_THREADS, thread_name_prefix="insights")
